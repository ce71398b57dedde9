// Content made for tests: a file of bytes that do not repeat, with its torrent.
import { createCipheriv } from 'node:crypto'
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Metainfo } from '../../src/content/index.ts'
import { createTorrent } from '../../src/storage/pieces/index.ts'

export interface TestContent {
  /** Scratch folder that `remove` deletes. */
  readonly folder: string
  readonly path: string
  readonly torrent: string
  readonly metainfo: Metainfo
  remove(): Promise<void>
}

/** Pseudo-random bytes, different for every seed, the same for the same. */
export function noise(length: number, seed = 1): Buffer {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16))
  return cipher.update(Buffer.alloc(length))
}

export async function makeContent(
  length: number,
  options: { pieceLength?: number; seed?: number } = {},
): Promise<TestContent> {
  const folder = await mkdtemp(join(tmpdir(), 'bitcdn-swarm-'))
  const path = join(folder, 'source', 'content.bin')
  await mkdir(join(folder, 'source'))
  await writeNoise(path, length, options.seed ?? 1)
  const { pieceLength } = options
  const { metainfo, torrent } = await createTorrent(path, pieceLength === undefined ? {} : { pieceLength })
  await writeFile(join(folder, 'content.torrent'), torrent)
  return {
    ...{ folder, path, torrent: join(folder, 'content.torrent'), metainfo },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

/** A folder of `count` files of 1 to 32 KiB, a thousand to a folder; a v2 torrent, since a hybrid holds half as many files. */
export async function makeFolder(count: number): Promise<TestContent> {
  const folder = await mkdtemp(join(tmpdir(), 'bitcdn-swarm-'))
  const path = join(folder, 'source', 'content')
  const bytes = noise(33 * 1024)
  for (let at = 0; at < count; at += 1) {
    const below = join(path, String(Math.floor(at / 1000)))
    if (at % 1000 === 0) await mkdir(below, { recursive: true })
    const length = 1024 + ((at * 7919) % (31 * 1024 + 1))
    await writeFile(join(below, `${at}.bin`), bytes.subarray(at % 1024, (at % 1024) + length))
  }
  const { metainfo, torrent } = await createTorrent(path, { v2Only: true })
  await writeFile(join(folder, 'content.torrent'), torrent)
  return {
    ...{ folder, path, torrent: join(folder, 'content.torrent'), metainfo },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

async function writeNoise(path: string, length: number, seed: number): Promise<void> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16))
  const zeros = Buffer.alloc(4 * 1024 * 1024)
  const file = await open(path, 'w')
  try {
    for (let done = 0; done < length; done += zeros.length) {
      await file.write(cipher.update(zeros.subarray(0, Math.min(zeros.length, length - done))))
    }
  } finally {
    await file.close()
  }
}
