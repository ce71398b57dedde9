// What is shared: the metainfo of a content, its hash trees and its names, as pure functions over bytes. BEP 52 has no
// other implementation in JavaScript; libtorrent is the judge of this one (test/interop).
export {
  type BencodeDictionary,
  type BencodeValue,
  type DecodedDictionary,
  type DecodedValue,
  type DecodeLimits,
  decode,
  encode,
} from './bencode.ts'
export { type BuildInit, buildMetainfo, type SourceFile } from './build.ts'
export { HASH_BYTES, MAX_METAINFO_BYTES, MAX_PIECE_LENGTH, MAX_PIECES, MIN_PIECE_LENGTH } from './constants.ts'
export {
  contentCid,
  contentIdBytes,
  type Linked,
  type Magnet,
  magnetLink,
  parseContentId,
  parseMagnet,
  TORRENT_INFO_CODEC,
} from './content-id.ts'
export { BencodeError, HashMismatchError, MetainfoError, UnsafeNameError } from './errors.ts'
export type { ListedFile } from './file-list.ts'
export { createFileHasher, type FileHasher, type FileHasherInit, type FileHashes } from './hash-file.ts'
export { metainfoFromInfo } from './info.ts'
export { withPieceLayers } from './layers.ts'
export type { ContentFile, ContentId, Metainfo } from './metainfo.ts'
export { checkName, quote } from './names.ts'
export { LEAF_BYTES, type Piece, UNIT_BYTES } from './piece.ts'
export { choosePieceLength, layerKey, missingLayers, pieceAt } from './pieces.ts'
export type { ContentStore } from './store.ts'
export { encodeTorrent, parseMetainfo, parseTorrent, type Torrent, type TorrentV1 } from './torrent-file.ts'
export { sha256 } from './tree.ts'
export { isOneUnit, unitCount, unitLength, unitRoot, unitRootsOf, verifyUnit, verifyUnitRoots } from './units.ts'
