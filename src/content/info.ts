// The info dictionary: what the infohash is taken over. Everything is checked before anything is allocated by its figures.

import { bytesOfKey, type DecodedDictionary, type DecodedValue, decode } from './bencode.ts'
import { createReader, DICTIONARY, END } from './bencode-reader.ts'
import { type Spans, spanAt } from './bencode-spans.ts'
import { HASH_BYTES, MAX_PIECE_LENGTH, MAX_PIECES, MIN_PIECE_LENGTH, V1_HASH_BYTES } from './constants.ts'
import { HashMismatchError, MetainfoError } from './errors.ts'
import { attributesOf, bytesOf, countOf, decodedIn, dictionaryOf, spansIn, textOf } from './fields.ts'
import { hasFileList, type ListedFile, readFileList } from './file-list.ts'
import { createHash } from './hashes.ts'
import type { ContentFile, ContentId, Metainfo } from './metainfo.ts'
import { checkName, createPathChecker, quote } from './names.ts'
import { sha256 } from './tree.ts'

/**
 * The metainfo that an info dictionary fetched from a stranger stands for; its piece layers are still missing.
 *
 * @param info - the bencoded dictionary
 * @param expected - the content id that was asked for
 * @throws HashMismatchError when `info` is not that content's; MetainfoError, BencodeError or UnsafeNameError when it is but
 * cannot be held
 */
export function metainfoFromInfo(info: Uint8Array, expected: ContentId): Metainfo {
  const actual = hexOf(sha256(info))
  if (actual !== expected) {
    throw new HashMismatchError(`The info dictionary has the hash ${actual}, not ${expected}.`)
  }
  // A copy: the bytes may be a view into a network buffer, and the names and roots below are views into them.
  const own = new Uint8Array(info)
  return readInfo(own)
}

/** A v2 or hybrid info dictionary, checked. Names and roots are views into `info`. */
export function readInfo(info: Uint8Array): Metainfo {
  const dictionary = spansIn(info, 'info dictionary')
  const version = decodedIn(dictionary, 'meta version')
  if (version !== 2 || !dictionary.has('file tree')) {
    if (version === undefined && hasFileList(dictionary)) {
      throw new MetainfoError('This is a BitTorrent v1 torrent; BitCDN delivers v2 and hybrid ones.', {
        advice: 'Publish its files anew: that makes a hybrid torrent. `bitcdn torrent show` and `verify` read v1 too.',
      })
    }
    throw new MetainfoError(`The info dictionary is not of BitTorrent v2 (meta version ${printable(version)}).`)
  }
  const name = textOf(bytesOf(decodedIn(dictionary, 'name'), 'name'), 'name')
  checkName(name)
  const pieceLength = readPieceLength(dictionary)
  const files = readTree(dictionary.get('file tree') as Uint8Array, pieceLength)
  const last = files.at(-1)
  const length = files.reduce((sum, file) => sum + file.length, 0)
  if (last === undefined || length === 0) throw new MetainfoError('The content is empty: it has no bytes to deliver.')
  const hybrid = hasFileList(dictionary)
  const metainfo = {
    contentId: hexOf(sha256(info)),
    infohashV1: hybrid ? createHash('sha1').update(info).digest('hex') : null,
    info,
    name,
    single: isSingle(files, dictionary),
    pieceLength,
    files,
    length,
    pieceCount: last.firstPiece + last.pieceCount,
    pieceLayers: new Map<string, Uint8Array>(),
    trackers: [],
    webSeeds: [],
  }
  if (hybrid) checkHybrid(dictionary, metainfo)
  return metainfo
}

function readPieceLength(dictionary: Spans): number {
  const length = countOf(decodedIn(dictionary, 'piece length'), 'piece length', MIN_PIECE_LENGTH, MAX_PIECE_LENGTH)
  if (!Number.isInteger(Math.log2(length))) throw new MetainfoError(`The piece length ${length} is no power of two.`)
  return length
}

/** v2 alone does not tell a file from a folder that holds one file. libtorrent takes both for the file; so do we. */
function isSingle(files: readonly ContentFile[], dictionary: Spans): boolean {
  return files.length === 1 && files[0]?.path.length === 1 && !dictionary.has('files')
}

const ZERO = 0x30
const COLON = 0x3a

interface Folder {
  readonly path: readonly string[]
  lastKey: string | null
}

