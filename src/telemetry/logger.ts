// Logs are a message and fields. Secrets are taken out here, once, so that no caller has to remember it.
import { type DestinationStream, type Logger, pino } from 'pino'
import { withoutSecrets } from '../secrets.ts'

export type { Logger } from 'pino'

export interface LoggerInit {
  /** The program or room that speaks: `gateway`, `seeder`. */
  name: string
  /** pino's levels, or `silent`. Default `info`. */
  level?: string | undefined
  /** Default: file descriptor 2, since programs answer on standard output. */
  destination?: DestinationStream | undefined
}

/** Field names whose values never reach a log, at the top and up to two levels down. */
export const SECRET_FIELDS = [
  'privateKey',
  'secret',
  'password',
  'passphrase',
  'mnemonic',
  'token',
  'bearer',
  'authorization',
  'cookie',
  'signature',
  'key',
]

/** A pino logger that writes JSON lines, with times in ISO 8601 and every secret field replaced by `[secret]`. */
export function createLogger(init: LoggerInit): Logger {
  const paths = SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`])
  return pino(
    {
      name: init.name,
      level: init.level ?? 'info',
      redact: { paths, censor: '[secret]' },
      timestamp: pino.stdTimeFunctions.isoTime,
      base: { pid: process.pid },
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
    },
    clean(init.destination ?? pino.destination({ fd: 2, sync: true })),
  )
}

/** An error without what lies underneath it: the causes of RPC failures carry whole requests. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { code } = error as { code?: unknown }
  const stack = error.stack?.split('\n').filter((line) => line.trimStart().startsWith('at '))
  return {
    type: error.name,
    ...(code === undefined ? {} : { code }),
    message: error.message,
    ...(stack === undefined ? {} : { stack: stack.join('\n') }),
    ...(error.cause instanceof Error ? { cause: error.cause.message.split('\n')[0] } : {}),
  }
}

/** Providers' keys travel in URLs, and come back in the words of their answers: the whole line is looked through. */
function clean(destination: DestinationStream): DestinationStream {
  return { write: (line) => destination.write(withoutSecrets(line)) }
}
