// Opening files below a folder without ever leaving it. Checking a path and then opening it is a race that a link can win, so
// each folder is opened from the handle of the one above it and none may be a link.
import { constants, existsSync, mkdirSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { BitCdnError } from '../../errors.ts'
import { type DiskFile, openFile } from './disk-file.ts'
import { errnoOf } from './errors.ts'
import { quickly } from './quick-calls.ts'

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants

/** Linux reaches a child through its folder's handle: what openat() does, which Node does not offer. */
const BY_HANDLE = process.platform === 'linux' && existsSync('/proc/self/fd')

/** macOS refuses links anywhere in a path when this flag (O_NOFOLLOW_ANY) is given. Windows has none of these flags. */
const NO_LINKS = process.platform === 'darwin' ? 0x2000_0000 : (O_NOFOLLOW ?? 0)

export interface OpenOptions {
  readonly mode?: number
  readonly makeFolders?: boolean
}

/** Files below one root, opened one after the other: the folder of the last one stays open, since the next is often in it. */
export interface Inside {
  /**
   * Opens `path` (components) below the root for `flags`. No component below the root may be a link; the file must be a
   * regular one. The root itself is the user's own choice and may be reached through links (give its real path).
   */
  open(path: readonly string[], flags: number, options?: OpenOptions): Promise<DiskFile>
  /** Nothing may be opened any more. */
  close(): Promise<void>
}

interface Kept {
  readonly key: string
  readonly folder: Promise<Folder>
  users: number
}

export function openInside(root: string): Inside {
  let kept: Kept | null = null

  function take(path: readonly string[], make: boolean): Kept {
    const key = path.join('/')
    // Without handles a folder is only its path, which may be another's by then.
    if (kept?.key === key && BY_HANDLE) {
      kept.users += 1
      return kept
    }
    const entry: Kept = { key, folder: openFolder(root, path, make), users: 2 } // this call, and being kept
    if (kept !== null) void release(kept)
    kept = entry
    entry.folder.catch(() => {
      if (kept === entry) kept = null
    })
    return entry
  }

  async function release(entry: Kept): Promise<void> {
    entry.users -= 1
    if (entry.users > 0) return
    const folder = await entry.folder.catch(() => null)
    await folder?.handle.close()
  }

  return {
    async open(path, flags, { mode, makeFolders = false } = {}) {
      const entry = take(path.slice(0, -1), makeFolders)
      try {
        const { childOf } = await entry.folder
        // O_NONBLOCK: opening a pipe must not wait for its other end.
        const handle = await openFile(childOf(path.at(-1) as string), flags | NO_LINKS | (O_NONBLOCK ?? 0), mode)
        try {
          if ((await handle.stat()).isFile()) return handle
          throw new BitCdnError('file-invalid', `${join(root, ...path)} is not a regular file.`, {
            advice: 'Move it out of the way.',
          })
        } catch (error) {
          await handle.close()
          throw error
        }
      } finally {
        await release(entry)
      }
    },
    async close() {
      const last = kept
      kept = null
      if (last !== null) await release(last)
    },
  }
}

/** Makes the entries of a folder below `root` survive a power cut. */
export async function syncFolder(root: string, path: readonly string[] = []): Promise<void> {
  if (process.platform === 'win32') return // folders cannot be opened there, and NTFS journals their entries
  const { handle } = await openFolder(root, path, false)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

interface Folder {
  readonly handle: DiskFile
  /** The path of a child, which leads to this very folder. */
  childOf(name: string): string
}

async function openFolder(root: string, path: readonly string[], make: boolean): Promise<Folder> {
  let handle = await openFile(root, O_RDONLY | (O_DIRECTORY ?? 0))
  let shown = root
  const childOf = (name: string): string => (BY_HANDLE ? `/proc/self/fd/${handle.fd}/${name}` : join(shown, name))
  try {
    for (const name of path) {
      if (make) await makeFolder(childOf(name))
      const below = await openFile(childOf(name), O_RDONLY | (O_DIRECTORY ?? 0) | NO_LINKS)
      await handle.close()
      handle = below
      shown = join(shown, name)
    }
    return { handle, childOf }
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await quickly<unknown>(
      () => mkdirSync(path),
      () => mkdir(path),
    )
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
}

/**
 * A folder with its parents, one by one: Node's own recursion never ends where the system answers "no such folder" for a
 * child of one that is there (below /proc, say).
 */
export async function makeFolders(path: string): Promise<void> {
  const found = await stat(path).catch(() => null)
  if (found?.isDirectory() === true) return
  if (dirname(path) !== path) await makeFolders(dirname(path))
  try {
    await mkdir(path)
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error
  }
}
