import { constants } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { MAX_METAINFO_BYTES, MetainfoError } from '../../content/index.ts'
import { readFailure, writeFailure } from './errors.ts'
import { syncFolder } from './folder.ts'

/** The bytes of a .torrent file; a file that is too large to be one is refused unread. */
export async function readTorrentFile(path: string): Promise<Uint8Array> {
  const shown = resolve(path)
  try {
    const handle = await open(shown, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      const found = await handle.stat()
      if (!found.isFile()) throw new MetainfoError(`${shown} is not a torrent file but a folder or a device.`)
      if (found.size > MAX_METAINFO_BYTES) {
        throw new MetainfoError(`${shown} has ${found.size} bytes; a torrent has at most ${MAX_METAINFO_BYTES}.`)
      }
      return await handle.readFile()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw readFailure(error, shown)
  }
}

/** Writes a .torrent file whole or not at all; one that is there is replaced. */
export async function writeTorrentFile(path: string, torrent: Uint8Array): Promise<void> {
  const shown = resolve(path)
  const beside = `${shown}.new`
  try {
    const handle = await open(beside, 'w')
    try {
      await handle.writeFile(torrent)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(beside, shown)
    await syncFolder(dirname(shown))
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {})
    throw writeFailure(error, shown)
  }
}
