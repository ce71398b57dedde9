// Statements of `receipts` to wire messages and back. What comes in is checked for its form here and nowhere else.
import { type Address, bytesToHex, getAddress, type Hex, hexToBytes } from 'viem'
import type {
  AuthorizedSession,
  CompactSignature,
  Head,
  LogLine,
  SignedReceipt,
  SignedTerms,
  SignedTicket,
} from '../receipts/index.ts'
import { ProtocolError } from './errors.ts'
import type * as wire from './generated/wire.js'

const ADDRESS_BYTES = 20
const HEAD_BYTES = 24
const HASH_BYTES = 32
const SIGNATURE_BYTES = 64
const MAX_UINT40 = 2n ** 40n
const MAX_UINT48 = 2n ** 48n

/** What a session says of itself on the wire, beyond what `receipts` knows: the highest receipt and the key's proof. */
export interface PresentedSession {
  readonly session: AuthorizedSession
  readonly receipt: SignedReceipt | null
  readonly proof: CompactSignature
}

export function encodeTerms(terms: SignedTerms | null, nonce: Uint8Array, freeCapacity: number): wire.Terms {
  const none = new Uint8Array()
  if (terms === null) {
    return {
      ...{ seeder: none, chainId: 0n, settlement: none, lanes: [], pricePerGiB: 0n, sequence: 0n, expiry: 0n },
      ...{ signer: none, signature: none, nonce: own(nonce), freeCapacity },
    }
  }
  return {
    seeder: bytesOf(terms.seeder),
    chainId: terms.chainId,
    settlement: bytesOf(terms.settlement),
    lanes: [...terms.lanes],
    pricePerGiB: terms.pricePerGiB,
    sequence: terms.sequence,
    expiry: terms.expiry,
    signer: bytesOf(terms.signer),
    signature: bytesOf(terms.signature),
    nonce: own(nonce),
    freeCapacity,
  }
}

/** Null from a seeder that serves free content only. `peerId` is whom the stream leads to: terms of others do not count. */
export function decodeTerms(message: wire.Terms, peerId: Hex): SignedTerms | null {
  if (message.seeder.length === 0) return null
  return {
    seeder: addressOf(message.seeder, 'The payout address'),
    peerId,
    chainId: message.chainId,
    settlement: addressOf(message.settlement, 'The settlement contract'),
    lanes: message.lanes,
    pricePerGiB: message.pricePerGiB,
    sequence: message.sequence,
    expiry: below(message.expiry, MAX_UINT40, 'The expiry of the terms'),
    signer: addressOf(message.signer, 'The signer of the terms'),
    signature: hexOf(message.signature, SIGNATURE_BYTES, 'The signature of the terms'),
  }
}

export function encodeSession(presented: PresentedSession): wire.Session {
  const { session, receipt, proof } = presented
  const { lane, line, signed, ticket } = session
  return {
    sponsor: bytesOf(lane.sponsor),
    lane: lane.lane,
    pricePerGiB: lane.pricePerGiB,
    index: BigInt(session.index),
    session: bytesOf(session.session),
    sessionKey: bytesOf(line.sessionKey),
    maxBytes: line.maxBytes,
    expiry: signed.expiry,
    head: bytesOf(signed.head),
    signer: bytesOf(signed.signer),
    signature: bytesOf(signed.signature),
    from: bytesOf(session.from),
    lines: session.lines.map(encodeLine),
    ...(ticket === null ? {} : { ticket: encodeTicket(ticket) }),
    ...(receipt === null ? {} : { receipt: encodeReceipt(receipt) }),
    proof: bytesOf(proof),
  }
}

/** @param seeder - our own payout address: a session is always one with us */
export function decodeSession(message: wire.Session, seeder: Address): PresentedSession {
  const session = hexOf(message.session, HEAD_BYTES, 'The session') as Head
  return {
    session: {
      lane: {
        sponsor: addressOf(message.sponsor, 'The sponsor'),
        seeder,
        lane: message.lane,
        pricePerGiB: message.pricePerGiB,
      },
      index: Number(below(message.index, MAX_UINT48, 'The index of the line')),
      session,
      line: decodeLine(message),
      from: hexOf(message.from, HEAD_BYTES, 'The head before the lines') as Head,
      lines: message.lines.map(decodeLine),
      signed: {
        head: hexOf(message.head, HEAD_BYTES, 'The signed head') as Head,
        expiry: below(message.expiry, MAX_UINT40, 'The expiry of the head'),
        signer: addressOf(message.signer, 'The signer of the head'),
        signature: hexOf(message.signature, SIGNATURE_BYTES, 'The signature of the head'),
      },
      ticket: message.ticket === undefined ? null : decodeTicket(message.ticket, session),
    },
    receipt: message.receipt === undefined ? null : decodeReceipt(message.receipt, session),
    proof: hexOf(message.proof, SIGNATURE_BYTES, 'The proof of the session key'),
  }
}

export function encodeReceipt(receipt: Omit<SignedReceipt, 'session'>): wire.Receipt {
  return { bytesServed: receipt.bytesServed, signature: bytesOf(receipt.signature) }
}

export function decodeReceipt(message: wire.Receipt, session: Head): SignedReceipt {
  return {
    session,
    bytesServed: below(message.bytesServed, MAX_UINT48, 'The bytes of the receipt'),
    signature: hexOf(message.signature, SIGNATURE_BYTES, 'The signature of the receipt'),
  }
}

function encodeLine(line: LogLine): wire.Line {
  return { sessionKey: bytesOf(line.sessionKey), maxBytes: line.maxBytes }
}

function decodeLine(message: { sessionKey: Uint8Array; maxBytes: bigint }): LogLine {
  return {
    sessionKey: addressOf(message.sessionKey, 'The session key'),
    maxBytes: below(message.maxBytes, MAX_UINT48, 'The most bytes of a line'),
  }
}

function encodeTicket(ticket: SignedTicket): wire.Ticket {
  return {
    contentId: bytesOf(ticket.contentId),
    holder: bytesOf(ticket.holder),
    notAfter: ticket.notAfter,
    signer: bytesOf(ticket.signer),
    signature: bytesOf(ticket.signature),
  }
}

function decodeTicket(message: wire.Ticket, session: Head): SignedTicket {
  return {
    session,
    contentId: hexOf(message.contentId, HASH_BYTES, "The ticket's content id"),
    holder: addressOf(message.holder, "The ticket's holder"),
    notAfter: below(message.notAfter, MAX_UINT40, 'The end of the ticket'),
    signer: addressOf(message.signer, 'The signer of the ticket'),
    signature: hexOf(message.signature, SIGNATURE_BYTES, 'The signature of the ticket'),
  }
}

/** 64 lower-case hex digits. */
export function decodeContentId(bytes: Uint8Array): string {
  return hexOf(bytes, HASH_BYTES, 'The content id').slice(2)
}

export function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return own(hexToBytes(hex.startsWith('0x') ? (hex as Hex) : `0x${hex}`))
}

function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>
}

function hexOf(bytes: Uint8Array, length: number, what: string): Hex {
  if (bytes.length !== length) throw new ProtocolError(`${what} has ${bytes.length} bytes instead of ${length}.`)
  return bytesToHex(bytes)
}

function addressOf(bytes: Uint8Array, what: string): Address {
  return getAddress(hexOf(bytes, ADDRESS_BYTES, what))
}

function below(value: bigint, limit: bigint, what: string): bigint {
  if (value >= limit) throw new ProtocolError(`${what} is ${value}, which is not below ${limit}.`)
  return value
}
