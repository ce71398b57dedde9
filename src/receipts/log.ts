// The session log: what a lane is called, and how its running hash goes over each line. Same hashes as the contract.
import { getAddress, type Hex } from 'viem'
import { toHex, writeHex, writeUint } from './bytes.ts'
import { keccak256 } from './keccak.ts'
import type { Head, Lane, LogLine } from './types.ts'

const HEAD_BYTES = 24
const laneFields = new Uint8Array(56)
const lineFields = new Uint8Array(50)

/** keccak256(sponsor20 ‖ seeder20 ‖ lane8 ‖ pricePerGiB8), packed. */
export function laneKey(lane: Lane): Hex {
  writeHex(laneFields, 0, 20, lane.sponsor, 'The sponsor')
  writeHex(laneFields, 20, 20, lane.seeder, 'The seeder')
  writeUint(laneFields, 40, 8, lane.lane, 'The lane')
  writeUint(laneFields, 48, 8, lane.pricePerGiB, 'The price per GiB')
  return toHex(keccak256(laneFields))
}

/** H(0): the first 24 bytes of the lane key. */
export function firstHead(lane: Lane): Head {
  return laneKey(lane).slice(0, 2 + HEAD_BYTES * 2) as Head
}

/** H(i): the first 24 bytes of keccak256(H(i-1) ‖ sessionKey20 ‖ maxBytes6). */
export function nextHead(head: Head, line: LogLine): Head {
  writeHex(lineFields, 0, HEAD_BYTES, head, 'The lane head')
  writeHex(lineFields, 24, 20, line.sessionKey, 'The session key')
  writeUint(lineFields, 44, 6, line.maxBytes, 'The most bytes of a line')
  return toHex(keccak256(lineFields), 0, HEAD_BYTES)
}

/** Whether a line of these bytes leads from one head to the other. False, never an error, for anything malformed. */
export function leadsTo(head: Uint8Array, sessionKey: Uint8Array, maxBytes: number, next: Uint8Array): boolean {
  if (head?.length !== HEAD_BYTES || next?.length !== HEAD_BYTES || sessionKey?.length !== 20) return false
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 0 || maxBytes >= 2 ** 48) return false
  lineFields.set(head)
  lineFields.set(sessionKey, HEAD_BYTES)
  writeUint(lineFields, 44, 6, BigInt(maxBytes), 'The most bytes of a line')
  const hash = keccak256(lineFields)
  for (let i = 0; i < HEAD_BYTES; i++) if (hash[i] !== next[i]) return false
  return true
}

/** The heads after each line, in order: `sessions[i]` is `i === 0 ? from : heads[i - 1]`. */
export function headsAfter(from: Head, lines: readonly LogLine[]): Head[] {
  const heads: Head[] = []
  let head = from
  for (const line of lines) {
    head = nextHead(head, line)
    heads.push(head)
  }
  return heads
}

/** The head that `lines` reach behind `from`. */
export function tipAfter(from: Head, lines: readonly LogLine[]): Head {
  return headsAfter(from, lines).at(-1) ?? from
}

/** One spelling per lane, so that a lane can be a key of a map: addresses checksummed. */
export function normalLane(lane: Lane): Lane {
  return {
    sponsor: getAddress(lane.sponsor),
    seeder: getAddress(lane.seeder),
    lane: lane.lane,
    pricePerGiB: lane.pricePerGiB,
  }
}
