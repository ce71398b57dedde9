import { type ChildProcess, spawn } from 'node:child_process'
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
  /** Runs the command through this one, such as `setpriv …`. */
  readonly through?: readonly string[]
  /** Called with every line of standard error. */
  readonly onErr?: (line: string, child: ChildProcess) => void
}

/** Runs `bitcdn` as a process of its own, and waits for its end. */
export async function call(args: readonly string[], { through = [], onErr }: CallOptions = {}): Promise<Called> {
  const [command = '', ...rest] = [...through, process.execPath, MAIN, ...args]
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH ?? '' } })
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
