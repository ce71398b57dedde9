import { readFileSync } from 'node:fs'
import { type Address, type Hex, isAddress } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { type Chain, connectChain } from '../src/sdk/index.ts'

/** A value from the environment; says what it is for when it is missing. */
export function fromEnvironment(name: string, what: string): string {
  const value = process.env[name]
  if (value !== undefined && value !== '') return value
  throw new Error(`Set ${name}: ${what}.`)
}

/** The chain that the environment names, signing with the key in BITCDN_KEY_FILE (64 hex digits, as "bitcdn key new" makes it). */
export async function connectFromEnvironment(): Promise<Chain> {
  const registry = fromEnvironment('BITCDN_REGISTRY', 'address of the ContentRegistry; scripts/deploy.ts prints it')
  if (!isAddress(registry, { strict: false })) throw new Error(`BITCDN_REGISTRY is no address: ${registry}`)
  const file = fromEnvironment('BITCDN_KEY_FILE', 'file with the wallet key')
  const key = readFileSync(file, 'utf8').trim().replace(/^0x/, '')
  return connectChain({
    rpcUrl: fromEnvironment('BITCDN_RPC', 'JSON-RPC address of the chain'),
    addresses: { registry: registry as Address },
    account: privateKeyToAccount(`0x${key}` as Hex),
    finality: 'latest',
  })
}

/** Prints one JSON object; bigints become decimal strings. */
export function print(result: object): void {
  process.stdout.write(
    `${JSON.stringify(result, (_key, value) => (typeof value === 'bigint' ? value.toString() : value), 2)}\n`,
  )
}
