import { homedir } from 'node:os'
import { join } from 'node:path'
import { printable } from './printable.ts'

/** What a command may touch of the process around it. Only `main.ts` makes one of these from the real process. */
export interface CommandIo {
  /** One line of result to standard output. */
  out(line: string): void
  /** One line for people to standard error: progress, warnings. */
  err(line: string): void
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborts at Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
  /** Whether standard error is a terminal: then a progress line may be redrawn. */
  readonly terminal: boolean
  /** How many characters a line of that terminal holds. */
  columns(): number
  /** Writes without a line break to standard error; for redrawn progress. */
  draw(text: string): void
  /** Asks for a password without showing it; undefined where there is no terminal to ask on. */
  askSecret?: ((question: string) => Promise<string>) | undefined
  /** Asks for a line of text; undefined where there is no terminal to ask on. */
  askLine?: ((question: string) => Promise<string>) | undefined
  /** Makes the process end with this code although the command returned. */
  exitWith(code: number): void
}

/** Prints a result: as one JSON object, or as the lines that `words` gives. Bigints become decimal strings. */
export function printResult(io: CommandIo, json: boolean, result: object, words: () => readonly string[]): void {
  if (json) io.out(toJson(result))
  else for (const line of words()) io.out(printable(line))
}

export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? item.toString() : item))
}

/** Where keys, ledgers, torrents and the config file live unless `--home` or BITCDN_HOME says otherwise. */
export function defaultHome(env: CommandIo['env']): string {
  return env.BITCDN_HOME || join(env.HOME || homedir(), '.bitcdn')
}
