// A chain that takes blocks back, forgets its pool and raises its fees when it is told to: anvil, with few blocks until
// one is final.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestClient, type Hex, http, numberToHex } from 'viem'
import { type Chain, type ConnectChainInit, connectChain, type LocalAccount } from '../src/chain/index.ts'
import type { ReceiptLedger, TransactionJournal } from '../src/receipts/index.ts'
import { openLedger } from '../src/storage/sqlite/index.ts'
import { type TestChain, testChainOn } from './chain.ts'
import { startAnvil } from './second-evm/evms.ts'

export interface UnrulyChain extends TestChain {
  /** Blocks from the newest to the newest final one. */
  readonly finalDepth: number
  connect(account: LocalAccount, init?: Partial<ConnectChainInit>): Promise<Chain>
  /** A ledger file of its own, whose journal is tested. */
  ledger(path?: string): Promise<ReceiptLedger & { path: string }>
  /** Every intent that this ledger's journal was asked to begin. */
  intentsOf(ledger: ReceiptLedger): readonly string[]
  /** Without it each transaction is mined at once. */
  automine(on: boolean): Promise<void>
  mine(blocks?: number): Promise<void>
  /** Replaces the newest blocks by empty ones: their transactions are gone, from every pool too. */
  reorganise(depth: number): Promise<void>
  forgetPool(): Promise<void>
  nextBaseFee(wei: bigint): Promise<void>
  /** Transactions of this account in all blocks up to now. */
  sentBy(account: LocalAccount): Promise<{ hash: Hex; nonce: number; to: string | null; price: bigint }[]>
}

export async function startUnrulyChain(init: { slots?: number } = {}): Promise<UnrulyChain> {
  const slots = init.slots ?? 4
  const folder = mkdtempSync(join(tmpdir(), 'bitcdn-unruly-'))
  const evm = await startAnvil('osaka', ['--slots-in-an-epoch', String(slots)])
  const chain = await testChainOn(evm)
  const client = createTestClient({ mode: 'anvil', transport: http(evm.rpcUrl, { timeout: 60_000 }) })
  const open: ReceiptLedger[] = []
  const intents = new Map<ReceiptLedger, string[]>()
  let files = 0
  const request = (method: string, params: unknown[] = []): Promise<unknown> =>
    client.request({ method, params } as Parameters<typeof client.request>[0])

  return {
    ...chain,
    finalDepth: 2 * slots,
    connect: (account, more = {}) =>
      connectChain({ rpcUrl: evm.rpcUrl, addresses: { registry: evm.contracts.registry }, account, ...more }),
    async ledger(path = join(folder, `${files++}.sqlite`)) {
      const ledger = await openLedger({ path })
      open.push(ledger)
      const begun: string[] = []
      const journal: TransactionJournal = {
        ...ledger.journal,
        begin(intent) {
          begun.push(intent.id)
          return ledger.journal.begin(intent)
        },
      }
      const watched = { ...ledger, journal, path }
      intents.set(watched, begun)
      return watched
    },
    intentsOf: (ledger) => intents.get(ledger) ?? [],
    automine: async (on) => void (await request('evm_setAutomine', [on])),
    mine: async (blocks = 1) => void (await request('anvil_mine', [numberToHex(blocks)])),
    reorganise: async (depth) => void (await request('anvil_reorg', [depth, []])),
    forgetPool: async () => void (await request('anvil_dropAllTransactions')),
    nextBaseFee: async (wei) => void (await request('anvil_setNextBlockBaseFeePerGas', [numberToHex(wei)])),
    async sentBy(account) {
      const reader = await connectChain({ rpcUrl: evm.rpcUrl, addresses: { registry: evm.contracts.registry } })
      const found: { hash: Hex; nonce: number; to: string | null; price: bigint }[] = []
      const newest = await reader.client.getBlockNumber()
      for (let number = 0n; number <= newest; number++) {
        const block = await reader.client.getBlock({ blockNumber: number, includeTransactions: true })
        for (const { from, hash, nonce, to, gasPrice } of block.transactions) {
          if (from.toLowerCase() === account.address.toLowerCase()) {
            found.push({ hash, nonce, to, price: gasPrice ?? 0n })
          }
        }
      }
      return found
    },
    async close() {
      for (const ledger of open) await ledger.close().catch(() => {})
      await chain.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
