// Checks units against their roots, in a thread of its own as soon as that has started, on this one until then and should it
// ever fail. One thread for all downloads of a process.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { UNIT_BYTES } from '../content/piece.ts'
import type { CheckQuestion, FromCheckThread, ToCheckThread } from './check-thread.ts'
import { DIGEST_BYTES } from './constants.ts'
import { countRight } from './right-units.ts'
import type { Slot } from './slots.ts'

export interface Checker {
  /**
   * Resolves to how many of the slot's bytes in `[begin, begin + length)` are right from the front. Their roots stand at their
   * units' places in `slot.roots`. Nobody may write to either meanwhile. Answers come in the order of the questions.
   */
  check(slot: Slot, begin: number, length: number, leaves: number): Promise<number>
  /** These slots will not be used any more. */
  forget(slots: readonly Slot[]): void
}

interface Question {
  readonly slot: Slot
  readonly begin: number
  readonly length: number
  readonly leaves: number
  readonly answer: (right: number) => void
}

/** This file's own ending: it is TypeScript in the repository and JavaScript in the package. */
const THREAD = new URL(`./check-thread${extname(import.meta.filename)}`, import.meta.url)

/** Four questions: a thread that waits for more has nothing to do. */
const NUMBERS_AT_ONCE = 16

/** For objects that live for a moment; V8's own choice, up to 96 MiB a thread, would stay resident. */
const YOUNG_MEBIBYTES = 12

let shared: Checker | null = null

/** The process's checker; the first call starts its thread. */
export function sharedChecker(): Checker {
  shared ??= createChecker()
  return shared
}

/** @param thread - the program of the thread; for tests of what happens when it fails */
export function createChecker(thread: URL = THREAD): Checker {
  const waiting: Question[] = []
  let asked: number[] = []
  const known = new Set<number>()
  let worker: Worker | null = null
  let failed = false

  function start(): void {
    const starting = new Worker(thread, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEBIBYTES } })
    starting.on('message', (answers: FromCheckThread) => {
      if (answers === null) worker = starting
      else for (const right of answers) waiting.shift()?.answer(right)
      if (waiting.length === 0) starting.unref()
    })
    starting.on('error', fallBack)
    starting.on('exit', (code) => fallBack(new Error(`it ended with code ${code}`)))
    // A process lives on for an answer that is awaited, and not for this thread. Last: listening for messages would hold
    // the process again.
    starting.unref()
  }

  function fallBack({ message }: Error): void {
    if (failed) return
    failed = true
    worker = null
    const words = `Downloads are slower than they could be: the thread that checks failed (${message}).`
    process.emitWarning(words, { code: 'BITCDN_NO_CHECK_THREAD' })
    for (const question of waiting.splice(0)) question.answer(checkHere(question))
  }

  try {
    start()
  } catch (error) {
    fallBack(error as Error)
  }

  const post = (message: ToCheckThread): void => worker?.postMessage(message)

  /** What one turn of the loop asks goes in few messages: waking the thread costs as much as a third of a check. */
  function flush(): void {
    if (asked.length > 0) post(asked)
    asked = []
  }

  function ask(...question: CheckQuestion): void {
    if (asked.length === 0) setImmediate(flush)
    asked.push(...question)
    if (asked.length >= NUMBERS_AT_ONCE) flush()
  }

  return {
    check(slot, begin, length, leaves) {
      if (worker === null) return Promise.resolve(checkHere({ slot, begin, length, leaves }))
      if (!known.has(slot.id)) {
        known.add(slot.id)
        post({ id: slot.id, memory: slot.memory })
      }
      return new Promise((answer) => {
        waiting.push({ slot, begin, length, leaves, answer })
        worker?.ref()
        ask(slot.id, begin, length, leaves)
      })
    },
    forget(slots) {
      const gone = slots.filter(({ id }) => known.delete(id)).map(({ id }) => id)
      flush()
      if (gone.length > 0) post({ forget: gone })
    },
  }
}

function checkHere({ slot, begin, length, leaves }: Omit<Question, 'answer'>): number {
  const roots = slot.roots.subarray((begin / UNIT_BYTES) * DIGEST_BYTES)
  return countRight(slot.bytes.subarray(begin, begin + length), roots, leaves)
}
