// What both stores share: reading units that are held, and the roots of a piece's units.
import { isOneUnit, type Metainfo, pieceAt, UNIT_BYTES, unitRootsOf, verifyUnitRoots } from '../../content/index.ts'
import { BitCdnError } from '../../errors.ts'
import type { DiskFile } from './disk-file.ts'
import type { Held } from './held.ts'
import { createKeptRoots, type KeptRoots } from './kept-roots.ts'
import type { OpenFiles } from './open-files.ts'

export interface VerifiedReads {
  read(piece: number, offset: number, target: Uint8Array): Promise<void>
  unitRoots(piece: number): Promise<Uint8Array>
  /** Forgets the kept roots of a piece. */
  forget(piece: number): void
}

export interface VerifiedReadsInit {
  readonly metainfo: Metainfo
  readonly held: Held
  readonly files: OpenFiles
  /** Called before a file is read and when its bytes turn out to be wrong; throws when they cannot be trusted. */
  readonly check?: (file: number, handle: DiskFile) => Promise<void>
  /** Called when the bytes of a piece on disk are not those that were verified. */
  readonly onCorrupt: (piece: number) => void
  /** What is known already. */
  readonly roots?: KeptRoots
}

export function createVerifiedReads(init: VerifiedReadsInit): VerifiedReads {
  const { metainfo, held, files, check, onCorrupt } = init
  const kept = init.roots ?? createKeptRoots()

  async function readUnchecked(index: number, offset: number, target: Uint8Array): Promise<void> {
    const piece = pieceAt(metainfo, index)
    await files.use(piece.file, async (handle) => {
      if (check !== undefined) await check(piece.file, handle)
      for (let done = 0; done < target.length; ) {
        const count = await handle.read(target.subarray(done), piece.offset + offset + done)
        if (count === 0) throw notHeld(metainfo, index)
        done += count
      }
    })
  }

  return {
    async read(index, offset, target) {
      const { length } = pieceAt(metainfo, index)
      if (offset < 0 || offset + target.length > length) {
        throw new RangeError(`Piece ${index} has ${length} bytes; ${target.length} at ${offset} go beyond them.`)
      }
      if (!held.hasPiece(index)) {
        for (let unit = Math.floor(offset / UNIT_BYTES); unit * UNIT_BYTES < offset + target.length; unit += 1) {
          if (!held.hasUnit(index, unit)) throw notHeld(metainfo, index)
        }
      }
      await readUnchecked(index, offset, target)
    },

    async unitRoots(index) {
      const known = kept.get(index)
      if (known !== undefined) return known
      if (!held.hasPiece(index)) throw notHeld(metainfo, index)
      const piece = pieceAt(metainfo, index)
      if (isOneUnit(piece)) return piece.root
      const bytes = new Uint8Array(piece.length)
      await readUnchecked(index, 0, bytes)
      const roots = unitRootsOf(bytes, piece)
      if (!verifyUnitRoots(piece, roots)) {
        onCorrupt(index)
        throw notHeld(metainfo, index)
      }
      kept.keep(index, roots)
      return roots
    },

    forget: kept.forget,
  }
}

function notHeld(metainfo: Metainfo, piece: number): BitCdnError {
  return new BitCdnError(
    'verification-failed',
    `Piece ${piece} of ${metainfo.name} is not held, or not intact any more.`,
    {
      advice: 'Ask for pieces that the bitfield names.',
    },
  )
}
