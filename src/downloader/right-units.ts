import { UNIT_BYTES } from '../content/piece.ts'
import { unitRoot } from '../content/units.ts'
import { DIGEST_BYTES } from './constants.ts'

/**
 * How many of `bytes` are right from the front, in whole units; the last unit may be short.
 *
 * @param roots - of these units, 32 bytes each
 * @param leaves - of the piece
 */
export function countRight(bytes: Uint8Array, roots: Uint8Array, leaves: number): number {
  for (let at = 0; at < bytes.length; at += UNIT_BYTES) {
    const root = unitRoot(bytes.subarray(at, at + UNIT_BYTES), leaves)
    const from = (at / UNIT_BYTES) * DIGEST_BYTES
    for (let byte = 0; byte < DIGEST_BYTES; byte += 1) if (root[byte] !== roots[from + byte]) return at
  }
  return bytes.length
}
