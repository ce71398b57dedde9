// Whether the files of a seed still are what was verified, without reading them.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Metainfo } from '../../content/index.ts'
import { readJournal } from './journal.ts'
import { locateContent } from './locate.ts'
import { sameStamp, stampOf } from './stamps.ts'

export interface FileFate {
  readonly path: string
  /** `missing` also where it cannot be reached; `changed` since it was verified, so it is no longer served. */
  readonly fate: 'verified' | 'changed' | 'missing'
}

/**
 * Compares the files at `path` with what the journal says was verified. Throws `file-missing` when nothing of the content
 * is there.
 */
export async function fatesOfFiles(metainfo: Metainfo, path: string, journal: string): Promise<FileFate[]> {
  const place = await locateContent(metainfo, path)
  const known = await readJournal(journal, metainfo, '')
  const fates: FileFate[] = []
  for (const [file, { pieceCount }] of metainfo.files.entries()) {
    if (pieceCount === 0) continue
    const at = join(place.root, ...place.pathOf(file))
    const found = await stat(at, { bigint: true }).catch(() => null)
    const same = found !== null && sameStamp(known?.stamps.get(file) ?? null, stampOf(found))
    fates.push({ path: at, fate: found === null ? 'missing' : same ? 'verified' : 'changed' })
  }
  return fates
}
