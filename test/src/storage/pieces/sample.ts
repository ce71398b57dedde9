import { createHash } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ContentStore, type Metainfo, pieceAt, UNIT_BYTES } from '../../../../src/content/index.ts'
import { createTorrent } from '../../../../src/storage/pieces/index.ts'
import { type GoldenFile, goldenBytes, writeGolden } from '../../content/golden.ts'

/** A content on disk with room beside it; remove it with `remove`. */
export interface Sample {
  readonly folder: string
  /** The content itself. */
  readonly path: string
  readonly metainfo: Metainfo
  at(...parts: string[]): string
  remove(): Promise<void>
}

export const SAMPLE_FILES: readonly GoldenFile[] = [
  { path: 'big', length: 1_500_000 },
  { path: 'folder/small', length: 5 },
  { path: 'folder/run', length: 300_000, executable: true },
  { path: 'zero', length: 0 },
  { path: 'Übung/日本', length: 131_073 },
]

export async function temporaryFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), 'bitcdn-pieces-'))
}

export async function makeSample(
  files: readonly GoldenFile[] = SAMPLE_FILES,
  { pieceLength = 512 * 1024, name = 'sample', single = false } = {},
): Promise<Sample> {
  const folder = await temporaryFolder()
  const path = await writeGolden({ name, single, files, pieceLength, v2Only: false }, folder)
  const { metainfo } = await createTorrent(path, { pieceLength })
  return {
    folder,
    path,
    metainfo,
    at: (...parts) => join(folder, ...parts),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

/** The bytes that a piece of a sample must have. */
export function pieceBytes(metainfo: Metainfo, index: number): Uint8Array {
  const { file, offset, length } = pieceAt(metainfo, index)
  return goldenBytes(metainfo.files[file]!.length).subarray(offset, offset + length)
}

/** Writes the named units, or all that are missing, as a downloader does that has verified them. */
export async function fill(store: ContentStore, wanted: (piece: number, unit: number) => boolean = () => true) {
  const { metainfo } = store
  for (let piece = 0; piece < metainfo.pieceCount; piece += 1) {
    const bytes = pieceBytes(metainfo, piece)
    for (let unit = 0; unit * UNIT_BYTES < bytes.length; unit += 1) {
      if (!wanted(piece, unit)) continue
      await store.write(piece, unit * UNIT_BYTES, bytes.subarray(unit * UNIT_BYTES, (unit + 1) * UNIT_BYTES))
    }
  }
}

/** Reads all that the store says it has and compares it; answers the bytes. */
export async function readHeld(store: ContentStore): Promise<number> {
  let held = 0
  for (let piece = 0; piece < store.metainfo.pieceCount; piece += 1) {
    const expected = pieceBytes(store.metainfo, piece)
    for (let unit = 0; unit * UNIT_BYTES < expected.length; unit += 1) {
      if (!store.hasUnit(piece, unit)) continue
      const part = expected.subarray(unit * UNIT_BYTES, (unit + 1) * UNIT_BYTES)
      const bytes = new Uint8Array(part.length)
      await store.read(piece, unit * UNIT_BYTES, bytes)
      if (Buffer.compare(bytes, part) !== 0) throw new Error(`Piece ${piece}, unit ${unit} is held and wrong.`)
      held += bytes.length
    }
  }
  return held
}

/** Changes one byte in place, at a time that differs from before even where clocks tick slowly. */
export async function damage(path: string, offset: number): Promise<void> {
  const file = await open(path, 'r+')
  try {
    const byte = new Uint8Array(1)
    await file.read(byte, 0, 1, offset)
    await file.write(Uint8Array.of(byte[0]! ^ 0xff), 0, 1, offset)
    const { mtimeMs } = await file.stat()
    await file.utimes(mtimeMs / 1000 + 10, mtimeMs / 1000 + 10)
  } finally {
    await file.close()
  }
}

export function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
