// The processes of a measured transfer: started, told to go, looked at from outside.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  /** Where it serves, for a program that does not print that; it is ready when it can be connected to. */
  readonly address?: string
  /** What its receivers are told in place of the address. */
  readonly tracker?: string
}

/** It says with a line when it is ready (a sender: where), and ends when its standard input does or at SIGTERM. */
export interface Program {
  readonly child: ChildProcess
  nextLine(): Promise<string>
  /** User and system seconds, threads and finished children included. */
  cpuSeconds(): Promise<number>
  /** The highest resident size of it and its children that was seen; call it now and then. */
  peakMebibytes(): number
  stop(): Promise<void>
}

const STARTING_MILLISECONDS = 20_000

export function start({ program, args, address, tracker }: Command): Program {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit').catch(() => undefined)
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  let peak = 0
  return {
    child,
    async nextLine() {
      if (address !== undefined) {
        const reached = await reachable(address, child)
        return tracker ?? reached
      }
      const { value, done } = await lines.next()
      if (done === true) throw new Error(`${program} ${args.slice(0, 2).join(' ')} ended early.`)
      return value
    },
    async cpuSeconds() {
      const text = await readFile(`/proc/${child.pid}/stat`, 'utf8')
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
      return [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0) / 100
    },
    peakMebibytes() {
      peak = Math.max(peak, residentOf(child.pid ?? 0))
      return Math.round(peak / 1024)
    },
    async stop() {
      child.stdin?.end()
      if (address !== undefined) child.kill('SIGTERM')
      await exited
    },
  }
}

async function reachable(address: string, child: ChildProcess): Promise<string> {
  const [host = '', port = ''] = address.split(':')
  const until = performance.now() + STARTING_MILLISECONDS
  while (performance.now() < until && child.exitCode === null) {
    const socket = connect(Number(port), host)
    const [answer] = await Promise.race([
      once(socket, 'connect').then(() => [true]),
      once(socket, 'error').then(() => [false]),
    ]).catch(() => [false])
    socket.destroy()
    if (answer === true) return address
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`${child.spawnfile} cannot be reached at ${address}.`)
}

/** In KiB. What has ended has no size any more. */
function residentOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
    const own = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0)
    return Math.max(own, ...children.map((child) => residentOf(Number(child))))
  } catch {
    return 0
  }
}
