// Passes that are sold while their holders download, on a chain that takes some of the sales back. Of each pass two accounts
// want the content all the time: the one that the canonical chain says holds it is served, the other is not.
//   node scripts/soak/passes.ts [--runs 1000] [--seed N] [--tenth]
import { setTimeout as pause } from 'node:timers/promises'
import { encodeFunctionData } from 'viem'
import { accessPassAbi } from '../../src/chain/abi/index.ts'
import { type Chain, listPasses, transact } from '../../src/chain/index.ts'
import type { PeerNode } from '../../src/discovery/index.ts'
import { USD } from '../../test/chain.ts'
import { startDeliveryBed } from '../../test/src/seeder/delivery.ts'
import { startUnrulyChain } from '../../test/unruly-chain.ts'
import { campaign } from './campaign.ts'
import { type Customer, createCustomer } from './passes/customer.ts'

const MIB = 2 ** 20
/** Passes, most of which change hands in one round; fewer in CI. */
const PASSES = { full: 48, tenth: 24 }
/** What a holder who sold may still get after the block: the bar. */
const GRACE_SECONDS = 60
/** Without a byte for this long a customer is served no more: reads take a second. */
const SILENCE = 8_000
const MANY = 1n << 60n

interface Pair {
  readonly tokenId: bigint
  readonly chains: readonly [Chain, Chain]
  readonly customers: readonly [Customer, Customer]
}

await campaign({ name: 'passes sold while bytes flow', runs: 1_000, tenth: 32 }, async (run) => {
  const chain = await startUnrulyChain()
  const delivery = await startDeliveryBed(4 * MIB, chain)
  const over = new AbortController()
  const sums = { sold: 0, undone: 0, lost: 0, won: 0 }
  const pairs: Pair[] = []
  try {
    const { bed, metainfo } = delivery
    const { pass } = bed.published
    const gateway = await bed.open({
      limits: {
        ...{ holderDayBytes: MANY, seederHourBytes: MANY, seederOpenLines: 1 << 30, unusedLinesFree: 1 << 30 },
        requestsPerMinute: 1 << 30,
      },
    })
    const seeder = await delivery.seed({
      ...{ gatewayUrl: gateway.url, reserved: 50n * USD, slow: 1_000 },
      credit: { firstWindow: MIB, maxWindow: MIB },
    })
    const [address = ''] = seeder.node.addresses()
    let node: PeerNode = await delivery.peer(false)
    for (let at = 0; at < (run.tenth ? PASSES.tenth : PASSES.full); at++) {
      if (at % 6 === 0) node = await delivery.peer(false)
      const { account } = await bed.buyer()
      const chains = [await chain.as(account), await chain.as(await chain.account())] as const
      const [held] = await listPasses(chains[0], { pass, holder: account.address })
      const customer = ({ account: who }: Chain): Customer =>
        createCustomer({ node, address, metainfo, client: bed.client(who!, gateway), signal: over.signal })
      pairs.push({ tokenId: held!.tokenId, chains, customers: [customer(chains[0]), customer(chains[1])] })
    }
    await chain.mine(64) // no sale's end reaches back to here
    run.say(`${pairs.length} passes were bought`)
    await settled(pairs, async () => pairs.map(() => 0), performance.now())
    run.say('their holders are served')

    const ownerOf = async (pair: Pair): Promise<number> => {
      const args = [pair.tokenId] as const
      const owner = await pair.chains[0].client.readContract({
        ...{ address: pass, abi: accessPassAbi, functionName: 'ownerOf', args },
      })
      return pair.chains.findIndex(({ account }) => account?.address === owner)
    }
    const sell = async (pair: Pair): Promise<void> => {
      const from = await ownerOf(pair)
      const [seller, buyer] = [pair.chains[from]!, pair.chains[1 - from]!]
      const args = [seller.account!.address, buyer.account!.address, pair.tokenId] as const
      const data = encodeFunctionData({ abi: accessPassAbi, functionName: 'transferFrom', args })
      await transact(seller, { to: pass, data })
      sums.sold += 1
    }

    for (let round = 0; sums.sold < run.runs; round++) {
      const random = run.random(run.from + round)
      const before = await Promise.all(pairs.map(ownerOf))
      const fates = pairs.map(() => random.pick(['stays', 'undone', 'kept'] as const))
      const of = (fate: (typeof fates)[number]): Pair[] => pairs.filter((_, at) => fates[at] === fate)
      await Promise.all(of('stays').map(sell))
      let changed = performance.now()
      const reader = pairs[0]!.chains[0].client
      const block = await reader.getBlockNumber({ cacheTime: 0 })
      await Promise.all(of('undone').map(sell))
      if (of('undone').length > 0) {
        await pause(random.below(15_000)) // some are served to their buyers by then, others were not noticed
        await chain.reorganise(Number((await reader.getBlockNumber({ cacheTime: 0 })) - block))
        sums.undone += of('undone').length
        changed = performance.now()
      }
      const after = await Promise.all(pairs.map(ownerOf))
      for (const [at, owner] of after.entries()) {
        const expected = fates[at] === 'stays' ? 1 - before[at]! : before[at]
        if (owner !== expected) throw new Error(`Pass ${at} was ${fates[at]}, and its holder is another one.`)
      }
      const lags = await settled(pairs, () => Promise.all(pairs.map(ownerOf)), changed)
      sums.lost = Math.max(sums.lost, lags.lost)
      sums.won = Math.max(sums.won, lags.won)
      run.say(`${sums.sold} sales, ${sums.undone} of them undone; the last byte after ${lags.lost.toFixed(1)} s`)
    }
  } finally {
    over.abort()
    await Promise.all(pairs.flatMap(({ customers }) => customers.map(({ done }) => done)))
    await delivery.close()
  }
  return (
    `${sums.sold} sales, ${sums.undone} of them taken back by the chain: a seller's last byte at most ${sums.lost.toFixed(1)} s ` +
    `after the block, the holder's first at most ${sums.won.toFixed(1)} s, nobody else served`
  )
})

/**
 * Waits until each pass' holder is served and the other one is not; how many seconds after `since` the last byte of one
 * who holds none came, and the first of one who does.
 */
async function settled(
  pairs: readonly Pair[],
  owners: () => Promise<number[]>,
  since: number,
): Promise<{ lost: number; won: number }> {
  for (;;) {
    const now = performance.now()
    const holders = await owners()
    const losers = pairs.map(({ customers }, at) => customers[1 - holders[at]!]!)
    const winners = pairs.map(({ customers }, at) => customers[holders[at]!]!)
    const served = winners.map((winner) => winner.firstAfter(since))
    const quiet = losers.every(({ lastAt }) => now - Math.max(lastAt, since) >= SILENCE)
    if (quiet && served.every((at) => at !== null)) {
      const lost = Math.max(0, ...losers.map(({ lastAt }) => lastAt - since))
      const won = Math.max(0, ...served.map((at) => (at ?? since) - since))
      if (Math.max(lost, won) > GRACE_SECONDS * 1000)
        throw new Error(`A seller was served for ${lost / 1000} s more, a holder after ${won / 1000} s.`)
      return { lost: lost / 1000, won: won / 1000 }
    }
    if (now - since > 2 * GRACE_SECONDS * 1000) {
      const idle = served.filter((at) => at === null).length
      const late = losers.filter(({ lastAt }) => now - lastAt < SILENCE).length
      throw new Error(`After ${2 * GRACE_SECONDS} s ${idle} holders are not served, and ${late} are who hold nothing.`)
    }
    await pause(500)
  }
}
