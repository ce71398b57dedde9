// Digests of everything that is signed, for one chain and one contract. The type and domain hashes are computed once,
// and the fields are written into one buffer each: a receipt costs two Keccak blocks.
import { type Address, type Hex, stringToBytes } from 'viem'
import { fromHex, toHex, writeHex, writeUint } from './bytes.ts'
import { keccak256 } from './keccak.ts'
import { DOMAIN_NAME, DOMAIN_VERSION, encodeType, type SignedType } from './typed-data.ts'
import type { Head, Lane, Receipt, SeederTerms, SessionTicket, Voucher } from './types.ts'

/** 32 bytes to be signed. */
export type Digest = Uint8Array

/** "The session key's owner is this downloader, talking to this seeder now." Off-chain only. */
export interface SessionProof {
  readonly session: Head
  /** libp2p peer id of the downloader, as multihash bytes. */
  readonly downloader: Hex
  /** libp2p peer id of the seeder, as multihash bytes. */
  readonly seeder: Hex
  /** 32 bytes that the seeder chose. */
  readonly nonce: Hex
}

export interface DomainInit {
  readonly chainId: bigint | number
  /** The BandwidthSettlement contract. */
  readonly settlement: Address
}

export interface Domain {
  readonly chainId: bigint
  readonly settlement: Address
  /** The EIP-712 domain separator. */
  readonly separator: Hex
  sessionLog(lane: Lane, head: Head, expiry: bigint): Digest
  receipt(receipt: Receipt): Digest
  voucher(voucher: Voucher): Digest
  ticket(ticket: SessionTicket): Digest
  terms(terms: SeederTerms): Digest
  proof(proof: SessionProof): Digest
}

const WORD = 32

/** Peers name chains and contracts as they like: no more of them are kept than a node has to do with. */
const MOST_KEPT = 16
const kept = new Map<string, Domain>()

/** The EIP-712 domain of one settlement contract: name `BitCDN`, version `1`. Sessions of one contract share it. */
export function createDomain(init: DomainInit): Domain {
  const key = `${init.chainId} ${init.settlement}`
  const known = kept.get(key)
  if (known !== undefined) return known
  const made = makeDomain(init)
  if (kept.size === MOST_KEPT) kept.delete(kept.keys().next().value as string)
  kept.set(key, made)
  return made
}

function makeDomain(init: DomainInit): Domain {
  const chainId = BigInt(init.chainId)
  const separator = domainSeparator(chainId, init.settlement)
  const envelope = new Uint8Array(2 + WORD + WORD)
  envelope.set([0x19, 0x01])
  envelope.set(separator, 2)
  const digest = (fields: Uint8Array): Digest => {
    envelope.set(keccak256(fields), 2 + WORD)
    return keccak256(envelope)
  }

  const receiptFields = struct('Receipt', 2)
  const logFields = struct('SessionLog', 5)
  const voucherFields = struct('Voucher', 6)
  const ticketFields = struct('SessionTicket', 4)
  const termsFields = struct('SeederTerms', 8)
  const proofFields = struct('SessionProof', 4)

  return {
    chainId,
    settlement: init.settlement,
    separator: toHex(separator),
    receipt({ session, bytesServed }) {
      fixed(receiptFields, 1, 24, session, 'The session')
      uint(receiptFields, 2, 6, bytesServed, 'The bytes served')
      return digest(receiptFields)
    },
    sessionLog(lane, head, expiry) {
      laneFields(logFields, lane)
      uint(logFields, 4, 5, expiry, 'The expiry')
      fixed(logFields, 5, 24, head, 'The lane head')
      return digest(logFields)
    },
    voucher(voucher) {
      laneFields(voucherFields, voucher)
      fixed(voucherFields, 4, 24, voucher.from, 'The head that the voucher begins at')
      fixed(voucherFields, 5, 24, voucher.to, 'The head that the voucher ends at')
      uint(voucherFields, 6, 16, voucher.amount, 'The amount')
      return digest(voucherFields)
    },
    ticket(ticket) {
      fixed(ticketFields, 1, 24, ticket.session, 'The session')
      fixed(ticketFields, 2, 32, ticket.contentId, 'The content id')
      address(ticketFields, 3, ticket.holder, 'The holder')
      uint(ticketFields, 4, 5, ticket.notAfter, 'The end of the ticket')
      return digest(ticketFields)
    },
    terms(terms) {
      address(termsFields, 1, terms.seeder, 'The seeder')
      termsFields.set(hashOf(terms.peerId, 'The peer id'), 2 * WORD)
      uint(termsFields, 3, 32, terms.chainId, 'The chain id')
      address(termsFields, 4, terms.settlement, 'The settlement contract')
      const lanes = new Uint8Array(terms.lanes.length * WORD)
      terms.lanes.forEach((lane, i) => void writeUint(lanes, (i + 1) * WORD - 8, 8, lane, 'A lane'))
      termsFields.set(keccak256(lanes), 5 * WORD)
      uint(termsFields, 6, 8, terms.pricePerGiB, 'The price per GiB')
      uint(termsFields, 7, 8, terms.sequence, 'The sequence')
      uint(termsFields, 8, 5, terms.expiry, 'The expiry')
      return digest(termsFields)
    },
    proof(proof) {
      fixed(proofFields, 1, 24, proof.session, 'The session')
      proofFields.set(hashOf(proof.downloader, 'The downloader'), 2 * WORD)
      proofFields.set(hashOf(proof.seeder, 'The seeder'), 3 * WORD)
      fixed(proofFields, 4, 32, proof.nonce, 'The nonce')
      return digest(proofFields)
    },
  }
}

function domainSeparator(chainId: bigint, settlement: Address): Uint8Array {
  const fields = new Uint8Array(5 * WORD)
  const type = 'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)'
  fields.set(keccak256(stringToBytes(type)))
  fields.set(keccak256(stringToBytes(DOMAIN_NAME)), WORD)
  fields.set(keccak256(stringToBytes(DOMAIN_VERSION)), 2 * WORD)
  uint(fields, 3, 32, chainId, 'The chain id')
  address(fields, 4, settlement, 'The settlement contract')
  return keccak256(fields)
}

/** The buffer of one struct: its type hash, then `count` words that are written anew for each value. */
function struct(type: SignedType, count: number): Uint8Array {
  const fields = new Uint8Array((1 + count) * WORD)
  fields.set(keccak256(stringToBytes(encodeType(type))))
  return fields
}

function laneFields(fields: Uint8Array, lane: Omit<Lane, 'sponsor'>): void {
  address(fields, 1, lane.seeder, 'The seeder')
  uint(fields, 2, 8, lane.lane, 'The lane')
  uint(fields, 3, 8, lane.pricePerGiB, 'The price per GiB')
}

/** Numbers stand at the right end of their word. */
function uint(fields: Uint8Array, word: number, width: number, value: bigint, what: string): void {
  writeUint(fields, (word + 1) * WORD - width, width, value, what)
}

function address(fields: Uint8Array, word: number, value: Address, what: string): void {
  writeHex(fields, (word + 1) * WORD - 20, 20, value, what)
}

/** bytes24 and bytes32 stand at the left end of their word. */
function fixed(fields: Uint8Array, word: number, width: number, value: Hex, what: string): void {
  writeHex(fields, word * WORD, width, value, what)
}

function hashOf(bytes: Hex, what: string): Uint8Array {
  return keccak256(fromHex(bytes, (bytes.length - 2) / 2, what))
}
