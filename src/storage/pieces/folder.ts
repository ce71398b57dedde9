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

/**
 * Opens `path` (components) below `root` for `flags`. No component below the root may be a link; the file must be a regular one.
 * The root itself is the user's own choice and may be reached through links (give its real path).
 */
export async function openInside(
  root: string,
  path: readonly string[],
  flags: number,
  { mode, makeFolders = false }: { mode?: number; makeFolders?: boolean } = {},
): Promise<DiskFile> {
  return await inFolder(root, path.slice(0, -1), makeFolders, async (childOf) => {
    // O_NONBLOCK: opening a pipe must not wait for its other end.
    const handle = await openFile(childOf(path.at(-1) as string), flags | NO_LINKS | (O_NONBLOCK ?? 0), mode)
    try {
      if (!(await handle.stat()).isFile()) {
        throw new BitCdnError('file-invalid', `${join(root, ...path)} is not a regular file.`, {
          advice: 'Move it out of the way.',
        })
      }
      return handle
    } catch (error) {
      await handle.close()
      throw error
    }
  })
}

/** Makes the entries of a folder below `root` survive a power cut. */
export async function syncFolder(root: string, path: readonly string[] = []): Promise<void> {
  if (process.platform === 'win32') return // folders cannot be opened there, and NTFS journals their entries
  await inFolder(root, path, false, async (_childOf, handle) => await handle.sync())
}

async function inFolder<T>(
  root: string,
  path: readonly string[],
  make: boolean,
  use: (childOf: (name: string) => string, handle: DiskFile) => Promise<T>,
): Promise<T> {
  let folder = await openFile(root, O_RDONLY | (O_DIRECTORY ?? 0))
  let shown = root
  const childOf = (name: string): string => (BY_HANDLE ? `/proc/self/fd/${folder.fd}/${name}` : join(shown, name))
  try {
    for (const name of path) {
      if (make) await makeFolder(childOf(name))
      const below = await openFile(childOf(name), O_RDONLY | (O_DIRECTORY ?? 0) | NO_LINKS)
      await folder.close()
      folder = below
      shown = join(shown, name)
    }
    return await use(childOf, folder)
  } finally {
    await folder.close()
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
