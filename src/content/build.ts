// Making metainfo from streams of bytes. The figures of what will come out are checked before the first byte is read.
import { BitCdnError } from '../errors.ts'
import { type BencodeDictionary, type BencodeValue, byBytes, encode, keyOf } from './bencode.ts'
import { spansOf } from './bencode-spans.ts'
import {
  HASH_BYTES,
  MAX_METAINFO_BYTES,
  MAX_PIECE_LENGTH,
  MAX_PIECES,
  MAX_READ_TOKENS,
  MIN_PIECE_LENGTH,
  V1_HASH_BYTES,
} from './constants.ts'
import { BencodeError, MetainfoError } from './errors.ts'
import { isUrl, TRACKER_PROTOCOLS, WEB_SEED_PROTOCOLS } from './fields.ts'
import { createFileHasher, type FileHashes } from './hash-file.ts'
import type { Metainfo } from './metainfo.ts'
import { checkName, createPathChecker, quote } from './names.ts'
import { choosePieceLength } from './pieces.ts'
import { parseMetainfo } from './torrent-file.ts'

/** One file to be published. */
export interface SourceFile {
  /** Components below the content's folder; for a single file its name alone. */
  readonly path: readonly string[]
  readonly length: number
  readonly executable: boolean
  /** Its bytes in order, in chunks of any size. A chunk is used up before the next one is asked for. */
  open(): AsyncIterable<Uint8Array>
}

export interface BuildInit {
  /** The folder's name, or the single file's. */
  readonly name: string
  /** One file without a folder around it: `files` has exactly one, with `[name]` as its path. */
  readonly single: boolean
  readonly files: readonly SourceFile[]
  /** A power of two from 16 KiB; {@link choosePieceLength} otherwise. */
  readonly pieceLength?: number
  /** Leaves the v1 part out: smaller, but only for clients that know BEP 52. */
  readonly v2Only?: boolean
  readonly trackers?: readonly string[]
  readonly webSeeds?: readonly string[]
  readonly signal?: AbortSignal
  /** Called as bytes are hashed. */
  readonly onProgress?: (hashedBytes: number, totalBytes: number) => void
}

/**
 * Hashes the files and makes their metainfo: hybrid (BEP 3, 47, 52) unless `v2Only`, file for file as libtorrent's
 * `create_torrent` does. Memory does not grow with the files: 32 bytes (hybrid: 52) are kept for each piece.
 *
 * @throws BitCdnError `file-empty`, `file-invalid` (names, too many files or pieces), `usage` (piece length, URLs)
 */
export async function buildMetainfo(init: BuildInit): Promise<Metainfo> {
  const files = [...init.files].sort((a, b) => inTreeOrder(a.path, b.path))
  const length = checkFiles(init, files)
  const pieceLength = init.pieceLength ?? choosePieceLength(length, files.length)
  checkSize(init, files, pieceLength)

  const hashes: FileHashes[] = []
  let hashedBefore = 0
  for (const file of files) {
    const hasher = createFileHasher({ length: file.length, pieceLength, v1: v1Of(init, files) })
    let hashed = 0
    // Nothing is opened for an empty file: there is nothing to read.
    for await (const chunk of file.length === 0 ? [] : file.open()) {
      init.signal?.throwIfAborted()
      hashed += chunk.length
      if (hashed > file.length) throw changed(file)
      hasher.update(chunk)
      init.onProgress?.(hashedBefore + hashed, length)
    }
    if (hashed !== file.length) throw changed(file)
    hashes.push(hasher.finish())
    hashedBefore += hashed
  }
  return parseMetainfo(encode(outerOf(init, files, pieceLength, hashes)))
}

/** libtorrent pads every file of a folder but leaves a lone one as it is. */
function v1Of({ v2Only }: BuildInit, files: readonly SourceFile[]): 'none' | 'bare' | 'padded' {
  if (v2Only) return 'none'
  return files.length > 1 ? 'padded' : 'bare'
}

