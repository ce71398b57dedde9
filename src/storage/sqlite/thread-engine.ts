// SQLite behind the same door, with the connection in a thread of its own: a transaction is a few messages there and back,
// and only its own caller waits for the disk. Nothing is answered before the commit, here as there.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { BitCdnError } from '../../errors.ts'
import type { Engine, Row, Sql, SqlValue } from '../sql.ts'
import type { DatabaseInit } from './database.ts'
import { SQLITE_CLOCK } from './engine.ts'
import type { Failure, FromEngineThread, Step, ThreadAnswer, ToEngineThread, Value } from './engine-thread.ts'
import { DamagedFile, storageError } from './errors.ts'

/** This file's own ending: it is TypeScript in the repository and JavaScript in the package. */
const THREAD = new URL(`./engine-thread${extname(import.meta.filename)}`, import.meta.url)

/** For objects that live for a moment; V8's own choice, up to 96 MiB a thread, would stay resident. */
const YOUNG_MEBIBYTES = 12

/** Where the thread's program cannot be started at all. */
export class NoThreadError extends Error {}

/** A message that waits for its answer. */
interface Posted {
  resolve(answer: FromEngineThread): void
  reject(error: unknown): void
}

/** Part of a message that is not sent yet. */
interface Question {
  readonly steps: readonly Step[]
  /** Of these steps, so many at the front belong to others before it. */
  readonly carried: number
  resolve(value: Value): void
  reject(error: unknown): void
}

/**
 * Opens the database in a thread. Rejects with what `openDatabase` throws, or with a {@link NoThreadError}.
 *
 * @param thread - its program; for tests of what happens when it fails
 */
export async function openThreadEngine(init: DatabaseInit, thread: URL = THREAD): Promise<Engine> {
  const { path } = init
  const waiting: Posted[] = []
  let broken: BitCdnError | null = null
  let open = false
  let worker: Worker
  try {
    worker = new Worker(thread, { workerData: init, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEBIBYTES } })
  } catch (error) {
    throw new NoThreadError((error as Error).message)
  }

  worker.on('message', (answer: FromEngineThread) => {
    waiting.shift()?.resolve(answer)
    // A process lives on for an answer that is awaited, and not for this thread.
    if (waiting.length === 0) worker.unref()
  })
  worker.on('error', lose)
  worker.on('exit', (code) => lose(new Error(`it ended with code ${code}`)))

  function lose({ message }: Error): void {
    const words = `The thread that keeps ${path} failed: ${message}.`
    broken ??= new BitCdnError('disk-failed', words, {
      advice: 'Start again: what was acknowledged before is on the disk.',
    })
    for (const { reject } of waiting.splice(0)) reject(open ? broken : new NoThreadError(words))
  }

  function post(message: ToEngineThread): Promise<FromEngineThread> {
    return new Promise((resolve, reject) => {
      if (broken !== null) return reject(broken)
      waiting.push({ resolve, reject })
      worker.ref()
      worker.postMessage(message)
    })
  }

  const ready = await new Promise<FromEngineThread>((resolve, reject) => waiting.push({ resolve, reject }))
  const [first] = ready.answers
  if (first !== undefined && 'failure' in first) {
    await worker.terminate()
    throw errorOf(first.failure)
  }
  open = true
  return createEngine({ path, post, broken: () => broken, stop: () => post('close').catch(() => undefined) })
}

interface Thread {
  readonly path: string
  post(message: ToEngineThread): Promise<FromEngineThread>
  broken(): BitCdnError | null
  stop(): Promise<unknown>
}

