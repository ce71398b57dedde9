// What a disk may hold after a power cut: all that was flushed, and of the rest any part in any order. A file's name is a
// matter of its folder: it is certain only once the folder was flushed.
import type { Random } from '../../../test/parity/random.ts'
import { createExtent, type Extent } from './extent.ts'
import { type DiskRecord, OPERATION } from './journal.ts'

interface Change {
  /** -1: the file was cut to `offset` bytes. */
  readonly length: number
  readonly offset: number
  readonly data: Buffer
}

interface File {
  /** What is certain. */
  readonly flushed: Extent
  /** What was written since, oldest first. */
  pending: Change[]
}

export interface Platter {
  apply(record: DiskRecord): void
  /** Name and bytes of each file that one power cut leaves. */
  cut(random: Random): Map<string, Buffer>
}

const SECTORS = [512, 4096]
const NOTHING = Buffer.alloc(0)

/** `random` decides what a failed flush leaves: the system takes it for clean from then on, whatever arrived of it. */
export function createPlatter(random: Random): Platter {
  const files = new Map<number, File>()
  const nameOf = new Map<number, string>()
  const flushedNames = new Map<string, number>()
  /** For each name what it stood for since the folder was flushed, oldest first; 0: nothing. */
  const pendingNames = new Map<string, number[]>()

  const rename = (name: string, file: number): void => {
    pendingNames.set(name, [...(pendingNames.get(name) ?? []), file])
  }
  const get = (number: number): File => {
    const file = files.get(number)
    if (file === undefined) throw new Error(`The log names file ${number}, which was never made.`)
    return file
  }

  return {
    apply({ operation, file, offset, data }) {
      switch (operation) {
        case OPERATION.create:
          files.set(file, { flushed: createExtent(), pending: [] })
          nameOf.set(file, data.toString())
          return rename(data.toString(), file)
        case OPERATION.write:
          return void get(file).pending.push({ length: data.length, offset, data })
        case OPERATION.truncate:
          return void get(file).pending.push({ length: -1, offset, data: NOTHING })
        case OPERATION.sync: {
          const { flushed, pending } = get(file)
          for (const one of pending) change(flushed, one)
          get(file).pending = []
          return
        }
        case OPERATION.syncFailed:
          arrive(get(file), get(file).flushed, random)
          get(file).pending = []
          return
        case OPERATION.unlink:
          return rename(nameOf.get(file) ?? '', 0)
        case OPERATION.syncFolder:
          for (const [name, stood] of pendingNames) flushedNames.set(name, stood.at(-1)!)
          return pendingNames.clear()
        case OPERATION.note:
          return
        default:
          throw new Error(`The log has an operation that this disk does not know: ${operation}.`)
      }
    },
    cut(chance) {
      const names = new Map(flushedNames)
      for (const [name, stood] of pendingNames) {
        const at = chance.below(stood.length + 1) - 1
        if (at >= 0) names.set(name, stood[at]!)
      }
      const left = new Map<string, Buffer>()
      for (const [name, number] of names) {
        if (number === 0) continue
        const bytes = createExtent(get(number).flushed)
        arrive(get(number), bytes, chance)
        left.set(name, bytes.content())
      }
      return left
    },
  }
}

/** What reaches the disk of the changes that nobody flushed: all, none, or some sectors of each. */
function arrive({ pending }: File, bytes: Extent, random: Random): void {
  const keep = random.pick([0, 0.1, 0.5, 0.9, 1])
  const sector = random.pick(SECTORS)
  const torn = random.chance(0.6)
  const garbage = random.chance(0.2)
  for (const one of pending) {
    if (!torn || one.length < 0) {
      if (random.chance(keep)) change(bytes, one)
      continue
    }
    for (let at = 0; at < one.length; ) {
      const end = Math.min(one.length, at + sector - ((one.offset + at) % sector))
      const came = random.chance(keep)
      const grew = one.offset + end > bytes.length && random.chance(keep)
      if (came) bytes.write(one.offset + at, one.data.subarray(at, end))
      else if (grew) bytes.write(one.offset + at, garbage ? random.bytes(end - at) : Buffer.alloc(end - at))
      at = end
    }
  }
}

function change(bytes: Extent, { offset, length, data }: Change): void {
  if (length < 0) bytes.truncate(offset)
  else bytes.write(offset, data)
}
