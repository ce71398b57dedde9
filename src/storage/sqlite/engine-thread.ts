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

export type ToEngineThread = readonly Step[] | 'close'

/** Answered in the order of the questions. */
export type FromEngineThread =
  /** What the last step answered. */
  | { readonly value: Row | Row[] | number | undefined; readonly inTransaction: boolean }
  | { readonly failure: Failure; readonly inTransaction: boolean }

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

  function take(step: Step): Row | Row[] | number | undefined {
    if (step[0] === 'exec') return void connection.exec(step[1])
    if (step[0] === 'allOf') return statements.allOf(step[1], step[2])
    if (step[0] === 'insertAll') return void statements.insertAll(step[1], step[2])
    return statements[step[0]](step[1], ...step[2])
  }

  function takeAll(steps: readonly Step[]): void {
    let value: Row | Row[] | number | undefined
    try {
      for (const step of steps) value = take(step)
      answer({ value, inTransaction: connection.isTransaction })
    } catch (error) {
      answer({ failure: failureOf(error), inTransaction: connection.isTransaction })
    }
  }

  parentPort?.on('message', (message: ToEngineThread) => {
    if (message !== 'close') return takeAll(message)
    close()
    parentPort?.close()
  })
  answer({ value: undefined, inTransaction: false })
}

try {
  serve(workerData as DatabaseInit)
} catch (error) {
  answer({ failure: failureOf(error), inTransaction: false })
}
