import { type Metainfo, type Piece, pieceAt, UNIT_BYTES, unitCount, unitLength } from '../../content/index.ts'

/** Which units are verified. Counts are kept, so that every question is answered without a walk. */
export interface Held {
  readonly verifiedBytes: number
  readonly complete: boolean
  hasPiece(piece: number): boolean
  hasUnit(piece: number, unit: number): boolean
  add(piece: Piece, unit: number): void
  addPiece(piece: Piece): void
  dropPiece(piece: Piece): void
  /** One bit a piece, most significant first. */
  bitfield(): Uint8Array
  /** A copy of all units' bits, as a journal stores them. */
  units(): Uint8Array
}

/** The number of bytes that {@link Held.units} has for this content. */
export function unitsBytes(metainfo: Metainfo): number {
  return Math.ceil((metainfo.pieceCount * slotsPerPiece(metainfo)) / 8)
}

/** Whether unit `unit` of `piece` is set in bits that {@link Held.units} made. */
export function isSet(bits: Uint8Array, metainfo: Metainfo, piece: number, unit: number): boolean {
  return bitAt(bits, piece * slotsPerPiece(metainfo) + unit)
}

/** Every piece has room for as many units as a full one, so that a unit's place needs no table. */
function slotsPerPiece({ pieceLength }: Metainfo): number {
  return Math.max(1, pieceLength / UNIT_BYTES)
}

function bitAt(bits: Uint8Array, place: number): boolean {
  return ((bits[place >>> 3] as number) & (0x80 >>> (place & 7))) !== 0
}

export function createHeld(metainfo: Metainfo): Held {
  const slots = slotsPerPiece(metainfo)
  const bits = new Uint8Array(unitsBytes(metainfo))
  /** Units that a piece still lacks. */
  const lacking = new Uint16Array(metainfo.pieceCount)
  const whole = new Uint8Array(Math.ceil(metainfo.pieceCount / 8))
  let verifiedBytes = 0
  let missingPieces = metainfo.pieceCount
  for (const { firstPiece, pieceCount, length } of metainfo.files) {
    if (pieceCount === 0) continue
    lacking.fill(slots, firstPiece, firstPiece + pieceCount)
    lacking[firstPiece + pieceCount - 1] = unitCount({ length: length - (pieceCount - 1) * metainfo.pieceLength })
  }

  const held: Held = {
    get verifiedBytes() {
      return verifiedBytes
    },
    get complete() {
      return missingPieces === 0
    },
    hasPiece: (piece) => lacking[piece] === 0,
    hasUnit: (piece, unit) => piece >= 0 && unit >= 0 && unit < slots && piece < lacking.length && has(piece, unit),
    add(piece, unit) {
      if (has(piece.index, unit)) return
      const place = piece.index * slots + unit
      bits[place >>> 3] = (bits[place >>> 3] as number) | (0x80 >>> (place & 7))
      verifiedBytes += unitLength(piece, unit)
      const left = (lacking[piece.index] as number) - 1
      lacking[piece.index] = left
      if (left > 0) return
      missingPieces -= 1
      whole[piece.index >>> 3] = (whole[piece.index >>> 3] as number) | (0x80 >>> (piece.index & 7))
    },
    addPiece(piece) {
      for (let unit = 0; unit < unitCount(piece); unit += 1) held.add(piece, unit)
    },
    dropPiece(piece) {
      if (lacking[piece.index] === 0) {
        missingPieces += 1
        whole[piece.index >>> 3] = (whole[piece.index >>> 3] as number) & ~(0x80 >>> (piece.index & 7))
      }
      for (let unit = 0; unit < unitCount(piece); unit += 1) {
        if (!has(piece.index, unit)) continue
        const place = piece.index * slots + unit
        bits[place >>> 3] = (bits[place >>> 3] as number) & ~(0x80 >>> (place & 7))
        verifiedBytes -= unitLength(piece, unit)
        lacking[piece.index] = (lacking[piece.index] as number) + 1
      }
    },
    bitfield: () => whole.slice(),
    units: () => bits.slice(),
  }
  function has(piece: number, unit: number): boolean {
    return bitAt(bits, piece * slots + unit)
  }
  return held
}

/** Adds the units of file `file` that are set in `bits`. */
export function addUnits(held: Held, metainfo: Metainfo, file: number, bits: Uint8Array): void {
  const { firstPiece, pieceCount } = metainfo.files[file] as Metainfo['files'][number]
  for (let index = firstPiece; index < firstPiece + pieceCount; index += 1) {
    const piece = pieceAt(metainfo, index)
    for (let unit = 0; unit < unitCount(piece); unit += 1) {
      if (isSet(bits, metainfo, index, unit)) held.add(piece, unit)
    }
  }
}
