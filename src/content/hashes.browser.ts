// What hashes.ts gives, where there is no `node:crypto`: the platform's own hashes answer later, and these are asked in between.
import { createSHA1, createSHA256, type IHasher } from 'hash-wasm'

const sha256 = await createSHA256()
const sha1 = await createSHA1()
/** What a hash begins with: the memory behind is shared by all that are under way. */
const blank = sha1.init().save()

export interface Hash {
  update(bytes: Uint8Array): Hash
  digest(): Buffer
  digest(form: 'hex'): string
}

/** SHA-256, as the bytes or as a string of them. */
export function hash(_algorithm: 'sha256', bytes: Uint8Array, form: 'buffer'): Buffer
export function hash(_algorithm: 'sha256', bytes: Uint8Array, form: 'binary'): string
export function hash(_algorithm: 'sha256', bytes: Uint8Array, form: 'buffer' | 'binary'): Buffer | string {
  const digest = Buffer.from(sha256.init().update(bytes).digest('binary'))
  return form === 'buffer' ? digest : digest.toString('latin1')
}

/** SHA-1, of which any number may be under way. */
export function createHash(_algorithm: 'sha1'): Hash {
  let state = blank
  const resumed = (): IHasher => sha1.load(state)

  function digest(): Buffer
  function digest(form: 'hex'): string
  function digest(form?: 'hex'): Buffer | string {
    const bytes = Buffer.from(resumed().digest('binary'))
    return form === undefined ? bytes : bytes.toString('hex')
  }

  const self: Hash = {
    update(bytes) {
      state = resumed().update(bytes).save()
      return self
    },
    digest,
  }
  return self
}
