// Node's scrypt is native, and refuses what RFC 7914 forbade before its erratum: N of 2^(16 r) and more. The first
// Ethereum clients wrote such keystores (r = 1), and the published test vector is one. Those alone are computed here.
import { scrypt as native, pbkdf2Sync } from 'node:crypto'

export interface ScryptCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

const OVERHEAD = 64 * 2 ** 20

export async function scrypt(
  password: Uint8Array,
  salt: Uint8Array,
  { N, r, p }: ScryptCost,
  length: number,
): Promise<Uint8Array> {
  if (N >= 2 ** (16 * r)) return scryptBeyondLimit(password, salt, { N, r, p }, length)
  return new Promise((resolve, reject) => {
    const cost = { N, r, p, maxmem: 128 * r * (N + p) + OVERHEAD }
    native(password, salt, length, cost, (error, key) => (error === null ? resolve(key) : reject(error)))
  })
}

function scryptBeyondLimit(
  password: Uint8Array,
  salt: Uint8Array,
  { N, r, p }: ScryptCost,
  length: number,
): Uint8Array {
  const width = 128 * r
  const blocks = new Uint8Array(pbkdf2Sync(password, salt, 1, p * width, 'sha256'))
  const kept = new Uint32Array(N * 32 * r)
  for (let at = 0; at < p; at++) mix(new Uint32Array(blocks.buffer, at * width, 32 * r), kept, N, r)
  return new Uint8Array(pbkdf2Sync(password, blocks, 1, length, 'sha256'))
}

/** scryptROMix, section 5. Words are little-endian, as every platform of Node is. */
function mix(block: Uint32Array, kept: Uint32Array, N: number, r: number): void {
  const words = 32 * r
  const spare = new Uint32Array(words)
  for (let i = 0; i < N; i++) {
    kept.set(block, i * words)
    mixBlock(block, spare, r)
  }
  for (let i = 0; i < N; i++) {
    const chosen = ((block[words - 16] as number) & (N - 1)) * words
    for (let word = 0; word < words; word++) block[word]! ^= kept[chosen + word]!
    mixBlock(block, spare, r)
  }
}

/** scryptBlockMix, section 4: even results first, odd ones behind them. */
function mixBlock(block: Uint32Array, spare: Uint32Array, r: number): void {
  const x = block.slice((2 * r - 1) * 16)
  for (let i = 0; i < 2 * r; i++) {
    for (let word = 0; word < 16; word++) x[word]! ^= block[i * 16 + word]!
    salsa8(x)
    spare.set(x, ((i % 2) * r + (i >> 1)) * 16)
  }
  block.set(spare)
}

/** Each row: the word that changes, the two that are added, and by how much their sum turns. */
const QUARTERS = [
  ...[4, 0, 12, 7, 8, 4, 0, 9, 12, 8, 4, 13, 0, 12, 8, 18, 9, 5, 1, 7, 13, 9, 5, 9, 1, 13, 9, 13, 5, 1, 13, 18],
  ...[14, 10, 6, 7, 2, 14, 10, 9, 6, 2, 14, 13, 10, 6, 2, 18, 3, 15, 11, 7, 7, 3, 15, 9, 11, 7, 3, 13, 15, 11, 7, 18],
  ...[1, 0, 3, 7, 2, 1, 0, 9, 3, 2, 1, 13, 0, 3, 2, 18, 6, 5, 4, 7, 7, 6, 5, 9, 4, 7, 6, 13, 5, 4, 7, 18],
  ...[
    11, 10, 9, 7, 8, 11, 10, 9, 9, 8, 11, 13, 10, 9, 8, 18, 12, 15, 14, 7, 13, 12, 15, 9, 14, 13, 12, 13, 15, 14, 13,
    18,
  ],
]

function salsa8(block: Uint32Array): void {
  const x = block.slice()
  for (let round = 0; round < 4; round++) {
    for (let at = 0; at < QUARTERS.length; at += 4) {
      const sum = (x[QUARTERS[at + 1]!]! + x[QUARTERS[at + 2]!]!) | 0
      const turn = QUARTERS[at + 3]!
      x[QUARTERS[at]!]! ^= (sum << turn) | (sum >>> (32 - turn))
    }
  }
  for (let word = 0; word < 16; word++) block[word] = (block[word]! + x[word]!) | 0
}
