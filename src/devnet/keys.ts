import { writeFileSync } from 'node:fs'
import type { Hex } from 'viem'
import { generatePrivateKey } from 'viem/accounts'

/** Writes a fresh wallet key in the form that `bitcdn --key` reads; answers it. */
export function saveKey(path: string): Hex {
  const key = generatePrivateKey()
  writeFileSync(path, `${key.slice(2)}\n`, { mode: 0o600, flag: 'wx' })
  return key
}
