// A .torrent file: the info dictionary with what stands around it.

import { type BencodeDictionary, bytesOfKey, decode, Encoded, encode } from './bencode.ts'
import type { Spans } from './bencode-spans.ts'
import { MAX_PIECE_LENGTH, MAX_PIECES, V1_HASH_BYTES } from './constants.ts'
import { MetainfoError } from './errors.ts'
import {
  bytesOf,
  countOf,
  decodedIn,
  spansIn,
  TRACKER_PROTOCOLS,
  textOf,
  urlsOf,
  WEB_SEED_PROTOCOLS,
} from './fields.ts'
import { hasFileList, type ListedFile, readFileList } from './file-list.ts'
import { createHash } from './hashes.ts'
import { readInfo } from './info.ts'
import { withPieceLayers } from './layers.ts'
import type { Metainfo } from './metainfo.ts'
import { checkName, createPathChecker } from './names.ts'
import { missingLayers } from './pieces.ts'

/** A torrent that has only BitTorrent v1: it can be shown and verified, not delivered, since its parts have no tree. */
export interface TorrentV1 {
  /** 40 hex digits. */
  readonly infohashV1: string
  readonly name: string
  readonly single: boolean
  readonly pieceLength: number
  /** In order, pad files included: v1 pieces run through them. */
  readonly files: readonly ListedFile[]
  /** Bytes of all files that are not padding. */
  readonly length: number
  readonly pieceCount: number
  /** Concatenated 20-byte SHA-1 hashes of the pieces. */
  readonly pieces: Uint8Array
  readonly trackers: readonly string[]
  readonly webSeeds: readonly string[]
}

/** What any .torrent file turns out to be. */
export type Torrent = { readonly v1: TorrentV1; readonly v2: null } | { readonly v1: null; readonly v2: Metainfo }

/**
 * Reads a v2 or hybrid .torrent file with its piece layers, all checked.
 * Throws `file-invalid` (BencodeError, MetainfoError, UnsafeNameError) or `verification-failed` (a wrong piece layer).
 */
export function parseMetainfo(torrent: Uint8Array): Metainfo {
  return readMetainfo(decodeOuter(torrent))
}

/** Reads any .torrent file: v2 and hybrid as {@link parseMetainfo}, v1 alone for showing and verifying. */
export function parseTorrent(torrent: Uint8Array): Torrent {
  const outer = decodeOuter(torrent)
  const info = spansIn(outer.get('info'), 'info dictionary')
  const onlyV1 = !info.has('meta version') && !info.has('file tree') && hasFileList(info)
  return onlyV1 ? { v1: readV1(outer, info), v2: null } : { v1: null, v2: readMetainfo(outer) }
}

/** The .torrent file of a metainfo, with piece layers, trackers and web seeds. The same metainfo makes the same bytes. */
export function encodeTorrent(metainfo: Metainfo): Uint8Array<ArrayBuffer> {
  const missing = missingLayers(metainfo)
  if (missing.length > 0) {
    throw new MetainfoError(`The piece layers of ${missing.length} files are not known yet.`, {
      advice: 'Fetch the piece layers from a peer first.',
    })
  }
  const outer: BencodeDictionary = new Map()
  const [first] = metainfo.trackers
  if (first !== undefined) outer.set('announce', first)
  if (metainfo.trackers.length > 1) {
    outer.set(
      'announce-list',
      metainfo.trackers.map((tracker) => [tracker]),
    )
  }
  outer.set('info', new Encoded(metainfo.info))
  const layers: BencodeDictionary = new Map()
  for (const [root, layer] of metainfo.pieceLayers) layers.set(Buffer.from(root, 'hex').toString('latin1'), layer)
  outer.set('piece layers', layers)
  if (metainfo.webSeeds.length > 0) outer.set('url-list', metainfo.webSeeds)
  return encode(outer)
}

function decodeOuter(torrent: Uint8Array): Spans {
  // A copy: everything that is read stays a view into these bytes, which the caller may reuse.
  return spansIn(new Uint8Array(torrent), 'torrent')
}

function readMetainfo(outer: Spans): Metainfo {
  const info = outer.get('info')
  if (info === undefined) throw new MetainfoError('The info dictionary is missing.')
  // A copy of its own: it outlives the rest of the torrent.
  const bare = readInfo(new Uint8Array(info))
  const layers = new Map<string, Uint8Array>()
  const stored = outer.get('piece layers')
  if (stored !== undefined) {
    for (const [root, layer] of spansIn(stored, 'piece layers')) {
      layers.set(Buffer.from(bytesOfKey(root)).toString('hex'), bytesOf(decode(layer), 'piece layer'))
    }
  }
  const metainfo = withPieceLayers(bare, layers)
  const missing = missingLayers(metainfo)
  if (missing.length > 0) {
    throw new MetainfoError(`The torrent has no piece layers for ${missing.length} of its files.`)
  }
  return { ...metainfo, ...readSources(outer) }
}

function readSources(outer: Spans): { trackers: string[]; webSeeds: string[] } {
  const trackers = [
    ...urlsOf(decodedIn(outer, 'announce'), TRACKER_PROTOCOLS),
    ...urlsOf(decodedIn(outer, 'announce-list'), TRACKER_PROTOCOLS),
  ]
  return { trackers: [...new Set(trackers)], webSeeds: urlsOf(decodedIn(outer, 'url-list'), WEB_SEED_PROTOCOLS) }
}

function readV1(outer: Spans, info: Spans): TorrentV1 {
  const name = textOf(bytesOf(decodedIn(info, 'name'), 'name'), 'name')
  checkName(name)
  const pieceLength = countOf(decodedIn(info, 'piece length'), 'piece length', 1, MAX_PIECE_LENGTH)
  const { files: listed, single } = readFileList(info, name)
  const files = [...listed]
  const checkPath = createPathChecker()
  for (const file of files) if (!file.pad) checkPath(file.path)
  const all = files.reduce((sum, file) => sum + file.length, 0)
  const pieceCount = Math.ceil(all / pieceLength)
  if (pieceCount > MAX_PIECES) throw new MetainfoError(`The content has ${pieceCount} pieces, more than ${MAX_PIECES}.`)
  const pieces = bytesOf(decodedIn(info, 'pieces'), 'list of piece hashes')
  if (pieces.length !== pieceCount * V1_HASH_BYTES) {
    throw new MetainfoError(`The torrent has ${pieces.length / V1_HASH_BYTES} piece hashes for ${pieceCount} pieces.`)
  }
  const length = files.reduce((sum, file) => sum + (file.pad ? 0 : file.length), 0)
  if (length === 0) throw new MetainfoError('The content is empty: it has no bytes to deliver.')
  const infohashV1 = createHash('sha1')
    .update(outer.get('info') as Uint8Array)
    .digest('hex')
  return { infohashV1, name, single, pieceLength, files, length, pieceCount, pieces, ...readSources(outer) }
}
