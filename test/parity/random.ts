// Random numbers that a seed repeats: every case has a generator of its own, named by the seed and the case's number, so
// that one case out of a million can be made again alone.
import { keccak256, stringToBytes } from 'viem'

export interface Random {
  /** 32 bits. */
  next(): number
  /** From 0 to `end` - 1. */
  below(end: number): number
  /** From 0 to `end` - 1n. */
  bigBelow(end: bigint): bigint
  chance(probability: number): boolean
  bytes(count: number): Uint8Array
  pick<T>(from: readonly T[]): T
}

/** The generator of one case (sfc32). */
export function createRandom(seed: string, index = 0): Random {
  let [a, b, c] = hash(seed)
  let d = index >>> 0
  c ^= Math.floor(index / 2 ** 32)

  const next = (): number => {
    const sum = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return sum >>> 0
  }
  for (let i = 0; i < 15; i++) next()

  const below = (end: number) => Math.floor((next() / 2 ** 32) * end)
  return {
    next,
    below,
    bigBelow(end) {
      let value = 0n
      for (let bits = 0; end >> BigInt(bits) > 0n; bits += 32) value = (value << 32n) | BigInt(next())
      return ((value << 32n) | BigInt(next())) % end
    },
    chance: (probability) => next() < probability * 2 ** 32,
    bytes(count) {
      const made = new Uint8Array(count)
      for (let i = 0; i < count; i++) made[i] = next() & 0xff
      return made
    },
    pick: <T>(from: readonly T[]) => from[below(from.length)] as T,
  }
}

/** Three words out of any text (FNV-1a, one basis each). */
function hash(text: string): [number, number, number] {
  const of = (basis: number) => {
    let word = basis
    for (let i = 0; i < text.length; i++) word = Math.imul(word ^ text.charCodeAt(i), 0x01000193)
    return word | 0
  }
  return [of(0x811c9dc5), of(0x9e3779b9), of(0x85ebca6b)]
}

/** 64-bit numbers that a name stands for, one after another. */
export function numbersOf(name: string): () => bigint {
  let state = keccak256(stringToBytes(name))
  return () => {
    state = keccak256(state)
    return BigInt(state.slice(0, 18))
  }
}
