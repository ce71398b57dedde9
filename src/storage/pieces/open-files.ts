// A content can have more files than a process may open: the least recently used are closed when others are needed.
import { MAX_OPEN_FILES } from './constants.ts'
import type { DiskFile } from './disk-file.ts'

export interface OpenFiles {
  /** Runs `use` with the open file; it stays open at least until `use` is done. */
  use<T>(file: number, use: (handle: DiskFile) => Promise<T>): Promise<T>
  /** Waits for what is in use, then closes all. Nothing can be opened afterwards. */
  close(): Promise<void>
}

interface Entry {
  readonly handle: Promise<DiskFile>
  users: number
}

/**
 * @param openFile - opens file `file`
 * @param limit - files that stay open while nobody uses them; more are open only while more are in use
 */
export function createOpenFiles(
  openFile: (file: number) => Promise<DiskFile>,
  limit: number = MAX_OPEN_FILES,
): OpenFiles {
  /** In the order of their last use. */
  const entries = new Map<number, Entry>()
  const inUse = new Set<Promise<unknown>>()
  let closed = false

  function take(file: number): Entry {
    const entry = entries.get(file) ?? { handle: openFile(file), users: 0 }
    entries.delete(file)
    entries.set(file, entry)
    entry.users += 1
    return entry
  }

  async function closeSurplus(): Promise<void> {
    const closing: Promise<void>[] = []
    for (const [file, entry] of entries) {
      if (entries.size <= limit) break
      if (entry.users > 0) continue
      entries.delete(file)
      closing.push(entry.handle.then((handle) => handle.close()))
    }
    await Promise.all(closing)
  }

  async function run<T>(file: number, use: (handle: DiskFile) => Promise<T>): Promise<T> {
    const entry = take(file)
    try {
      return await use(await entry.handle)
    } finally {
      entry.users -= 1
      // One that could not be opened must not be remembered: the next use tries again.
      await entry.handle.catch(() => {
        if (entries.get(file) === entry) entries.delete(file)
      })
      if (entries.size > limit) await closeSurplus()
    }
  }

  return {
    async use(file, use) {
      if (closed) throw new Error('These files are closed.')
      const running = run(file, use)
      inUse.add(running)
      try {
        return await running
      } finally {
        inUse.delete(running)
      }
    },
    async close() {
      closed = true
      await Promise.allSettled(inUse)
      const open = [...entries.values()]
      entries.clear()
      await Promise.all(open.map(async ({ handle }) => await (await handle).close()))
    },
  }
}
