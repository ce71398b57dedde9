// Keccak-256 as Ethereum uses it. In WebAssembly, since JavaScript has no 64-bit rotation: a digest costs a microsecond, not six.
import { createKeccak } from 'hash-wasm'

const hasher = await createKeccak(256)

/** 32 bytes. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  return hasher.init().update(bytes).digest('binary')
}
