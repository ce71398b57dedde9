import { BitCdnError } from '../errors.ts'

/** A value that does not fit its field, or bytes that are not what they claim to be. */
export function malformed(what: string, value: unknown, expected: string): BitCdnError {
  return new BitCdnError('protocol', `${what} is ${String(value)}, expected ${expected}.`, {
    advice: 'Check the side that produced it; nothing was signed or stored.',
  })
}
