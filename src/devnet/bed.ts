import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Address, parseEther, toHex } from 'viem'
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import { type Chain, connectChain } from '../chain/index.ts'
import { type DevnetChain, startChain } from './chain.ts'
import { saveKey } from './keys.ts'
import { type Json, type Program, startProgram } from './program.ts'

/** Somebody on the devnet: a key, a data folder of its own, and a connection that signs with that key. */
export interface Persona {
  readonly name: string
  readonly address: Address
  readonly account: PrivateKeyAccount
  readonly home: string
  /** A connection that signs as this persona. */
  readonly chain: Chain
}

export interface Started {
  readonly program: Program
  /** What it said when it was ready. */
  readonly ready: Json
}

/** A chain with BitCDN on it, and programs that each run in a process of their own: what `npm start` and the tests stand on. */
export interface Bed {
  readonly chain: DevnetChain
  readonly folder: string
  readonly logs: string
  /** Makes a persona; `gas` funds it with the chain's coin. */
  persona(name: string, options?: { gas?: boolean }): Promise<Persona>
  /** Flags that point a command at this chain. */
  chainFlags(): string[]
  /** A long-running command (`seed`, `gateway`): resolves when it says that it is ready. */
  start(who: Persona, name: string, args: readonly string[]): Promise<Started>
  /** A command that ends: resolves to the JSON object with `key` in it. */
  run(who: Persona, args: readonly string[], key: string, onEvent?: (event: Json) => void): Promise<Json>
  /** Moves the chain's clock. */
  passTime(seconds: number): Promise<void>
  /**
   * Stops everything, newest first, and removes the folder unless told to keep it. May be called again, for what was started
   * meanwhile.
   */
  close(options?: { keepFolder?: boolean }): Promise<void>
}

export interface BedInit {
  readonly rpcPort?: number
  readonly chainId?: number | undefined
  /** Default: a new one below the system's folder for temporary files. */
  readonly folder?: string
  /** The environment of the long-running program of this name. */
  readonly env?: ((name: string) => Readonly<Record<string, string>>) | undefined
}

export async function createBed(init: BedInit = {}): Promise<Bed> {
  const folder = init.folder ?? mkdtempSync(join(tmpdir(), 'bitcdn-devnet-'))
  const logs = join(folder, 'logs')
  mkdirSync(logs, { recursive: true, mode: 0o700 })
  const chain = await startChain({ port: init.rpcPort ?? 0, chainId: init.chainId }).catch((error: unknown) => {
    if (init.folder === undefined) rmSync(folder, { recursive: true, force: true })
    throw error
  })
  const programs: Program[] = []
  let closing: Promise<void> | null = null

  const rpc = async (method: string, params: unknown[]): Promise<void> => {
    const response = await fetch(chain.rpcUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
    const { error } = (await response.json()) as { error?: { message: string } }
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
  }

  const launch = (who: Persona, name: string, args: readonly string[], onEvent?: (event: Json) => void): Program => {
    const env = init.env?.(name)
    const program = startProgram({
      name,
      args,
      home: who.home,
      logs,
      env,
      ...(onEvent === undefined ? {} : { onEvent }),
    })
    programs.push(program)
    return program
  }

  return {
    chain,
    folder,
    logs,
    async persona(name, { gas = true } = {}) {
      const home = join(folder, name)
      mkdirSync(join(home, 'keys'), { recursive: true, mode: 0o700 })
      const account = privateKeyToAccount(saveKey(join(home, 'keys', 'default.key')))
      if (gas) await rpc('hardhat_setBalance', [account.address, toHex(parseEther('100'))])
      const connection = await connectChain({
        rpcUrl: chain.rpcUrl,
        addresses: { registry: chain.contracts.registry },
        account,
        finality: 'latest',
      })
      return { name, address: account.address, account, home, chain: connection }
    },
    chainFlags: () => ['--rpc', chain.rpcUrl, '--registry', chain.contracts.registry, '--finality', 'latest'],
    async start(who, name, args) {
      const program = launch(who, name, args)
      return { program, ready: await program.next('ready') }
    },
    async run(who, args, key, onEvent) {
      const program = launch(who, `${who.name}-${args[0]}`, args, onEvent)
      const result = await program.next(key)
      await program.ended
      return result
    },
    async passTime(seconds) {
      await rpc('evm_increaseTime', [seconds])
      await rpc('evm_mine', [])
    },
    async close({ keepFolder = false } = {}) {
      await Promise.all(programs.reverse().map((program) => program.stop()))
      closing ??= chain.close()
      await closing
      if (!keepFolder) rmSync(folder, { recursive: true, force: true })
    },
  }
}
