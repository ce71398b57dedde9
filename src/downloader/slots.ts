// Memory that bytes arrive in once: from the socket, through the check, to the disk. It is shared with the thread that
// checks. A slot has one owner at a time: free, a want, the check of what came for it, the write, free.
import { type Metainfo, UNIT_BYTES } from '../content/index.ts'
import { MAX_SLOTS, ROOTS_BYTES, SLICE_BYTES } from './constants.ts'

export interface Slot {
  /** The number by which the checking thread knows it; never used twice in a process. */
  readonly id: number
  /** Room for one slice, and behind it for the roots that its units must have. */
  readonly memory: SharedArrayBuffer
  readonly bytes: Uint8Array
  readonly roots: Uint8Array
}

export interface Slots {
  /** How many can be borrowed now. */
  readonly free: number
  borrow(): Slot
  giveBack(slot: Slot): void
  /** All that were ever made. */
  all(): readonly Slot[]
}

let made = 0

/** The longest slice that a content has, in whole units: no slice is longer than its piece, nor a piece than its file. */
export function longestSlice({ files, pieceLength }: Pick<Metainfo, 'files' | 'pieceLength'>): number {
  let longest = 0
  for (const { length } of files) if (length > longest) longest = length
  return Math.min(SLICE_BYTES, Math.ceil(Math.min(longest, pieceLength) / UNIT_BYTES) * UNIT_BYTES)
}

/**
 * At most {@link MAX_SLOTS} are in use; one is made when none that was used before is free.
 *
 * @param bytes - what one has room for, in whole units
 */
export function createSlots(bytes: number = SLICE_BYTES): Slots {
  const slots: Slot[] = []
  const spare: Slot[] = []
  let used = 0

  return {
    get free() {
      return MAX_SLOTS - used
    },
    borrow() {
      used += 1
      return spare.pop() ?? newSlot()
    },
    giveBack(slot) {
      used -= 1
      spare.push(slot)
    },
    all: () => slots,
  }

  function newSlot(): Slot {
    const memory = new SharedArrayBuffer(bytes + ROOTS_BYTES)
    const slot: Slot = {
      ...{ id: made++, memory },
      bytes: new Uint8Array(memory, 0, bytes),
      roots: new Uint8Array(memory, bytes),
    }
    slots.push(slot)
    return slot
  }
}
