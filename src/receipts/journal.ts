import type { Address, Hex } from 'viem'

/** What a wallet means to do once on a chain, whatever happens to the process meanwhile. */
export interface Intent {
  /** Chosen by the caller: the same id again is the same intent. */
  readonly id: string
  /** For people and for whoever takes the outcome over: `settle`, `withdraw`. */
  readonly purpose: string
  readonly chainId: number
  readonly account: Address
  readonly call: { readonly to: Address; readonly data: Hex; readonly value: bigint }
  /** Wei per gas that is never passed, by no later bid either; null without one. */
  readonly maxFeePerGas: bigint | null
}

/** One bid for an intent. All live bids of an intent have the same nonce, so that the chain takes at most one. */
export interface SignedTransaction {
  readonly hash: Hex
  readonly raw: Hex
  readonly nonce: number
  readonly gas: bigint
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
}

export interface JournalEntry extends Intent {
  /** `done`: final on the chain. `failed`: final and reverted. `dropped`: nothing was ever signed. */
  readonly state: 'open' | 'done' | 'failed' | 'dropped'
  /** Oldest first, with their age in milliseconds, which has no end where the clock was set back since. A lost one's nonce was finally used by somebody else. */
  readonly signed: readonly (SignedTransaction & { readonly lost: boolean; readonly age: number })[]
}

/**
 * What a wallet signed, kept before it leaves. Every method that changes something resolves only when the change would
 * survive a power cut. Declared here, implemented in `storage`, in the database of the ledger.
 */
export interface TransactionJournal {
  /** Remembers an intent. One with this id that is known already stays as it is. */
  begin(intent: Intent): Promise<JournalEntry>
  entry(id: string): Promise<JournalEntry | null>
  /** The entries that have not ended, in the order of their nonces; those without one last. */
  open(wallet: { chainId: number; account?: Address | undefined }): Promise<readonly JournalEntry[]>
  /**
   * Keeps a bid; it may leave afterwards. Throws `refused` when the entry has ended, has live bids under another nonce, or
   * when another open entry of the account holds this nonce.
   */
  sign(id: string, transaction: SignedTransaction): Promise<void>
  /** Somebody else used the nonce for good: the bids are lost, and the intent may be signed under another nonce. */
  lose(id: string): Promise<void>
  /** A dropped entry must have no live bid: throws `refused` when it has. */
  end(id: string, state: Exclude<JournalEntry['state'], 'open'>): Promise<void>
  /** Runs `work` while no other process of this machine sends with the wallet. Throws `refused` after a long wait. */
  exclusively<T>(
    wallet: { chainId: number; account: Address },
    work: () => Promise<T>,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<T>
}
