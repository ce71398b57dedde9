import { BitCdnError } from '../errors.ts'

export function refused(message: string, advice?: string): BitCdnError {
  return new BitCdnError('refused', message, advice === undefined ? {} : { advice })
}
