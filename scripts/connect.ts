import { readFileSync } from 'node:fs'
import { type Address, isAddress, isHex, size } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { BitCdnError, type Chain, connectChain } from '../src/sdk/index.ts'

/** A value from the environment; without it the script ends with one line that says what it is for, and exit code 2. */
export function fromEnvironment(name: string, what: string): string {
  const value = process.env[name]
  return value === undefined || value === '' ? refuse(`Set ${name}: ${what}.`) : value
}

/** The chain that the environment names, signing with the key in BITCDN_KEY_FILE (64 hex digits, as "bitcdn key new" makes it). */
export async function connectFromEnvironment(): Promise<Chain> {
  const rpcUrl = fromEnvironment('BITCDN_RPC', 'JSON-RPC address of the chain')
  const registry = fromEnvironment('BITCDN_REGISTRY', 'address of the ContentRegistry; scripts/deploy.ts prints it')
  if (!isAddress(registry, { strict: false })) refuse(`BITCDN_REGISTRY is no address: ${registry}.`)
  const account = readAccount(
    fromEnvironment('BITCDN_KEY_FILE', 'file with the wallet key, such as ~/.bitcdn/keys/default.key'),
  )
  try {
    return await connectChain({ rpcUrl, addresses: { registry: registry as Address }, account, finality: 'latest' })
  } catch (error) {
    if (error instanceof BitCdnError) refuse(`${error.message} ${error.advice ?? ''}`.trim())
    throw error
  }
}

function readAccount(file: string) {
  let content: string
  try {
    content = readFileSync(file, 'utf8')
  } catch (error) {
    return refuse(`BITCDN_KEY_FILE names a file that cannot be read: ${(error as Error).message}.`)
  }
  const key = `0x${content.trim().replace(/^0x/, '')}` as const
  if (!isHex(key) || size(key) !== 32) refuse(`${file} does not hold a private key of 64 hex digits.`)
  return privateKeyToAccount(key)
}

/** Wrong values are the caller's to mend: one line, no stack trace. */
function refuse(sentence: string): never {
  process.stderr.write(`${sentence}\n`)
  process.exit(2)
}

/** Prints one JSON object; bigints become decimal strings. */
export function print(result: object): void {
  process.stdout.write(
    `${JSON.stringify(result, (_key, value) => (typeof value === 'bigint' ? value.toString() : value), 2)}\n`,
  )
}
