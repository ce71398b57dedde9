// Takedown lists: what somebody whom an operator trusts asks it not to serve, signed as EIP-712 data, so that it may come
// over any wire and lie on any server.
import { type Address, getAddress, type Hex, isAddress, recoverTypedDataAddress } from 'viem'
import type { LocalAccount } from '../chain/index.ts'
import { BitCdnError } from '../errors.ts'

export interface TakedownList {
  /** Each list replaces those with a lower one. */
  readonly sequence: number
  /** Unix seconds, by block time, after which it is not taken any more. */
  readonly expiry: number
  /** As in a denylist, one entry each. */
  readonly deny: readonly string[]
}

export interface SignedTakedownList extends TakedownList {
  readonly signer: Address
  /** 65 bytes. */
  readonly signature: Hex
}

/** No chain is named: a list is about contents, wherever they are sold. */
const DOMAIN = { name: 'BitCDN takedown list', version: '1' } as const
const TYPES = {
  TakedownList: [
    { name: 'sequence', type: 'uint64' },
    { name: 'expiry', type: 'uint64' },
    { name: 'deny', type: 'string[]' },
  ],
} as const

const statement = ({ sequence, expiry, deny }: TakedownList) => ({
  ...{ domain: DOMAIN, types: TYPES, primaryType: 'TakedownList' as const },
  message: { sequence: BigInt(sequence), expiry: BigInt(expiry), deny: [...deny] },
})

export async function signTakedowns(account: LocalAccount, list: TakedownList): Promise<SignedTakedownList> {
  const { sequence, expiry, deny } = list
  return { sequence, expiry, deny, signer: account.address, signature: await account.signTypedData(statement(list)) }
}

/** Reads a list, not yet its signature. Throws `file-invalid`; `where` says of what. */
export function parseTakedowns(text: string, where: string): SignedTakedownList {
  let value: Partial<Record<keyof SignedTakedownList, unknown>>
  try {
    value = JSON.parse(text) as typeof value
  } catch (cause) {
    throw invalid(where, `it is not JSON (${(cause as Error).message})`)
  }
  const { sequence, expiry, deny, signer, signature } = value ?? {}
  if (!isCount(sequence)) throw invalid(where, 'its "sequence" is no whole number')
  if (!isCount(expiry)) throw invalid(where, 'its "expiry" is no Unix time in seconds')
  if (!Array.isArray(deny) || !deny.every((entry) => typeof entry === 'string'))
    throw invalid(where, 'its "deny" is no list of strings')
  if (typeof signer !== 'string' || !isAddress(signer, { strict: false }))
    throw invalid(where, 'its "signer" is no address')
  if (typeof signature !== 'string' || !/^0x[0-9a-fA-F]{130}$/.test(signature))
    throw invalid(where, 'its "signature" is not 65 bytes in hex')
  return { sequence, expiry, deny: deny as string[], signer: getAddress(signer), signature: signature as Hex }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

function invalid(where: string, fault: string): BitCdnError {
  return new BitCdnError('file-invalid', `${where} is no takedown list: ${fault}.`, {
    advice: 'Make one with: bitcdn takedown sign FILE -o takedowns.json',
  })
}

/**
 * Whether a list is to replace the one that is held of its signer. Throws `verification-failed` for a signer that is not trusted,
 * a signature that is not its own, a list that is older than the one that is held or another of the same sequence, and one that has
 * expired.
 */
export async function checkTakedowns(
  list: SignedTakedownList,
  { where, trusted, held, now }: { where: string; trusted: readonly Address[]; held: TakedownList | null; now: number },
): Promise<void> {
  const { signer, sequence, expiry } = list
  if (!trusted.includes(signer)) {
    throw refused(`${where} is signed by ${signer}, whom nobody trusts here.`, {
      advice: `Trusted are: ${trusted.join(', ')}. If you trust it, add it to --takedown-signer.`,
    })
  }
  if ((await signerOf(list)) !== signer) {
    throw refused(`The signature of ${where} is not one of ${signer} over this list.`, {
      advice: 'Fetch it again; where it stays so, ask its signer. It may have been changed on its way.',
    })
  }
  if (held !== null && sequence < held.sequence) {
    throw refused(`${where} is older than what is held: sequence ${sequence}, and ${held.sequence} is held.`, {
      advice: 'Somebody offers an old list again. What is held goes on counting; ask the signer for the newest.',
    })
  }
  if (held !== null && sequence === held.sequence && !same(list, held)) {
    throw refused(`${where} is another list of the sequence ${sequence} than the one that is held.`, {
      advice: 'The signer must give each list a higher sequence.',
    })
  }
  if (expiry <= now && (held === null || sequence > held.sequence)) {
    throw refused(`${where} expired at ${new Date(expiry * 1000).toISOString()}.`, {
      advice: 'Ask its signer for a newer one.',
    })
  }
}

const same = (one: TakedownList, other: TakedownList): boolean =>
  one.expiry === other.expiry && JSON.stringify(one.deny) === JSON.stringify(other.deny)

const refused = (message: string, details: { advice: string }): BitCdnError =>
  new BitCdnError('verification-failed', message, details)

async function signerOf(list: SignedTakedownList): Promise<Address | null> {
  try {
    return await recoverTypedDataAddress({ ...statement(list), signature: list.signature })
  } catch {
    return null // the bytes are no signature
  }
}
