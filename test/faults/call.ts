import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { resolve } from 'node:path'

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts')

export interface Called {
  readonly code: number
  readonly out: string
  readonly err: string
  /** The last line of standard output as JSON. */
  json(): Record<string, unknown>
}

export interface CallOptions {
  /** A file that standard input comes from. */
  readonly input?: string
  /** Variables beside PATH. */
  readonly env?: Readonly<Record<string, string>>
  /** Runs the command through this one, such as `setpriv …`. */
  readonly through?: readonly string[]
  /** Ends it when it aborts, by SIGTERM where nothing else is said; the call rejects then. */
  readonly signal?: AbortSignal | undefined
  readonly killSignal?: NodeJS.Signals
  /** Called with every line of standard error. */
  readonly onErr?: (line: string, child: ChildProcess) => void
}

/** Runs `bitcdn` as a process of its own, and waits for its end. */
export async function call(args: readonly string[], options: CallOptions = {}): Promise<Called> {
  const { through = [], onErr, signal, killSignal } = options
  const [command = '', ...rest] = [...through, process.execPath, MAIN, ...args]
  const stdin = options.input === undefined ? 'ignore' : openSync(options.input, 'r')
  const env = { PATH: process.env.PATH ?? '', ...options.env }
  const child = spawn(command, rest, { stdio: [stdin, 'pipe', 'pipe'], env, signal, killSignal })
  if (stdin !== 'ignore') closeSync(stdin)
  let out = ''
  let err = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  let unfinished = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    err += text
    const lines = (unfinished + text).split('\n')
    unfinished = lines.pop() ?? ''
    for (const line of lines) onErr?.(line, child)
  })
  const code = await new Promise<number>((settle, fail) => {
    child.once('error', fail)
    child.once('close', (status, signal) => settle(status ?? (signal === null ? 1 : 128)))
  })
  return { code, out, err, json: () => JSON.parse(out.trim().split('\n').at(-1) ?? '') }
}
