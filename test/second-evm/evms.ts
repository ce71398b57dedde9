// Two EVMs that know nothing of each other, at the same hardfork, chain id and time, both spoken to by JSON-RPC.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { network } from 'hardhat'
import type { Address } from 'viem'
import Devnet from '../../scripts/ignition/Devnet.ts'

export interface Evm {
  name: string
  rpcUrl: string
  /** BitCDN, deployed by the Ignition module that everybody uses. */
  contracts: Record<'token' | 'settlement' | 'shareToken' | 'pass' | 'registry', Address>
  /** Gas of each transaction of the deployment. */
  deployGas: bigint[]
  close(): Promise<void>
}

export type Hardfork = 'prague' | 'osaka'

/** The time of both chains' first block, Unix seconds. */
export const GENESIS = 1_900_000_000n
const DEPLOYMENTS = resolve(import.meta.dirname, '../../scripts/ignition/deployments')
const ANVIL = createRequire(import.meta.url).resolve('@foundry-rs/anvil/bin.mjs')

/** Hardhat's EVM. */
export async function startEdr(hardfork: Hardfork): Promise<Evm> {
  const override = { hardfork, initialDate: new Date(Number(GENESIS) * 1000) }
  const server = await network.createServer({ network: 'devnet', override }, '127.0.0.1', 0)
  const { address, port } = await server.listen()
  return deployOn('edr', `http://${address}:${port}`, () => server.close())
}

/** Foundry's; `more` are further flags of its command line. */
export async function startAnvil(hardfork: Hardfork, more: readonly string[] = []): Promise<Evm> {
  const options = [
    ...more,
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    '--hardfork',
    hardfork,
    '--timestamp',
    String(GENESIS),
  ]
  const child = spawn(process.execPath, [ANVIL, ...options], { stdio: ['ignore', 'pipe', 'inherit'] })
  process.once('exit', () => child.kill()) // also when a test breaks off
  return deployOn('anvil', `http://${await listening(child)}`, () => stop(child))
}

async function listening(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout as NonNullable<ChildProcess['stdout']> })
  for await (const line of lines) {
    const [, at] = /^Listening on (.+)$/.exec(line) ?? []
    if (at === undefined) continue
    child.stdout?.resume() // it says something about every call; a full pipe would hold it up
    return at
  }
  throw new Error('anvil ended before it listened')
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

async function deployOn(name: string, rpcUrl: string, close: () => Promise<void>): Promise<Evm> {
  const deploymentId = `second-evm-${name}-${process.pid}-${Date.now()}`
  const { ethers, ignition } = await network.create({ network: 'local', override: { url: rpcUrl } })
  const deployed = await ignition.deploy(Devnet, { deploymentId })
  await rm(join(DEPLOYMENTS, deploymentId), { recursive: true, force: true })
  const contracts = Object.fromEntries(
    await Promise.all(Object.entries(deployed).map(async ([key, at]) => [key, await at.getAddress()])),
  ) as Evm['contracts']
  const deployGas: bigint[] = []
  for (let block = 1; block <= (await ethers.provider.getBlockNumber()); block++) {
    const { transactions } = (await ethers.provider.getBlock(block)) ?? { transactions: [] }
    for (const hash of transactions) {
      deployGas.push((await ethers.provider.getTransactionReceipt(hash))?.gasUsed ?? 0n)
    }
  }
  return { name, rpcUrl, contracts, deployGas, close }
}
