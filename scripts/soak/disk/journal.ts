// The log of disk.c as records.
export const OPERATION = {
  create: 1,
  write: 2,
  sync: 3,
  truncate: 4,
  unlink: 5,
  rename: 6,
  syncFolder: 7,
  note: 8,
  syncFailed: 9,
} as const

export interface DiskRecord {
  readonly operation: number
  readonly file: number
  readonly offset: number
  readonly data: Buffer
}

const HEAD = 16

export function readJournal(bytes: Buffer): DiskRecord[] {
  const records: DiskRecord[] = []
  for (let at = 0; at + HEAD <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 4)
    const end = at + HEAD + length
    if (end > bytes.length) throw new Error(`The log of the disk ends within a record at ${at}.`)
    records.push({
      operation: bytes.readUInt8(at),
      file: bytes.readUIntLE(at + 1, 3),
      offset: Number(bytes.readBigUInt64LE(at + 8)),
      data: bytes.subarray(at + HEAD, end),
    })
    at = end
  }
  return records
}
