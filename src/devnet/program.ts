import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, readFileSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { BitCdnError } from '../errors.ts'

const MAIN = resolve(import.meta.dirname, '../cli/main.ts')

export type Json = Record<string, unknown>

/** One `bitcdn` process of its own. Its results arrive as JSON lines; what it tells people goes to a log file. */
export interface Program {
  readonly name: string
  readonly pid: number
  /** The next JSON object on its standard output that has this key. Rejects with its own error when it ends before. */
  next(key: string): Promise<Json>
  /** Resolves to the exit code. */
  readonly ended: Promise<number>
  /** Asks it to end, and ends it if it has not after a while. */
  stop(): Promise<void>
  /** SIGKILL, as a crash would. */
  kill(): Promise<void>
}

export interface ProgramInit {
  readonly name: string
  readonly args: readonly string[]
  /** Data folder of this program alone. */
  readonly home: string
  readonly logs: string
  /** Variables of its environment, which has no others. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Leaves it running when this process ends. */
  readonly detached?: boolean
  /** Every JSON line that it writes to standard error (progress events). */
  readonly onEvent?: (event: Json) => void
}

/** How long a program may take to end by itself, ms. */
const STOP_AFTER = 15_000

export function startProgram({ name, args, home, logs, env, detached, onEvent }: ProgramInit): Program {
  const compiled = getCompileCacheDir()
  const child = spawn(process.execPath, ['--max-semi-space-size=8', MAIN, ...args, '--home', home, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { TMPDIR: tmpdir(), ...(compiled && { NODE_COMPILE_CACHE: compiled }), ...env }, // settings and secrets of whoever starts it are no business of a program with flags of its own
    detached: detached ?? false,
  })
  const log = createWriteStream(join(logs, `${name}.log`), { flags: 'a', mode: 0o600 })
  const lines = jsonLines(child, log, onEvent)
  const ended = new Promise<number>((settle) => {
    child.once('error', () => settle(127))
    child.once('close', (code, signal) => settle(code ?? (signal === null ? 1 : 128)))
  })
  void ended.then(() => log.end())
  return {
    name,
    pid: child.pid ?? -1,
    ended,
    next: (key) => nextWith(key, lines, ended, name, join(logs, `${name}.log`)),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_AFTER)
      await ended
      clearTimeout(deadline)
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

interface Lines {
  readonly seen: Json[]
  readonly waiting: Set<() => void>
}

function jsonLines(child: ChildProcess, log: NodeJS.WritableStream, onEvent?: (event: Json) => void): Lines {
  const lines: Lines = { seen: [], waiting: new Set() }
  createInterface({ input: child.stdout! }).on('line', (line) => {
    log.write(`${line}\n`)
    const value = parse(line)
    if (value === null) return
    lines.seen.push(value)
    for (const wake of lines.waiting) wake()
  })
  createInterface({ input: child.stderr! }).on('line', (line) => {
    const value = onEvent === undefined ? null : parse(line)
    if (value === null) log.write(`${line}\n`)
    else onEvent?.(value)
  })
  return lines
}

async function nextWith(key: string, lines: Lines, ended: Promise<number>, name: string, log: string): Promise<Json> {
  let code: number | undefined
  void ended.then((value) => {
    code = value
    for (const wake of lines.waiting) wake()
  })
  for (;;) {
    const at = lines.seen.findIndex((value) => key in value || 'error' in value)
    if (at >= 0) {
      const [value] = lines.seen.splice(at, 1) as [Json]
      if (key in value) return value
      const { code: kind, message, advice } = value.error as { code: string; message: string; advice?: string }
      throw new BitCdnError(kind === 'unexpected' ? 'protocol' : (kind as BitCdnError['code']), `${name}: ${message}`, {
        ...(advice === undefined ? {} : { advice }),
      })
    }
    if (code !== undefined) {
      throw new BitCdnError('protocol', `${name} ended with exit code ${code} before it answered.`, {
        advice: `The end of its log:\n${lastLines(log)}`,
      })
    }
    await new Promise<void>((settle) => {
      const wake = (): void => {
        lines.waiting.delete(wake)
        settle()
      }
      lines.waiting.add(wake)
    })
  }
}

function lastLines(path: string): string {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-5).join('\n')
  } catch {
    return '(empty)'
  }
}

function parse(line: string): Json | null {
  if (!line.startsWith('{')) return null
  try {
    return JSON.parse(line) as Json
  } catch {
    return null
  }
}
