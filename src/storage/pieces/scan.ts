// What lies on disk to be published: a file, or a folder with everything in it.
import { constants, type Dirent, type Stats } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { quote, type SourceFile, UnsafeNameError } from '../../content/index.ts'
import { BitCdnError } from '../../errors.ts'
import { openFile } from './disk-file.ts'
import { readFailure } from './errors.ts'
import { readAhead } from './read-ahead.ts'

export interface ScannedContent {
  /** The last component of the path: what the content is called unless somebody names it otherwise. */
  readonly name: string
  readonly single: boolean
  readonly entries: readonly SourceFile[]
  /** Folders without anything in them, `/` between components: no torrent can hold them, so the user is told. */
  readonly emptyFolders: readonly string[]
}

/** No link in place of the file, and no waiting for the other end of a pipe. */
const READ_ONLY = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Lists a file or a folder. The path itself may be a link; links below it are an error, as are devices and pipes.
 *
 * @throws BitCdnError `file-missing`, `file-unreadable`, `file-empty` (a file of no bytes, a folder without any) or
 * `file-invalid` (a link, a device, a name that is no text)
 */
export async function scanContent(path: string, { signal }: { signal?: AbortSignal } = {}): Promise<ScannedContent> {
  const shown = resolve(path)
  try {
    const root = await realpath(shown)
    const found = await stat(root)
    const name = basename(shown)
    if (found.isDirectory()) return await scanFolder(root, name, signal)
    if (!found.isFile()) throw special(shown)
    if (found.size === 0) throw empty(`${shown} is empty`)
    return { name, single: true, entries: [sourceFile(root, [name], await look(root))], emptyFolders: [] }
  } catch (error) {
    throw readFailure(error, shown)
  }
}

async function scanFolder(root: string, name: string, signal: AbortSignal | undefined): Promise<ScannedContent> {
  const entries: SourceFile[] = []
  const emptyFolders: string[] = []
  const folders: string[][] = [[]]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    signal?.throwIfAborted()
    const children = await list(join(root, ...folder))
    if (children.length === 0 && folder.length > 0) emptyFolders.push(folder.join('/'))
    for (const child of children) {
      const path = [...folder, nameOf(child, folder)]
      if (child.isDirectory()) folders.push(path)
      else entries.push(await scanFile(root, path, child))
    }
  }
  if (!entries.some((entry) => entry.length > 0)) throw empty(`The folder ${root} holds no bytes`)
  return { name, single: false, entries, emptyFolders: emptyFolders.sort() }
}

async function list(folder: string): Promise<Dirent<Buffer>[]> {
  try {
    return await readdir(folder, { withFileTypes: true, encoding: 'buffer' })
  } catch (error) {
    throw readFailure(error, folder)
  }
}

async function scanFile(root: string, path: string[], child: Dirent<Buffer>): Promise<SourceFile> {
  const whole = join(root, ...path)
  if (child.isSymbolicLink()) {
    throw new BitCdnError('file-invalid', `${whole} is a symbolic link, and links are not published.`, {
      advice: 'Replace it by the file that it points to, or remove it.',
    })
  }
  if (!child.isFile()) throw special(whole)
  try {
    return sourceFile(whole, path, await look(whole))
  } catch (error) {
    throw readFailure(error, whole)
  }
}

/** Opened and closed again: a file that cannot be read is better named now than after an hour of hashing. */
async function look(path: string): Promise<Stats> {
  const handle = await openFile(path, READ_ONLY)
  try {
    const found = await handle.stat()
    if (!found.isFile()) throw special(path)
    return found
  } finally {
    await handle.close()
  }
}

function nameOf(child: Dirent<Buffer>, folder: readonly string[]): string {
  try {
    return utf8.decode(child.name)
  } catch {
    const shown = [...folder, child.name.toString('latin1')].join('/')
    throw new UnsafeNameError(`The name ${quote(shown)} is not valid UTF-8.`)
  }
}

function sourceFile(whole: string, path: string[], found: Stats): SourceFile {
  return {
    path,
    length: found.size,
    executable: (found.mode & 0o100) !== 0,
    open: () => readWhole(whole, found),
  }
}

/** The file's bytes, if it is still the one that was listed; a longer one shows by more bytes than announced. */
async function* readWhole(path: string, listed: Stats): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    const handle = await openFile(path, READ_ONLY)
    try {
      const before = await handle.stat()
      if (before.ino !== listed.ino || before.size !== listed.size) throw changed(path)
      yield* readAhead(handle, listed.size)
      const after = await handle.stat()
      if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) throw changed(path)
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw readFailure(error, path)
  }
}

function changed(path: string): BitCdnError {
  return new BitCdnError('file-unreadable', `${path} changed while it was read.`, {
    advice: 'Wait until nothing writes to it, then try again.',
    retry: true,
  })
}

function empty(fault: string): BitCdnError {
  return new BitCdnError('file-empty', `${fault}: there is nothing to publish.`, {
    advice: 'Choose a file with content, or a folder that holds one.',
  })
}

function special(path: string): BitCdnError {
  return new BitCdnError('file-invalid', `${path} is neither a file nor a folder.`, {
    advice: 'Devices, pipes and sockets cannot be published; leave it out.',
  })
}
