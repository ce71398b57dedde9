// Receipts of every sort, good and bad, and what plain TypeScript says of each, in the words that ParityProbe answers.
import { type Hex, keccak256, stringToBytes } from 'viem'
import {
  createSessionKey,
  type Domain,
  nextHead,
  paidBytes,
  receiptSigner,
  type SessionKey,
} from '../../src/receipts/index.ts'
import { createRandom, type Random } from './random.ts'

/** session24 maxBytes6 bytesServed6 r32 vs32 */
export const CASE_BYTES = 100
/** digest32, head24 owed8, signer32 */
export const ANSWER_BYTES = 96

export interface ReceiptCase {
  sort: Sort
  /** 100 bytes. */
  bytes: Uint8Array
}

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const HALF_ORDER = ORDER >> 1n
const UINT48 = 2n ** 48n
const [SERVED, R, S] = [30, 36, 68]

/** What is done to a receipt after it was signed, and how often. */
const SORTS = {
  good: { of: 40, spoil() {} },
  'a bit of the signature flipped': {
    of: 10,
    spoil: (b: Uint8Array, random: Random) => flip(b, random, R, CASE_BYTES),
  },
  'another byte count than signed': { of: 8, spoil: (b: Uint8Array, random: Random) => flip(b, random, SERVED, R) },
  'another session than signed': { of: 4, spoil: (b: Uint8Array, random: Random) => flip(b, random, 0, 24) },
  'wrong v': { of: 6, spoil: (b: Uint8Array) => put(b, S, word(b, S) ^ (1n << 255n)) },
  'the twin with the other s': { of: 6, spoil: (b: Uint8Array) => put(b, S, ORDER - (word(b, S) % 2n ** 255n)) },
  'high s': {
    of: 6,
    // only these high values fit into the 255 bits that EIP-2098 has for s
    spoil: (b: Uint8Array, random: Random) =>
      putS(b, HALF_ORDER + 1n + random.bigBelow(2n ** 255n - HALF_ORDER - 1n), random.below(2)),
  },
  'an s at the edge': {
    of: 6,
    spoil: (b: Uint8Array, random: Random) =>
      putS(
        b,
        random.pick([0n, 1n, 2n, HALF_ORDER - 1n, HALF_ORDER, HALF_ORDER + 1n, 2n ** 255n - 1n]),
        random.below(2),
      ),
  },
  'an r at the edge': {
    of: 4,
    spoil: (b: Uint8Array, random: Random) =>
      put(b, R, random.pick([0n, 1n, 2n, 3n, ORDER - 1n, ORDER, ORDER + 1n, 2n ** 256n - 1n])),
  },
  'no signature': { of: 2, spoil: (b: Uint8Array) => void b.fill(0, R) },
  'random bytes for a signature': {
    of: 6,
    spoil: (b: Uint8Array, random: Random) => b.set(random.bytes(64), R),
  },
  'a line without a receipt': { of: 2, spoil: (b: Uint8Array) => void b.fill(0, SERVED, R) },
} as const
export type Sort = keyof typeof SORTS
const WHEEL: readonly Sort[] = Object.entries(SORTS).flatMap(([sort, { of }]) => Array<Sort>(of).fill(sort as Sort))

/** Made once: a key takes as long as a signature. */
const KEYS: readonly SessionKey[] = Array.from({ length: 256 }, (_, i) =>
  createSessionKey(keccak256(stringToBytes(`parity key ${i}`))),
)

/** The receipt of this number under this seed. */
export function randomReceipt(domain: Domain, seed: string, index: number): ReceiptCase {
  const random = createRandom(`${seed} receipt`, index)
  const bytes = new Uint8Array(CASE_BYTES)
  const session = random.bytes(24)
  const bytesServed = byteCount(random) || 1n
  bytes.set(session)
  bytes.set(be(byteCount(random), 6), 24)
  bytes.set(be(bytesServed, 6), SERVED)
  const digest = domain.receipt({ session: hex(session), bytesServed })
  bytes.set(Buffer.from(random.pick(KEYS).sign(digest).slice(2), 'hex'), R)
  const sort = random.pick(WHEEL)
  SORTS[sort].spoil(bytes, random)
  return { sort, bytes }
}

/** What ParityProbe must answer: 96 bytes as hex digits. */
export function expectedAnswer(domain: Domain, { bytes }: ReceiptCase): string {
  const session = hex(bytes.subarray(0, 24))
  const maxBytes = uint48(bytes, 24)
  const bytesServed = uint48(bytes, SERVED)
  const digest = Buffer.from(domain.receipt({ session, bytesServed })).toString('hex')
  const unused = bytesServed === 0n
  const signer = unused
    ? hex(bytes.subarray(R, R + 20))
    : receiptSigner(domain, { session, bytesServed, signature: hex(bytes.subarray(R)) })
  if (signer === null) return digest + '0'.repeat(128)
  const head = nextHead(session, { sessionKey: signer, maxBytes }).slice(2)
  const owed = paidBytes(bytesServed, maxBytes).toString(16).padStart(16, '0')
  return digest + head + owed + signer.slice(2).toLowerCase().padStart(64, '0')
}

/** Any byte count, often one at an edge. */
function byteCount(random: Random): bigint {
  const kind = random.below(8)
  if (kind === 0) return random.pick([0n, 1n, 2n, 2n ** 47n, UINT48 - 2n, UINT48 - 1n])
  if (kind === 1) return 2n ** BigInt(random.below(48)) - BigInt(random.below(2))
  return random.bigBelow(2n ** BigInt(1 + random.below(48)))
}

function flip(bytes: Uint8Array, random: Random, from: number, to: number): void {
  const at = from + random.below(to - from)
  bytes[at] = (bytes[at] as number) ^ (1 << random.below(8))
}

function putS(bytes: Uint8Array, s: bigint, parity: number): void {
  put(bytes, S, s | (BigInt(parity) << 255n))
}

function put(bytes: Uint8Array, at: number, value: bigint): void {
  bytes.set(be(value % 2n ** 256n, 32), at)
}

function word(bytes: Uint8Array, at: number): bigint {
  return BigInt(hex(bytes.subarray(at, at + 32)))
}

function uint48(bytes: Uint8Array, at: number): bigint {
  return BigInt(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).readUIntBE(at, 6))
}

function be(value: bigint, width: number): Uint8Array {
  return Buffer.from(value.toString(16).padStart(width * 2, '0'), 'hex')
}

function hex(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`
}
