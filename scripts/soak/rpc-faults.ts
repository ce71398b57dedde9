// Claims through two JSON-RPC endpoints of which each fails 30 % of its calls: time-outs, 429, 503, hang-ups, garbage,
// cut and empty answers, and a node that is 20 blocks behind. Each claim is settled once, and none is stuck.
//   node scripts/soak/rpc-faults.ts [--runs 1000] [--seed N] [--tenth]
import { connectChain, readSettlements } from '../../src/chain/index.ts'
import { BitCdnError } from '../../src/errors.ts'
import { createSettlementChain, createSettler } from '../../src/settlement/index.ts'
import { FAULTS, type FaultyRpc, startFaultyRpc } from '../../test/faulty-rpc.ts'
import { startUnrulyChain, type UnrulyChain } from '../../test/unruly-chain.ts'
import { campaign, type Run } from './campaign.ts'
import { createEarner } from './earner.ts'

const FAULTY = 0.3
/** Seeders that settle at the same time, each with its wallet and its ledger. */
const SEEDERS = 10
/** Milliseconds until silence counts as a fault; the nodes are on this machine. */
const PATIENCE = 400
/** Rounds that one claim may take until it counts as stuck. */
const MOST_ROUNDS = 200
const quiet = { info() {}, warn() {} }

await campaign({ name: 'claims through endpoints that fail', runs: 1_000 }, async (run) => {
  const chain = await startUnrulyChain({ slots: 1 })
  const random = run.random()
  const choose = () => (random.chance(FAULTY) ? random.pick(FAULTS) : null)
  const proxies = [await startFaultyRpc(chain.rpcUrl, { choose }), await startFaultyRpc(chain.rpcUrl, { choose })]
  const mining = setInterval(() => void chain.mine().catch(() => {}), 100)
  try {
    let next = 0
    let rounds = 0
    const seeders = await Promise.all(
      Array.from({ length: Math.min(SEEDERS, run.runs) }, (_, at) => settleClaims(chain, proxies, run, at, take)),
    )
    function take(): number | null {
      if (next % 100 === 0 && next > 0) run.say(`${next} claims begun`)
      return next < run.runs ? next++ : null
    }
    for (const seeder of seeders) rounds += seeder.rounds
    const calls = proxies.flatMap(({ met }) => Object.entries(met))
    const failed = calls.reduce((sum, [fault, count]) => (fault === 'none' ? sum : sum + count), 0)
    const all = calls.reduce((sum, [, count]) => sum + count, 0)
    const share = ((100 * failed) / all).toFixed(0)
    return `${run.runs} claims, each settled once, in ${rounds} rounds; ${failed} of ${all} calls failed (${share} %)`
  } finally {
    clearInterval(mining)
    for (const proxy of proxies) await proxy.close()
    await chain.close()
  }
})

async function settleClaims(
  chain: UnrulyChain,
  proxies: readonly FaultyRpc[],
  run: Run,
  at: number,
  take: () => number | null,
): Promise<{ rounds: number }> {
  const earner = await createEarner(chain, { connect: (account) => chain.connect(account) })
  // a stale endpoint knows of its coin too: that somebody has none yet is no fault
  await chain.mine(Math.max(...proxies.map(({ lag }) => Number(lag))) + 1)
  const { registry } = chain.addresses
  const reader = await connectChain({ rpcUrl: chain.rpcUrl, addresses: { registry } })
  const connected = await insist(() =>
    connectChain({
      ...{ rpcUrl: proxies.map(({ url }) => url), addresses: { registry }, account: earner.account },
      timeout: PATIENCE,
    }),
  )
  const ledger = await chain.ledger()
  const settler = createSettler({
    ...{ ledger, vouchers: null, logger: quiet },
    chain: createSettlementChain(connected, ledger.journal, { timeout: 5_000, bumpAfter: 2_000 }),
  })
  let rounds = 0
  let claims = 0
  for (let index = take(); index !== null; index = take()) {
    await earner.earn(ledger, run.random(index + 1), 1)
    claims++
    for (let round = 0; ; round++) {
      rounds++
      await settler.settleOnce().catch(onlyPassing)
      const { receipted } = await ledger.earnings()
      if (receipted === 0n) break
      if (round === MOST_ROUNDS) throw new Error(`Claim ${index} of seeder ${at} is stuck.`)
    }
  }
  let last: unknown
  for (let round = 0; ; round++) {
    last = undefined
    await settler.settleOnce().catch((error: unknown) => {
      onlyPassing(error)
      last = error
    })
    const { receipted, submitted, paid } = await ledger.earnings()
    if (receipted + submitted === 0n && paid === earner.owed) break
    if (round === MOST_ROUNDS)
      throw new Error(
        `Seeder ${at}: ${earner.owed} are owed, ${receipted} receipted, ${submitted} sent, ${paid} paid, ${await earner.credit()} credited.`,
        { cause: last },
      )
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const credit = await earner.credit()
  if (credit !== earner.owed) throw new Error(`Seeder ${at}: ${earner.owed} are owed, ${credit} credited.`)
  const moves = await readSettlements(reader, { seeder: earner.account.address })
  const used = await reader.client.getTransactionCount({ address: earner.account.address })
  if (moves.length !== used) {
    throw new Error(`Seeder ${at}: ${used} transactions made ${moves.length} moves for ${claims} claims.`)
  }
  return { rounds }
}

/** What endpoints that fail may lead to: errors that say so. Anything else is a mistake of ours. */
function onlyPassing(error: unknown): void {
  if (error instanceof BitCdnError && ['rpc-unreachable', 'transaction-failed'].includes(error.code)) return
  throw error
}

async function insist<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === 20) throw error
    }
  }
}
