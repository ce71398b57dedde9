import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { SourceFile } from '../../../src/content/index.ts'

/** One content that is made the same everywhere; `golden.json` has what libtorrent says about each. */
export interface GoldenCase {
  /** Name of the content: of its folder, or of its single file. */
  readonly name: string
  readonly single: boolean
  readonly pieceLength: number
  readonly v2Only: boolean
  readonly files: readonly GoldenFile[]
}

export interface GoldenFile {
  readonly path: string
  readonly length: number
  readonly executable?: boolean
}

const KIB = 1024

/** Lengths around the borders of leaves, units and pieces. */
export function borderLengths(pieceLength: number): number[] {
  const borders = [16 * KIB, 32 * KIB, 128 * KIB, 256 * KIB, pieceLength, 2 * pieceLength, 3 * pieceLength]
  const lengths = [1, ...borders.flatMap((border) => [border - 1, border, border + 1])]
  return [...new Set(lengths)].sort((a, b) => a - b)
}

/** The folder that has everything: nested, unicode, empty and executable files, names that sort in surprising ways. */
const EVERYTHING: readonly GoldenFile[] = [
  { path: 'readme.txt', length: 40_000 },
  { path: 'Zebra', length: 1, executable: true },
  { path: 'apple', length: 16_384 },
  { path: '.hidden', length: 9 },
  { path: 'zero', length: 0 },
  { path: 'sub/zero', length: 0 },
  { path: 'sub/deep/er/x.bin', length: 700_001 },
  { path: 'sub/run.sh', length: 300, executable: true },
  { path: 'sub-x', length: 5 },
  { path: 'sub.x', length: 131_073 },
  { path: 'sub0', length: 32_768 },
  { path: 'Überraschung/naïve café.txt', length: 16_383 },
  { path: '日本語/ファイル', length: 262_145 },
  { path: 'emoji 😀', length: 131_072 },
  { path: 'z/zero executable', length: 0, executable: true },
]

export const GOLDEN_CASES: readonly GoldenCase[] = [
  ...[16 * KIB, 64 * KIB, 256 * KIB].flatMap((pieceLength) =>
    borderLengths(pieceLength).flatMap((length) =>
      [false, true].map((v2Only) => oneFile('single.bin', length, pieceLength, v2Only)),
    ),
  ),
  { ...oneFile('run', 100_000, 32 * KIB, false), files: [{ path: 'run', length: 100_000, executable: true }] },
  ...[16 * KIB, 32 * KIB, 256 * KIB, 1024 * KIB].flatMap((pieceLength) =>
    [false, true].map((v2Only) => folder('everything', EVERYTHING, pieceLength, v2Only)),
  ),
  ...[false, true].map((v2Only) =>
    folder(
      'borders',
      [0, ...borderLengths(32 * KIB)].map((length) => ({ path: `${length}.bin`, length })),
      32 * KIB,
      v2Only,
    ),
  ),
  ...[false, true].map((v2Only) => folder('lone', [{ path: 'inside', length: 50_000 }], 32 * KIB, v2Only)),
  folder('lone runner', [{ path: 'deep/down/run', length: 32_768, executable: true }], 32 * KIB, false),
  folder(
    'twins',
    [
      { path: 'a', length: 100_000 },
      { path: 'b', length: 100_000 },
    ],
    32 * KIB,
    false,
  ),
]

function oneFile(name: string, length: number, pieceLength: number, v2Only: boolean): GoldenCase {
  return { name, single: true, pieceLength, v2Only, files: [{ path: name, length }] }
}

function folder(name: string, files: readonly GoldenFile[], pieceLength: number, v2Only: boolean): GoldenCase {
  return { name, single: false, pieceLength, v2Only, files }
}

/** Bytes that look random and depend on nothing but their place: xorshift32. */
export function goldenBytes(length: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4))
  let state = 0x9e3779b9
  for (let word = 0; word < words.length; word += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[word] = state
  }
  return new Uint8Array(words.buffer, 0, length)
}

/** The case's files as `buildMetainfo` takes them, in chunks that fall across leaves. */
export function goldenSources({ files }: Pick<GoldenCase, 'files'>, chunkBytes = 50_001): SourceFile[] {
  return files.map(({ path, length, executable }) => ({
    path: path.split('/'),
    length,
    executable: executable === true,
    async *open() {
      const bytes = goldenBytes(length)
      for (let at = 0; at < length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
    },
  }))
}

/** Writes the case's files below `parent`; answers the path of the content. */
export async function writeGolden({ name, single, files }: GoldenCase, parent: string): Promise<string> {
  for (const { path, length, executable } of files) {
    const whole = single ? join(parent, name) : join(parent, name, path)
    await mkdir(dirname(whole), { recursive: true })
    await writeFile(whole, goldenBytes(length), { mode: executable ? 0o755 : 0o644 })
  }
  return join(parent, name)
}