function createEngine({ path, post, broken: lost, stop }: Thread): Engine {
  let inTransaction = false
  let failed: BitCdnError | null = null
  /** What answers nothing goes with the next question. */
  let ahead: Step[] = []
  /** One of those failed: whoever asked next heard of it, and it concerns others. Nothing of the transaction is committed. */
  let spoiled: Error | null = null
  let nesting = 0
  let asked: Question[] = []
  let turn: Promise<unknown> = Promise.resolve()

  /** What is asked in one turn travels in one message: each wakes the thread, and this one again. */
  function ask(...steps: Step[]): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (asked.length === 0) process.nextTick(() => void sendAsked())
      const carried = ahead.splice(0)
      asked.push({ steps: [...carried, ...steps], carried: carried.length, resolve, reject })
    })
  }

  async function sendAsked(): Promise<void> {
    const questions = asked
    asked = []
    try {
      const reply = await post(questions.map(({ steps }) => steps))
      inTransaction = reply.inTransaction
      const last = reply.answers.at(-1) as ThreadAnswer
      for (const [at, question] of questions.entries()) settle(question, reply.answers[at] ?? last)
    } catch (error) {
      for (const { reject } of questions) reject(error)
    }
  }

  function settle({ carried, resolve, reject }: Question, answer: ThreadAnswer): void {
    if ('failure' in answer) {
      const error = errorOf(answer.failure)
      if (answer.at < carried) spoiled ??= error
      reject(error)
    } else resolve(answer.value)
  }

  const sql: Sql = {
    get: async (text, ...values) => (await ask(['get', text, own(values)])) as Row | undefined,
    all: async (text, ...values) => (await ask(['all', text, own(values)])) as Row[],
    run: async (text, ...values) => (await ask(['run', text, own(values)])) as number,
    async allOf(text, _type, keys) {
      return keys.length === 0 ? [] : ((await ask(['allOf', text, own(keys)])) as Row[])
    },
    async insertAll(text, _types, rows) {
      if (rows.length === 0) return
      const step: Step = ['insertAll', text, rows.map(own)]
      // What undoes its own writes alone has to hear at once that they failed.
      if (nesting > 0) await ask(step)
      else ahead.push(step)
    },
    forUpdate: '',
    clock: SQLITE_CLOCK,
  }

  async function fail(error: unknown): Promise<unknown> {
    ahead = []
    if (inTransaction) await ask(['exec', 'ROLLBACK']).catch(() => undefined)
    const reason = storageError(error, path)
    // After a failed flush nobody knows what is on the disk: a second try that succeeds would prove nothing.
    if (reason instanceof BitCdnError && (reason.code === 'disk-failed' || reason instanceof DamagedFile))
      failed ??= reason
    return reason
  }

  async function run<T>(kind: 'read' | 'write', work: (sql: Sql) => Promise<T>): Promise<T> {
    const broken = failed ?? lost()
    if (broken !== null) throw broken
    spoiled = null
    try {
      ahead.push(['exec', kind === 'write' ? 'BEGIN IMMEDIATE' : 'BEGIN'])
      const value = await work({ ...sql })
      // whoever heard of it may have made nothing of it
      if (spoiled !== null) throw spoiled
      await ask(['exec', 'COMMIT'])
      return value
    } catch (error) {
      throw await fail(error)
    }
  }

  return {
    name: path,
    /** One after the other: there is one connection. */
    transaction(kind, work) {
      const mine = turn.then(() => run(kind, work))
      turn = mine.catch(() => undefined)
      return mine
    },
    async nested(_sql, work) {
      ahead.push(['exec', 'SAVEPOINT job'])
      nesting += 1
      try {
        const value = await work()
        ahead.push(['exec', 'RELEASE job'])
        return value
      } catch (error) {
        if (!this.spoils(error)) await ask(['exec', 'ROLLBACK TO job; RELEASE job'])
        throw error
      } finally {
        nesting -= 1
      }
    },
    spoils(error) {
      if (spoiled !== null) return true
      if (error instanceof BitCdnError) return lost() !== null
      return (!inTransaction && ahead.length === 0) || storageError(error, path) !== error
    },
    async close() {
      await turn
      await stop()
    },
  }
}

/** Bytes in memory of their own: with a view, all that it is a view of would travel. */
function own(values: readonly SqlValue[]): SqlValue[] {
  return values.map((value) => (value instanceof Uint8Array ? Uint8Array.prototype.slice.call(value) : value))
}

function errorOf({ message, bitcdn, errcode, code }: Failure): Error {
  if (bitcdn !== undefined) {
    const { advice, retry } = bitcdn
    return new BitCdnError(bitcdn.code, message, advice === undefined ? { retry } : { advice, retry })
  }
  return Object.assign(new Error(message), errcode === undefined ? {} : { errcode }, code === undefined ? {} : { code })
}
