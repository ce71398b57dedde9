/** xorshift32: the same inputs from the same seed, on every machine. */
export function randomFrom(seed: number): () => number {
  let state = seed | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x30, 0x39, 0x3a, 0x65, 0x69, 0x6c, 0x64, 0x2d]

/** A damaged copy of one of `samples`: bits flipped, bytes set to edges, parts cut, repeated, swapped in from another. */
export function mutate(samples: readonly Uint8Array[], random: () => number): Uint8Array {
  let bytes = Uint8Array.from(samples[random() % samples.length]!)
  for (let rounds = (random() % 6) + 1; rounds > 0; rounds--) {
    const at = bytes.length === 0 ? 0 : random() % bytes.length
    switch (random() % 7) {
      case 0:
        if (bytes.length > 0) bytes[at]! ^= 1 << (random() % 8)
        break
      case 1:
        if (bytes.length > 0) bytes[at] = EDGES[random() % EDGES.length]!
        break
      case 2:
        bytes = bytes.slice(0, at)
        break
      case 3: {
        const end = Math.min(bytes.length, at + (random() % 64))
        bytes = Uint8Array.from([...bytes.subarray(0, end), ...bytes.subarray(at)])
        break
      }
      case 4: {
        const other = samples[random() % samples.length]!
        bytes = Uint8Array.from([...bytes.subarray(0, at), ...other.subarray(random() % (other.length + 1))])
        break
      }
      case 5:
        bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + (random() % 8))])
        break
      default: {
        // A decimal number anywhere becomes a huge one: lengths are what decoders trust too early.
        const digits = new TextEncoder().encode(String(random() % 2 === 0 ? 2 ** 53 : random()))
        bytes = Uint8Array.from([...bytes.subarray(0, at), ...digits, ...bytes.subarray(at)])
      }
    }
  }
  return bytes
}
