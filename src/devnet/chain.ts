import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { createHardhatRuntimeEnvironment } from 'hardhat/hre'
import type { Address } from 'viem'
import hardhatConfig from '../../hardhat.config.ts'
import Devnet from '../../scripts/ignition/Devnet.ts'
import { BitCdnError } from '../errors.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** An Ethereum chain inside this process, served over JSON-RPC, with BitCDN deployed on it. */
export interface DevnetChain {
  readonly rpcUrl: string
  readonly chainId: number
  readonly contracts: {
    readonly token: Address
    readonly settlement: Address
    readonly registry: Address
  }
  /** Gas that the deployment took. */
  readonly deployGas: bigint
  /** May be called again. */
  close(): Promise<void>
}

export interface DevnetChainInit {
  /** 0 takes any free port. */
  readonly port: number
  /** Default: the devnet's own. */
  readonly chainId?: number | undefined
}

export async function startChain({ port, chainId }: DevnetChainInit): Promise<DevnetChain> {
  if (port !== 0) await expectFree(port)
  const { network, config } = await createHardhatRuntimeEnvironment(hardhatConfig, {}, ROOT)
  const own = chainId === undefined ? {} : { chainId }
  const server = await network.createServer({ network: 'devnet', override: own }, '127.0.0.1', port)
  const at = await server.listen()
  const rpcUrl = `http://${at.address}:${at.port}`
  const { ignition, provider } = await network.create({ network: 'local', override: { url: rpcUrl, ...own } })
  // A deployment id of its own: Ignition's journal of an earlier devnet would answer with addresses that hold no code.
  const deployed = await ignition.deploy(Devnet, { deploymentId: `devnet-${process.pid}-${Date.now()}` })
  const devnet = config.networks.devnet
  const blocks = Number(await provider.request({ method: 'eth_blockNumber' }))
  let deployGas = 0n
  for (let block = 1; block <= blocks; block++) {
    const { gasUsed } = (await provider.request({
      method: 'eth_getBlockByNumber',
      params: [`0x${block.toString(16)}`, false],
    })) as { gasUsed: string }
    deployGas += BigInt(gasUsed)
  }
  let closing: Promise<void> | undefined
  return {
    rpcUrl,
    chainId: chainId ?? devnet?.chainId ?? 31337,
    contracts: {
      token: (await deployed.token.getAddress()) as Address,
      settlement: (await deployed.settlement.getAddress()) as Address,
      registry: (await deployed.registry.getAddress()) as Address,
    },
    deployGas,
    close() {
      closing ??= server.close()
      return closing
    },
  }
}

/** EDR's own message for a taken port names neither the port nor a way out. */
async function expectFree(port: number): Promise<void> {
  const probe = createServer()
  try {
    await new Promise<void>((settle, fail) => {
      probe.once('error', fail)
      probe.listen(port, '127.0.0.1', settle)
    })
  } catch (cause) {
    throw new BitCdnError('port-in-use', `Port ${port} on 127.0.0.1 is taken.`, {
      advice: 'Choose another with --rpc-port, or leave it out to take any free port.',
      cause,
    })
  } finally {
    probe.close()
  }
}
