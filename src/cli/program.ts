import { BitCdnError } from '../errors.ts'
import { createLogger, type Logger } from '../telemetry/index.ts'

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/** The log of a long-running command: JSON lines on standard error. */
export function programLogger(name: string, level: string): Logger {
  if (!LEVELS.includes(level)) {
    throw new BitCdnError('usage', `--log-level must be one of ${LEVELS.join(', ')}, not "${level}".`)
  }
  return createLogger({ name, level })
}

/** Resolves at Ctrl-C, SIGTERM or `bitcdn stop`. */
export function untilAsked(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((settle) => signal.addEventListener('abort', () => settle(), { once: true }))
}
