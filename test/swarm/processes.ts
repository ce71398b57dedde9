// Seeders as processes of their own, as swarm tests and the transfer benchmark use them.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { SeederInit } from './seeder.ts'

export interface SeederProcess {
  readonly init: SeederInit
  readonly child: ChildProcess
  readonly address: string
  readonly addresses: readonly string[]
  readonly payout: string
  /** Ends it; SIGTERM lets it say goodbye. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
}

export async function spawnSeeder(init: SeederInit): Promise<SeederProcess> {
  await mkdir(init.folder, { recursive: true })
  const program = new URL('./seeder.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [program, JSON.stringify(init)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  if (child.stdout === null) throw new Error('The seeder has no output.')
  const lines = createInterface({ input: child.stdout })
  const first = once(lines, 'line').then(
    ([line]) => JSON.parse(String(line)) as Pick<SeederProcess, 'address' | 'addresses' | 'payout'>,
  )
  const ready = await Promise.race([
    first,
    exited.then(([code]) => Promise.reject(new Error(`The seeder left: ${code}.`))),
  ])
  return {
    ...{ init, child, ...ready },
    async kill(signal) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      await exited
    },
  }
}
