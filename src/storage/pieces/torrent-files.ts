import { constants } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { MAX_METAINFO_BYTES, MetainfoError, parseTorrent } from '../../content/index.ts'
import { BitCdnError } from '../../errors.ts'
import { errnoOf, readFailure, writeFailure } from './errors.ts'
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

/**
 * Writes a .torrent file whole or not at all. Another .torrent file that is there is replaced; anything else is not: it may be
 * the very file that is published. Throws `file-invalid` then.
 */
export async function writeTorrentFile(path: string, torrent: Uint8Array): Promise<void> {
  const shown = resolve(path)
  await refuseOtherFiles(shown)
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
    if (errnoOf(error) === 'ENOENT') {
      throw new BitCdnError('file-missing', `There is no folder ${dirname(shown)} to put ${basename(shown)} into.`, {
        advice: 'Make the folder, or choose another place with -o.',
        cause: error,
      })
    }
    throw writeFailure(error, shown)
  }
}

async function refuseOtherFiles(path: string): Promise<void> {
  let there: Uint8Array
  try {
    there = await readTorrentFile(path)
    parseTorrent(there)
  } catch (cause) {
    if (cause instanceof BitCdnError && cause.code === 'file-missing') return
    if (cause instanceof BitCdnError && cause.code === 'file-unreadable') throw cause
    throw new BitCdnError('file-invalid', `${path} is there already and is no torrent: it is not overwritten.`, {
      advice: 'Choose another place for the torrent with -o.',
      cause,
    })
  }
}
