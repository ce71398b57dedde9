// The thread that checks: hashing costs two thirds of a second for each GiB, which the thread that reads and signs does not
// have. It sees the slots' memory itself; only numbers travel.
import { parentPort } from 'node:worker_threads'
import { UNIT_BYTES } from '../content/piece.ts'
import { DIGEST_BYTES, ROOTS_BYTES } from './constants.ts'
import { countRight } from './right-units.ts'

export type ToCheckThread =
  | { readonly id: number; readonly memory: SharedArrayBuffer }
  | { readonly forget: readonly number[] }
  /** Questions, one behind the other. */
  | readonly number[]

export type CheckQuestion = readonly [slot: number, begin: number, length: number, leaves: number]

/** One for each question of a message, in their order: how many of the bytes are right from the front. Null: it has started. */
export type FromCheckThread = readonly number[] | null

const NUMBERS_PER_QUESTION = 4

const slots = new Map<number, SharedArrayBuffer>()

parentPort?.on('message', (message: ToCheckThread) => {
  if (Array.isArray(message)) {
    const right: number[] = []
    for (let at = 0; at < message.length; at += NUMBERS_PER_QUESTION) {
      right.push(check(...(message.slice(at, at + NUMBERS_PER_QUESTION) as unknown as CheckQuestion)))
    }
    parentPort?.postMessage(right satisfies FromCheckThread)
  } else if ('forget' in message) for (const id of message.forget) slots.delete(id)
  else if ('memory' in message) slots.set(message.id, message.memory)
})

function check(...[id, begin, length, leaves]: CheckQuestion): number {
  const memory = slots.get(id)
  if (memory === undefined) throw new Error(`Slot ${id} is not known.`)
  const roots = new Uint8Array(memory, memory.byteLength - ROOTS_BYTES + (begin / UNIT_BYTES) * DIGEST_BYTES)
  return countRight(new Uint8Array(memory, begin, length), roots, leaves)
}

// Ready: until this has come, nobody waits for a thread that is still starting.
parentPort?.postMessage(null satisfies FromCheckThread)
