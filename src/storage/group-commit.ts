// One transaction for all that was asked while the last one was on its way: many receipts share one flush of the disk.
// Nobody is answered before the commit, so nothing is acknowledged that a power cut could take back.
import { BitCdnError } from '../errors.ts'
import type { Engine, Soon, Sql } from './sql.ts'

export interface GroupCommit {
  /**
   * Runs in the next transaction; what `work` throws undoes this work alone, unless the database failed. `guard` runs
   * before it: what that throws rejects the work, which writes nothing.
   */
  write<T>(work: (sql: Sql) => Soon<T>, guard?: Guard): Promise<T>
  /** Sees all that was written before it. */
  read<T>(work: (sql: Sql) => Soon<T>): Promise<T>
  /** Joins neighbours of its kind into one call of their {@link Batch}, whose first guard holds for all. */
  add<In, Out>(batch: Batch<In, Out>, item: In, guard?: Guard): Promise<Out>
  /** Commits what waits, then refuses. */
  close(): Promise<void>
}

/**
 * Work on many items at once, which writes by `run` and `insertAll` alone. An Error among its answers rejects that item alone.
 */
export type Batch<In, Out> = (sql: Sql, items: readonly In[]) => Soon<readonly (Out | Error)[]>

export type Guard = (sql: Sql) => Promise<void>

interface Job {
  readonly kind: 'read' | 'write' | Batch<unknown, unknown>
  readonly item: unknown
  readonly guard: Guard | undefined
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: unknown) => void
}

interface Hooks {
  /** Writes what may ride along with a group of writers. Runs again where the transaction does. */
  readonly beforeCommit?: (sql: Sql) => Soon<void>
  readonly afterCommit?: () => void
}

export function createGroupCommit(engine: Engine, hooks: Hooks = {}): GroupCommit {
  let waiting: Job[] = []
  let running: Promise<void> | null = null
  let closed = false

  function enqueue(kind: Job['kind'], item: unknown, guard?: Guard): Promise<unknown> {
    if (closed) return Promise.reject(new BitCdnError('refused', `${engine.name} is closed.`))
    return new Promise((resolve, reject) => {
      waiting.push({ kind, item, guard, resolve, reject })
      if (waiting.length === 1 && running === null) setImmediate(drain)
    })
  }

  function drain(): Promise<void> {
    running ??= commitAll().finally(() => {
      running = null
      if (waiting.length > 0) setImmediate(drain)
    })
    return running
  }

  async function commitAll(): Promise<void> {
    const jobs = waiting
    waiting = []
    if (jobs.length > 0) await commit(jobs)
  }

  async function commit(jobs: readonly Job[]): Promise<void> {
    const writes = jobs.some(({ kind }) => kind !== 'read')
    let answers: (() => void)[] = []
    try {
      await engine.transaction(writes ? 'write' : 'read', async (sql) => {
        answers = []
        for (let at = 0; at < jobs.length; ) {
          const { kind } = jobs[at] as Job
          let end = at + 1
          if (typeof kind === 'function') while (jobs[end]?.kind === kind) end++
          if (typeof kind === 'function') answers.push(...(await runBatch(sql, kind, jobs.slice(at, end))))
          else answers.push(await run(sql, jobs[at] as Job))
          at = end
        }
        if (writes) await hooks.beforeCommit?.(sql)
      })
    } catch (error) {
      for (const { reject } of jobs) reject(error)
      return
    }
    if (writes) hooks.afterCommit?.()
    for (const answer of answers) answer()
  }

  /** The answer is given after the commit. Throws only what concerns the whole group. */
  async function run(sql: Sql, { kind, item, guard, resolve, reject }: Job): Promise<() => void> {
    const work = () => (item as (sql: Sql) => Soon<unknown>)(sql)
    try {
      if (guard !== undefined) await guard(sql)
      const value = kind === 'write' ? await engine.nested(sql, work) : await work()
      return () => resolve(value)
    } catch (error) {
      if (engine.spoils(error)) throw error
      return () => reject(error)
    }
  }

  /** Its reads begin beside the guard: where the database is in a thread or behind a wire, each answer is waited for. */
  async function runBatch(sql: Sql, batch: Batch<unknown, unknown>, jobs: readonly Job[]): Promise<(() => void)[]> {
    const guarded = jobs[0]?.guard?.(sql) ?? Promise.resolve()
    const items = jobs.map(({ item }) => item)
    const values = (async () => batch(writesBehind(sql, guarded), items))()
    values.catch(() => undefined)
    try {
      await guarded
    } catch (error) {
      // Nothing that still runs belongs to the next job.
      await values.catch(() => undefined)
      if (engine.spoils(error)) throw error
      return jobs.map(
        ({ reject }) =>
          () =>
            reject(error),
      )
    }
    const answers = await values
    return jobs.map(({ resolve, reject }, i) => {
      const value = answers[i]
      return value instanceof Error ? () => reject(value) : () => resolve(value)
    })
  }

  return {
    write: <T>(work: (sql: Sql) => Soon<T>, guard?: Guard) => enqueue('write', work, guard) as Promise<T>,
    read: <T>(work: (sql: Sql) => Soon<T>) => enqueue('read', work) as Promise<T>,
    add: <In, Out>(batch: Batch<In, Out>, item: In, guard?: Guard) =>
      enqueue(batch as Job['kind'], item, guard) as Promise<Out>,
    async close() {
      closed = true
      while (running !== null || waiting.length > 0) await drain()
    },
  }
}

/** Writes wait for `guarded`, and fail with it. */
function writesBehind(sql: Sql, guarded: Promise<void>): Sql {
  return {
    ...sql,
    async run(text, ...values) {
      await guarded
      return sql.run(text, ...values)
    },
    async insertAll(text, types, rows) {
      await guarded
      return sql.insertAll(text, types, rows)
    },
  }
}