/** The files of BEP 52's tree in its order, which is the order of their pieces. `tree` is bencoded, and was checked. */
function readTree(tree: Uint8Array, pieceLength: number): ContentFile[] {
  const files: ContentFile[] = []
  const checkPath = createPathChecker()
  const reader = createReader(tree)
  if (reader.peek() !== DICTIONARY) throw new MetainfoError('The file tree is not a dictionary.')
  reader.skip()
  const open: Folder[] = [{ path: [], lastKey: null }]
  let length = 0
  let firstPiece = 0
  for (let folder = open.at(-1); folder !== undefined; folder = open.at(-1)) {
    if (reader.peek() === END) {
      reader.skip()
      open.pop()
      continue
    }
    folder.lastKey = reader.key(folder.lastKey)
    // not spread: that leaves room for more in each of a hundred thousand
    const path = folder.path.concat(textOf(bytesOfKey(folder.lastKey), 'name of a file'))
    if (reader.peek() === DICTIONARY && !isFile(tree, reader.position())) {
      reader.skip()
      if (reader.peek() === END) throw new MetainfoError(`The folder ${quote(path.join('/'))} is empty.`)
      open.push({ path, lastKey: null })
      continue
    }
    const node = dictionaryOf(decode(spanAt(tree, reader)), `entry of ${quote(path.join('/'))} in the file tree`)
    if (node.size > 1) throw new MetainfoError(`${quote(path.join('/'))} is a file and a folder at once.`)
    checkPath(path)
    const file = readFile(node, path, pieceLength, firstPiece)
    length += file.length
    firstPiece += file.pieceCount
    if (!Number.isSafeInteger(length) || firstPiece > MAX_PIECES) {
      throw new MetainfoError(`The content has more than ${MAX_PIECES} pieces.`, {
        advice: 'Its publisher can choose a larger piece length.',
      })
    }
    files.push(file)
  }
  return files
}

/** Whether the dictionary at `at` has the empty key, which is the first in their order. */
function isFile(tree: Uint8Array, at: number): boolean {
  return tree[at + 1] === ZERO && tree[at + 2] === COLON
}

function readFile(node: DecodedDictionary, path: string[], pieceLength: number, firstPiece: number): ContentFile {
  const shown = quote(path.join('/'))
  const entry = dictionaryOf(node.get(''), `entry of ${shown}`)
  const attributes = attributesOf(entry.get('attr'))
  if (attributes.includes('l') || entry.has('symlink path')) {
    throw new MetainfoError(`${shown} is a symbolic link (BEP 47), and links are never followed.`)
  }
  if (attributes.includes('p')) throw new MetainfoError(`${shown} is a pad file, which a file tree must not have.`)
  const length = countOf(entry.get('length'), `length of ${shown}`, 0, Number.MAX_SAFE_INTEGER)
  const executable = attributes.includes('x')
  if (length === 0) {
    if (entry.has('pieces root')) throw new MetainfoError(`${shown} is empty and yet has a pieces root.`)
    return { path, length, piecesRoot: null, executable, firstPiece, pieceCount: 0 }
  }
  const piecesRoot = bytesOf(entry.get('pieces root'), `pieces root of ${shown}`)
  if (piecesRoot.length !== HASH_BYTES) {
    throw new MetainfoError(`The pieces root of ${shown} has ${piecesRoot.length} bytes, not ${HASH_BYTES}.`)
  }
  return { path, length, piecesRoot, executable, firstPiece, pieceCount: Math.ceil(length / pieceLength) }
}

/**
 * A hybrid must say the same twice, otherwise v1 and v2 peers of one swarm would hold different files: same files in the same
 * order, each at the start of a piece.
 */
function checkHybrid(dictionary: Spans, metainfo: Metainfo): void {
  const { pieceLength, files, name } = metainfo
  const { files: listed, single } = readFileList(dictionary, name)
  if (single !== metainfo.single) throw new MetainfoError('The v1 and v2 parts differ: one has a folder, one has none.')
  let count = 0
  let end = 0
  let difference: MetainfoError | null = null
  for (const twin of listed) {
    end = twin.offset + twin.length
    if (twin.pad) continue
    const file = files[count++]
    if (file !== undefined) difference ??= differenceOf(file, twin, pieceLength)
  }
  if (count !== files.length) {
    throw new MetainfoError(`The v1 part lists ${count} files, the v2 part ${files.length}.`)
  }
  if (difference !== null) throw difference
  const pieces = bytesOf(decodedIn(dictionary, 'pieces'), 'list of v1 piece hashes')
  const wanted = Math.ceil(end / pieceLength)
  if (wanted !== metainfo.pieceCount || pieces.length !== wanted * V1_HASH_BYTES) {
    throw new MetainfoError(
      `The v1 part has ${pieces.length / V1_HASH_BYTES} piece hashes for ${wanted} pieces; the v2 part has ${metainfo.pieceCount} pieces.`,
    )
  }
}

/** `twin` is the file in the v1 part. Null when both say the same. */
function differenceOf(file: ContentFile, twin: ListedFile, pieceLength: number): MetainfoError | null {
  const path = file.path.join('/')
  if (twin.path.join('/') !== path || twin.length !== file.length) {
    return new MetainfoError(`The v1 and v2 parts differ at ${quote(path)}.`)
  }
  if (twin.executable !== file.executable) {
    return new MetainfoError(`The v1 and v2 parts differ in the attributes of ${quote(path)}.`)
  }
  if (file.length === 0 || twin.offset === file.firstPiece * pieceLength) return null
  return new MetainfoError(`The v1 part does not begin a piece with ${quote(path)}: a pad file is missing or wrong.`)
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function printable(version: DecodedValue | undefined): string {
  return typeof version === 'number' || typeof version === 'bigint' ? String(version) : 'missing'
}
