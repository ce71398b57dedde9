// A PostgreSQL server for tests: real, empty, in a temporary folder, reached through a unix socket, with fsync on.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

export interface TestPostgres {
  /** Connection string of a new, empty database on this server. */
  createDatabase(): Promise<string>
  /** As `pg_ctl -m immediate` does: no checkpoint, no goodbye; the next start recovers from the log. */
  stopAtOnce(): Promise<void>
  /** Again, with the same data and address. */
  start(): Promise<void>
  /** Runs one statement as the superuser. */
  admin(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  /** Ends the server and deletes its folder. */
  remove(): Promise<void>
}

const NOBODY = 65_534

/** The folder of the server's programs, or null where PostgreSQL is not installed. */
export function findPostgres(): string | null {
  const versions = '/usr/lib/postgresql'
  const newest = existsSync(versions) ? readdirSync(versions).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [...(process.env.PATH ?? '').split(':'), ...newest.map((version) => join(versions, version, 'bin'))]
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres'))) ?? null
}

/** `settings` are lines of postgresql.conf, such as `{ max_connections: '300' }`. */
export async function startPostgres(settings: Record<string, string> = {}): Promise<TestPostgres> {
  const programs = findPostgres()
  if (programs === null) throw new Error('PostgreSQL is not installed: apt install postgresql.')
  const folder = mkdtempSync(join(tmpdir(), 'bitcdn-pg-'))
  const data = join(folder, 'data')
  // The server refuses to run as root.
  const as = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  if ('uid' in as) chownSync(folder, NOBODY, NOBODY)
  chmodSync(folder, 0o700)
  const options = { ...as, cwd: folder, stdio: 'pipe' as const }
  execFileSync(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'bitcdn', '-A', 'trust', '--no-sync', '-E', 'UTF8'],
    options,
  )
  const url = (database: string) => `postgresql://bitcdn@localhost/${database}?host=${encodeURIComponent(folder)}`
  let server: ChildProcess | null = null
  let databases = 0

  async function admin(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: url('postgres') })
    client.on('error', () => {}) // the server may go while we are connected
    await client.connect()
    try {
      return (await client.query(text, values)).rows
    } finally {
      await client.end().catch(() => {})
    }
  }

  async function start(): Promise<void> {
    const set = { listen_addresses: '', unix_socket_directories: folder, ...settings }
    const flags = Object.entries(set).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const child = spawn(join(programs as string, 'postgres'), ['-D', data, ...flags], { ...options, stdio: 'ignore' })
    server = child
    for (let i = 0; i < 600; i++) {
      if (child.exitCode !== null) throw new Error(`The PostgreSQL server ended with ${child.exitCode}.`)
      try {
        await admin('SELECT 1')
        return
      } catch {
        await delay(50)
      }
    }
    throw new Error('The PostgreSQL server did not answer within 30 s.')
  }

  async function stop(signal: 'SIGQUIT' | 'SIGINT'): Promise<void> {
    const child = server
    server = null
    if (child === null || child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  await start()
  return {
    async createDatabase() {
      const name = `test_${++databases}`
      await admin(`CREATE DATABASE ${name}`)
      return url(name)
    },
    stopAtOnce: () => stop('SIGQUIT'),
    start,
    admin,
    async remove() {
      await stop('SIGQUIT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
