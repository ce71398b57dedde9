// The argument of BandwidthSettlement.settle: groups of raw receipts and vouchers, packed. One group moves one lane's
// head; the seeder is the call's other argument and stands nowhere in the batch.
import { type Address, getAddress, type Hex } from 'viem'
import { readUint, toHex, writeHex, writeUint } from './bytes.ts'
import { malformed } from './errors.ts'
import type { CompactSignature, Head, Lane } from './types.ts'

const KIND = { raw: 1, voucher: 2, delegateRaw: 3, delegateVoucher: 4 } as const
const LEAST = 0x80
const RECEIPT_LINE = 76
const UNUSED_LINE = 32
const MAX_LINES = 0xffff

interface GroupOf extends Omit<Lane, 'seeder'> {
  /** The delegate that signed, or null where the sponsor itself did. */
  readonly delegate: Address | null
  readonly signature: CompactSignature
  /** Take part of the money if at least this much is there, and forfeit the rest. Null: all or nothing. */
  readonly least: bigint | null
}

/** A line with the newest receipt on it, or with the session key where there is none. */
export type BatchLine =
  | { readonly maxBytes: bigint; readonly bytesServed: bigint; readonly signature: CompactSignature }
  | { readonly maxBytes: bigint; readonly sessionKey: Address }

export interface RawGroup extends GroupOf {
  readonly kind: 'raw'
  readonly expiry: bigint
  /** From the lane's head on the chain to exactly the signed head. */
  readonly lines: readonly BatchLine[]
}

export interface VoucherGroup extends GroupOf {
  readonly kind: 'voucher'
  readonly to: Head
  readonly amount: bigint
}

export type BatchGroup = RawGroup | VoucherGroup

/** Throws `protocol` when a value does not fit its field; a receipt over no bytes is one. */
export function encodeBatch(groups: readonly BatchGroup[]): Hex {
  return `0x${groups.map((group) => toHex(encodeGroup(group)).slice(2)).join('')}`
}

/** Bytes of calldata that a group takes. */
export function groupLength(group: BatchGroup): number {
  const head = 37 + (group.least === null ? 0 : 16) + (group.delegate === null ? 0 : 20) + 64
  if (group.kind === 'voucher') return head + 40
  return group.lines.reduce((sum, line) => sum + ('signature' in line ? RECEIPT_LINE : UNUSED_LINE), head + 7)
}

/** Throws `protocol` where the contract would revert: an unknown kind, or bytes that do not end with a group. */
export function decodeBatch(batch: Hex): BatchGroup[] {
  const bytes = new Uint8Array((batch.length - 2) / 2)
  writeHex(bytes, 0, bytes.length, batch, 'The batch')
  const groups: BatchGroup[] = []
  const reader = { bytes, at: 0 }
  while (reader.at < bytes.length) groups.push(decodeGroup(reader))
  return groups
}

function encodeGroup(group: BatchGroup): Uint8Array {
  const bytes = new Uint8Array(groupLength(group))
  let at = 0
  const uint = (width: number, value: bigint, what: string) => {
    writeUint(bytes, at, width, value, what)
    at += width
  }
  const fixed = (width: number, value: Hex, what: string) => {
    writeHex(bytes, at, width, value, what)
    at += width
  }

  uint(1, BigInt(kindOf(group) | (group.least === null ? 0 : LEAST)), 'The kind')
  fixed(20, group.sponsor, 'The sponsor')
  uint(8, group.lane, 'The lane')
  uint(8, group.pricePerGiB, 'The price per GiB')
  if (group.least !== null) uint(16, group.least, 'The least amount')
  if (group.kind === 'voucher') {
    fixed(24, group.to, 'The head that the voucher ends at')
    uint(16, group.amount, 'The amount')
  } else {
    if (group.lines.length > MAX_LINES) throw malformed('The number of lines', group.lines.length, `≤ ${MAX_LINES}`)
    uint(5, group.expiry, 'The expiry')
    uint(2, BigInt(group.lines.length), 'The number of lines')
  }
  if (group.delegate !== null) fixed(20, group.delegate, 'The delegate')
  fixed(64, group.signature, 'The signature')
  if (group.kind === 'voucher') return bytes

  for (const line of group.lines) {
    uint(6, line.maxBytes, 'The most bytes of a line')
    if ('signature' in line) {
      if (line.bytesServed === 0n) throw malformed('The bytes of a receipt', 0, 'more than none')
      uint(6, line.bytesServed, 'The bytes served')
      fixed(64, line.signature, 'The signature of a receipt')
    } else {
      uint(6, 0n, 'No bytes')
      fixed(20, line.sessionKey, 'The session key')
    }
  }
  return bytes
}

function kindOf(group: BatchGroup): number {
  if (group.kind === 'raw') return group.delegate === null ? KIND.raw : KIND.delegateRaw
  return group.delegate === null ? KIND.voucher : KIND.delegateVoucher
}

interface Reader {
  readonly bytes: Uint8Array
  at: number
}

function decodeGroup(reader: Reader): BatchGroup {
  const flags = Number(takeUint(reader, 1))
  const kind = flags & ~LEAST
  if (kind < KIND.raw || kind > KIND.delegateVoucher) throw malformed('The kind of a group', flags, '1 to 4')
  const sponsor = takeAddress(reader)
  const lane = takeUint(reader, 8)
  const pricePerGiB = takeUint(reader, 8)
  const least = (flags & LEAST) === 0 ? null : takeUint(reader, 16)
  const delegated = kind === KIND.delegateRaw || kind === KIND.delegateVoucher
  const about = { sponsor, lane, pricePerGiB, least }

  if (kind === KIND.voucher || kind === KIND.delegateVoucher) {
    const to = take(reader, 24)
    const amount = takeUint(reader, 16)
    const delegate = delegated ? takeAddress(reader) : null
    return { kind: 'voucher', ...about, to, amount, delegate, signature: take(reader, 64) }
  }
  const expiry = takeUint(reader, 5)
  const count = Number(takeUint(reader, 2))
  const delegate = delegated ? takeAddress(reader) : null
  const signature = take(reader, 64)
  const lines = Array.from({ length: count }, () => decodeLine(reader))
  return { kind: 'raw', ...about, expiry, delegate, signature, lines }
}

function decodeLine(reader: Reader): BatchLine {
  const maxBytes = takeUint(reader, 6)
  const bytesServed = takeUint(reader, 6)
  if (bytesServed === 0n) return { maxBytes, sessionKey: takeAddress(reader) }
  return { maxBytes, bytesServed, signature: take(reader, 64) }
}

function take(reader: Reader, width: number): Hex {
  const end = reader.at + width
  if (end > reader.bytes.length)
    throw malformed('The length of the batch', reader.bytes.length, `at least ${end} bytes`)
  const hex = toHex(reader.bytes, reader.at, end)
  reader.at = end
  return hex
}

function takeUint(reader: Reader, width: number): bigint {
  const start = reader.at
  take(reader, width)
  return readUint(reader.bytes, start, width)
}

function takeAddress(reader: Reader): Address {
  return getAddress(take(reader, 20))
}
