import { type BuildInit, buildMetainfo, encodeTorrent, type Metainfo } from '../../content/index.ts'
import { scanContent } from './scan.ts'

export interface CreateOptions
  extends Pick<BuildInit, 'pieceLength' | 'v2Only' | 'trackers' | 'webSeeds' | 'signal' | 'onProgress'> {
  /** What the content is called; the name of the file or folder otherwise. */
  readonly name?: string
}

export interface CreatedTorrent {
  readonly metainfo: Metainfo
  /** The .torrent file. */
  readonly torrent: Uint8Array
  /** Folders that no torrent can hold, because they are empty. */
  readonly emptyFolders: readonly string[]
}

/** Makes the torrent of a file or folder: listed first, then hashed in one pass with constant memory. */
export async function createTorrent(path: string, options: CreateOptions = {}): Promise<CreatedTorrent> {
  const { name: wanted, ...build } = options
  const scanned = await scanContent(path, build.signal === undefined ? {} : { signal: build.signal })
  const name = wanted ?? scanned.name
  const files = scanned.single ? scanned.entries.map((entry) => ({ ...entry, path: [name] })) : scanned.entries
  const metainfo = await buildMetainfo({ ...build, name, single: scanned.single, files })
  return { metainfo, torrent: encodeTorrent(metainfo), emptyFolders: scanned.emptyFolders }
}
