// The main job from end to end: a creator sells a file, seeders deliver it, everybody is paid, and the sums are checked.
import { parseEther } from 'viem'
import { mintTestUsd, transact } from '../chain/index.ts'
import { BitCdnError } from '../errors.ts'
import { createBed, type Persona } from './bed.ts'
import { createBootstrap } from './bootstrap.ts'
import { play } from './scenario.ts'
import type { RunDevnet } from './types.ts'

export const runDevnet: RunDevnet = async (options) => {
  const { signal } = options
  const bed = await createBed({ rpcPort: options.rpcPort })
  const bootstrap = await createBootstrap()
  const close = async (): Promise<void> => {
    await bed.close()
    await bootstrap.stop()
  }
  const interrupt = (): void => void close()
  signal.addEventListener('abort', interrupt, { once: true })
  try {
    const { result, gateway, personas, pass } = await play(bed, bootstrap.address, options)
    if (!options.keep) {
      await close()
      return { result, kept: null }
    }
    await provide(personas, signal)
    const { rpcUrl, contracts } = bed.chain
    const who = personas.map(({ name, address, home }) => ({ name, address, home }))
    const access = { rpcUrl, contracts, gateway, bootstrap: bootstrap.address, pass, folder: bed.folder }
    return { result, kept: { ...access, contentId: result.contentId, personas: who, close } }
  } catch (error) {
    await close()
    if (!signal.aborted) throw error
    throw new BitCdnError('interrupted', 'The devnet was interrupted; nothing of it is left running.', { cause: error })
  } finally {
    signal.removeEventListener('abort', interrupt)
  }
}

/** What the buyer needs to go on with a kept devnet: 100 test dollars and some gas. After the audit, which counts every unit. */
async function provide(personas: readonly Persona[], signal: AbortSignal): Promise<void> {
  const operator = personas.find(({ name }) => name === 'operator')!
  const buyer = personas.find(({ name }) => name === 'buyer')!
  await mintTestUsd(operator.chain, { to: buyer.address, amount: 100_000_000n }, { signal })
  await transact(operator.chain, { to: buyer.address, data: '0x', value: parseEther('1') }, { signal })
}
