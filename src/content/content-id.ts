// The many ways to write a content id down: hex, magnet link, CID. All name the same SHA-256.
import { base32 } from 'multiformats/bases/base32'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { BitCdnError } from '../errors.ts'
import { isUrl, TRACKER_PROTOCOLS, WEB_SEED_PROTOCOLS } from './fields.ts'
import type { ContentId } from './metainfo.ts'

/** Multicodec `torrent-info`. */
export const TORRENT_INFO_CODEC = 0x7b

/** Multihash code of sha2-256. */
const SHA2_256 = 0x12

const CONTENT_ID = /^[0-9a-f]{64}$/

/** Longest magnet link that is read; browsers and desktops pass on no more than that either. */
const MAX_MAGNET_CHARACTERS = 64 * 1024

export interface Magnet {
  /** Null when the link names a v1 torrent alone. */
  readonly contentId: ContentId | null
  /** 40 hex digits, or null. */
  readonly infohashV1: string | null
  /** What the link calls it, for showing only: it is neither checked nor a file name. */
  readonly name: string | null
  readonly trackers: readonly string[]
  readonly webSeeds: readonly string[]
}

/** What a magnet link is made of: a `Metainfo` as it is, or a v1 torrent with null for its content id. */
export interface Linked {
  readonly contentId: ContentId | null
  readonly infohashV1: string | null
  readonly name: string
  readonly trackers: readonly string[]
  readonly webSeeds: readonly string[]
}

/** `magnet:?xt=urn:btih:…&xt=urn:btmh:1220…&dn=…&tr=…&ws=…` (BEP 9, BEP 52). */
export function magnetLink({ contentId, infohashV1, name, trackers, webSeeds }: Linked): string {
  const parts = [
    ...(infohashV1 === null ? [] : [`xt=urn:btih:${infohashV1}`]),
    ...(contentId === null ? [] : [`xt=urn:btmh:1220${contentId}`]),
    `dn=${encodeURIComponent(name)}`,
    ...trackers.map((url) => `tr=${encodeURIComponent(url)}`),
    ...webSeeds.map((url) => `ws=${encodeURIComponent(url)}`),
  ]
  return `magnet:?${parts.join('&')}`
}

/** Reads a magnet link. Throws `usage` when it is none, names no content, or names two. */
export function parseMagnet(link: string): Magnet {
  if (!/^magnet:\?/i.test(link) || link.length > MAX_MAGNET_CHARACTERS) throw notAnId(link, 'is no magnet link')
  const fields = new URLSearchParams(link.slice(link.indexOf('?') + 1))
  // `xt.1=` numbers several topics, as the magnet scheme allows.
  const topics = [...fields].filter(([key]) => /^xt(\.\d+)?$/.test(key)).map(([, value]) => value)
  const contentId = onlyOne(link, topics.map(v2Topic))
  const infohashV1 = onlyOne(link, topics.map(v1Topic))
  if (contentId === null && infohashV1 === null) throw notAnId(link, 'names no BitTorrent content')
  const urls = (key: string, protocols: readonly string[]): string[] => [
    ...new Set(fields.getAll(key).filter((url) => isUrl(url, protocols))),
  ]
  return {
    contentId,
    infohashV1,
    name: fields.get('dn'),
    trackers: urls('tr', TRACKER_PROTOCOLS),
    webSeeds: urls('ws', WEB_SEED_PROTOCOLS),
  }
}

function v2Topic(topic: string): string | null {
  return /^urn:btmh:1220([0-9a-f]{64})$/i.exec(topic)?.[1]?.toLowerCase() ?? null
}

/** BEP 9: 40 hex digits, or 32 of base 32 in old links. */
function v1Topic(topic: string): string | null {
  const written = /^urn:btih:([0-9a-f]{40}|[a-z2-7]{32})$/i.exec(topic)?.[1]?.toLowerCase()
  if (written === undefined) return null
  return written.length === 40 ? written : Buffer.from(base32.baseDecode(written)).toString('hex')
}

function onlyOne(link: string, found: readonly (string | null)[]): string | null {
  const different = new Set(found.filter((id) => id !== null))
  if (different.size > 1) throw notAnId(link, 'names two contents')
  return [...different][0] ?? null
}

/** A content id from 64 hex digits (with or without `0x`), a magnet link or a CID. Throws `usage` for anything else. */
export function parseContentId(text: string): ContentId {
  const written = text.trim()
  const hex = written.replace(/^0x/i, '').toLowerCase()
  if (CONTENT_ID.test(hex)) return hex
  if (/^magnet:/i.test(written)) {
    const { contentId } = parseMagnet(written)
    if (contentId === null) throw notAnId(written, 'names a BitTorrent v1 content, which has no content id')
    return contentId
  }
  return idFromCid(written)
}

function idFromCid(text: string): ContentId {
  let cid: CID
  try {
    cid = CID.parse(text)
  } catch (cause) {
    throw notAnId(text, 'is no content id', cause)
  }
  if (cid.code !== TORRENT_INFO_CODEC || cid.multihash.code !== SHA2_256) {
    throw notAnId(text, `is a CID of another kind (codec 0x${cid.code.toString(16)})`)
  }
  return Buffer.from(cid.multihash.digest).toString('hex')
}

/** The CIDv1 of a content: codec `torrent-info`, sha2-256. `toString()` writes it in base 32. */
export function contentCid(contentId: ContentId): CID {
  return CID.createV1(TORRENT_INFO_CODEC, createDigest(SHA2_256, contentIdBytes(contentId)))
}

/** The 32 bytes of a content id. */
export function contentIdBytes(contentId: ContentId): Uint8Array<ArrayBuffer> {
  if (!CONTENT_ID.test(contentId)) throw notAnId(contentId, 'is no content id')
  return Uint8Array.from(Buffer.from(contentId, 'hex'))
}

function notAnId(text: string, fault: string, cause?: unknown): BitCdnError {
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
  return new BitCdnError('usage', `${shown} ${fault}.`, {
    advice: 'Give a content id of 64 hex digits, a magnet link with urn:btmh:1220…, or a CID.',
    ...(cause === undefined ? {} : { cause }),
  })
}
