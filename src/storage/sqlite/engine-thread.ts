// The thread that has the connection: a commit waits for the disk here, and whoever sends or serves meanwhile does not.
import { parentPort, workerData } from 'node:worker_threads'
import { BitCdnError } from '../../errors.ts'
import type { Row, SqlValue } from '../sql.ts'
import { type DatabaseInit, openDatabase } from './database.ts'
import { createStatements } from './statements.ts'

/** One after the other; the first that fails is the last that runs. */
export type Step =
  | readonly ['exec', string]
  | readonly ['get' | 'all' | 'run', string, readonly SqlValue[]]
  | readonly ['allOf', string, readonly SqlValue[]]
  | readonly ['insertAll', string, readonly (readonly SqlValue[])[]]

/** Questions of one turn, each some steps; those behind one that fails are not asked. */
export type ToEngineThread = readonly (readonly Step[])[] | 'close'

/** In the order of the questions, as far as they were asked. */
export interface FromEngineThread {
  readonly answers: readonly ThreadAnswer[]
  readonly inTransaction: boolean
}

export type Value = Row | Row[] | number | undefined

export type ThreadAnswer =
  /** What the last step answered. */
  | { readonly value: Value }
  /** `at` is the step that failed. */
  | { readonly failure: Failure; readonly at: number }

/** An error without its class, which does not travel. */
export interface Failure {
  readonly message: string
  /** Of SQLite. */
  readonly errcode?: number
  readonly code?: string
  /** Of this project's errors. */
  readonly bitcdn?: Pick<BitCdnError, 'code' | 'advice' | 'retry'>
}

const answer = (message: FromEngineThread): void => parentPort?.postMessage(message)

function failureOf(error: unknown): Failure {
  if (error instanceof BitCdnError) {
    const { code, advice, retry } = error
    return { message: error.message, bitcdn: { code, advice, retry } }
  }
  const { message = String(error), errcode, code } = error as { message?: string; errcode?: number; code?: string }
  return { message, ...(errcode === undefined ? {} : { errcode }), ...(code === undefined ? {} : { code }) }
}

function serve(init: DatabaseInit): void {
  const { connection, close } = openDatabase(init)
  const statements = createStatements(connection)

  function take(step: Step): Value {
    if (step[0] === 'exec') return void connection.exec(step[1])
    if (step[0] === 'allOf') return statements.allOf(step[1], step[2])
    if (step[0] === 'insertAll') return void statements.insertAll(step[1], step[2])
    return statements[step[0]](step[1], ...step[2])
  }

  function takeAll(steps: readonly Step[]): ThreadAnswer {
    let value: Value
    let at = 0
    try {
      for (; at < steps.length; at += 1) value = take(steps[at] as Step)
      return { value }
    } catch (error) {
      return { failure: failureOf(error), at }
    }
  }

  function askAll(questions: readonly (readonly Step[])[]): void {
    const answers: ThreadAnswer[] = []
    for (const steps of questions) {
      const answer = takeAll(steps)
      answers.push(answer)
      if ('failure' in answer) break
    }
    answer({ answers, inTransaction: connection.isTransaction })
  }

  parentPort?.on('message', (message: ToEngineThread) => {
    if (message !== 'close') return askAll(message)
    close()
    parentPort?.close()
  })
  answer({ answers: [{ value: undefined }], inTransaction: false })
}

try {
  serve(workerData as DatabaseInit)
} catch (error) {
  answer({ answers: [{ failure: failureOf(error), at: 0 }], inTransaction: false })
}
