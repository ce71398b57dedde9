// The bytes of a file that grows in place.
export interface Extent {
  readonly length: number
  write(offset: number, data: Uint8Array): void
  truncate(length: number): void
  /** The bytes themselves, not a copy. */
  content(): Buffer
}

/** A copy of `from`, or nothing. */
export function createExtent(from?: Extent): Extent {
  let length = from?.length ?? 0
  let bytes = Buffer.alloc(Math.max(4096, length + length / 4))
  if (from !== undefined) bytes.set(from.content())

  function reserve(needed: number): void {
    if (needed <= bytes.length) return
    const larger = Buffer.alloc(Math.max(needed, bytes.length * 2))
    bytes.copy(larger, 0, 0, length)
    bytes = larger
  }

  return {
    get length() {
      return length
    },
    write(offset, data) {
      reserve(offset + data.length)
      bytes.set(data, offset)
      length = Math.max(length, offset + data.length)
    },
    truncate(to) {
      reserve(to)
      if (to < length) bytes.fill(0, to, length)
      length = to
    },
    content: () => bytes.subarray(0, length),
  }
}