/** Component by component, by bytes: the order of a bencoded file tree. */
function inTreeOrder(a: readonly string[], b: readonly string[]): number {
  for (let depth = 0; depth < Math.min(a.length, b.length); depth += 1) {
    const order = byBytes(keyOf(a[depth] as string), keyOf(b[depth] as string))
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** Names, lengths, URLs; answers the bytes of all files. */
function checkFiles(init: BuildInit, files: readonly SourceFile[]): number {
  checkName(init.name)
  const checkPath = createPathChecker()
  for (const file of files) checkPath(file.path)
  if (init.single && (files.length !== 1 || files[0]?.path.length !== 1 || files[0].path[0] !== init.name)) {
    throw new RangeError('A single-file content has one file with the name of the content.')
  }
  for (const [urls, protocols, what] of [
    [init.trackers ?? [], TRACKER_PROTOCOLS, 'tracker'],
    [init.webSeeds ?? [], WEB_SEED_PROTOCOLS, 'web seed'],
  ] as const) {
    for (const url of urls) {
      if (!isUrl(url, protocols)) {
        throw new BitCdnError('usage', `${quote(url)} cannot be a ${what}.`, {
          advice: `Give a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(', ')}.`,
        })
      }
    }
  }
  const length = files.reduce((sum, file) => sum + file.length, 0)
  if (length === 0) {
    throw new BitCdnError('file-empty', `${quote(init.name)} has no bytes to publish.`, {
      advice: 'Choose a file with content, or a folder that holds one.',
    })
  }
  return length
}

/** Whether others could read what will come out: tried with empty hashes before anything is hashed. */
function checkSize(init: BuildInit, files: readonly SourceFile[], pieceLength: number): void {
  if (pieceLength < MIN_PIECE_LENGTH || pieceLength > MAX_PIECE_LENGTH || !Number.isInteger(Math.log2(pieceLength))) {
    throw new BitCdnError('usage', `A piece cannot have ${pieceLength} bytes.`, {
      advice: `Choose a power of two from ${MIN_PIECE_LENGTH} to ${MAX_PIECE_LENGTH}.`,
    })
  }
  const pieces = files.reduce((sum, file) => sum + Math.ceil(file.length / pieceLength), 0)
  const bytes = pieces * (HASH_BYTES + (init.v2Only ? 0 : V1_HASH_BYTES))
  if (pieces > MAX_PIECES || bytes > MAX_METAINFO_BYTES) {
    throw new MetainfoError(`${pieces} pieces of ${pieceLength} bytes make a torrent larger than others read.`, {
      advice: 'Choose a larger piece length, or publish the content in parts.',
    })
  }
  const v1 = v1Of(init, files)
  const empty = files.map(({ length }, place) => {
    const count = Math.ceil(length / pieceLength)
    const piecesRoot = length === 0 ? null : new Uint8Array(HASH_BYTES)
    // Distinct, so that no two files share a layer here.
    if (piecesRoot !== null) new DataView(piecesRoot.buffer).setUint32(0, place)
    const layer = count > 1 ? new Uint8Array(count * HASH_BYTES) : null
    return { piecesRoot, layer, v1: new Uint8Array(v1 === 'none' ? 0 : count * V1_HASH_BYTES) }
  })
  try {
    spansOf(encode(outerOf(init, files, pieceLength, empty)))
  } catch (cause) {
    if (!(cause instanceof BencodeError)) throw cause
    throw new MetainfoError(
      `${files.length} files make a torrent larger than others read (${MAX_METAINFO_BYTES} bytes, ${MAX_READ_TOKENS} values).`,
      {
        advice: init.v2Only
          ? 'Pack small files into an archive first.'
          : 'Pack small files into an archive first, or try --v2.',
        cause,
      },
    )
  }
}

/** The whole .torrent; it is read back by the same parser that judges others'. */
function outerOf(
  init: BuildInit,
  files: readonly SourceFile[],
  pieceLength: number,
  hashes: readonly FileHashes[],
): BencodeDictionary {
  const info: BencodeDictionary = new Map<string, BencodeValue>([
    ['file tree', treeOf(files, hashes)],
    ['meta version', 2],
    ['name', init.name],
    ['piece length', pieceLength],
  ])
  if (!init.v2Only) {
    info.set('pieces', concat(hashes.map((hash) => hash.v1)))
    if (init.single) {
      info.set('length', files[0]?.length ?? 0)
      if (files[0]?.executable) info.set('attr', 'x')
    } else {
      info.set('files', listOf(files, pieceLength))
    }
  }
  const layers: BencodeDictionary = new Map()
  for (const { piecesRoot, layer } of hashes) {
    if (piecesRoot !== null && layer !== null) layers.set(Buffer.from(piecesRoot).toString('latin1'), layer)
  }
  const outer: BencodeDictionary = new Map<string, BencodeValue>([
    ['info', info],
    ['piece layers', layers],
  ])
  const [first, ...others] = init.trackers ?? []
  if (first !== undefined) outer.set('announce', first)
  if (others.length > 0) {
    outer.set(
      'announce-list',
      [first as string, ...others].map((url) => [url]),
    )
  }
  if (init.webSeeds !== undefined && init.webSeeds.length > 0) outer.set('url-list', init.webSeeds)
  return outer
}

function treeOf(files: readonly SourceFile[], hashes: readonly FileHashes[]): BencodeDictionary {
  const tree: BencodeDictionary = new Map()
  for (const [place, { path, length, executable }] of files.entries()) {
    let folder = tree
    for (const name of path) {
      const key = keyOf(name)
      const below = (folder.get(key) as BencodeDictionary | undefined) ?? new Map()
      folder.set(key, below)
      folder = below
    }
    const entry: BencodeDictionary = new Map<string, BencodeValue>([['length', length]])
    const root = hashes[place]?.piecesRoot
    if (root) entry.set('pieces root', root)
    if (executable) entry.set('attr', 'x')
    folder.set('', entry)
  }
  return tree
}

/** BEP 47: behind each file of a folder a pad file fills its last piece. */
function listOf(files: readonly SourceFile[], pieceLength: number): BencodeValue[] {
  const list: BencodeValue[] = []
  for (const { path, length, executable } of files) {
    const entry: BencodeDictionary = new Map<string, BencodeValue>([
      ['length', length],
      ['path', [...path]],
    ])
    if (executable) entry.set('attr', 'x')
    list.push(entry)
    const missing = (pieceLength - (length % pieceLength)) % pieceLength
    if (missing === 0 || files.length === 1) continue
    list.push(
      new Map<string, BencodeValue>([
        ['attr', 'p'],
        ['length', missing],
        ['path', ['.pad', `${missing}`]],
      ]),
    )
  }
  return list
}

function changed(file: SourceFile): BitCdnError {
  return new BitCdnError('file-unreadable', `${quote(file.path.join('/'))} changed its length while it was read.`, {
    advice: 'Wait until nothing writes to it, then try again.',
    retry: true,
  })
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}
