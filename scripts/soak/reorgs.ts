// Claims on a chain that takes 1 to 64 blocks back, forgets its pool, raises its fees and sees another user of the
// wallet. Every receipt is paid once in the end, as much as an undisturbed seeder is paid for the same receipts.
//   node scripts/soak/reorgs.ts [--runs 500] [--seed N] [--tenth]
import { parseGwei } from 'viem'
import { settlementsIn } from '../../src/chain/index.ts'
import type { ReceiptLedger } from '../../src/receipts/index.ts'
import { createSettlementChain, createSettler, type Settler } from '../../src/settlement/index.ts'
import type { Random } from '../../test/parity/random.ts'
import { startUnrulyChain, type UnrulyChain } from '../../test/unruly-chain.ts'
import { CaseFailure, campaign, type Run } from './campaign.ts'
import { createEarner, type Earner } from './earner.ts'

/** Reorganisations in one world: a seeder with its ledger on a chain of its own. */
const PER_WORLD = 25
const quiet = { info() {}, warn() {} }

interface Counts {
  reorganised: number
  deep: number
  dropped: number
  rivals: number
  spikes: number
  claims: number
  bids: number
  skipped: number
}

await campaign({ name: 'claims on a chain that takes blocks back', runs: 500 }, async (run) => {
  const counts: Counts = { reorganised: 0, deep: 0, dropped: 0, rivals: 0, spikes: 0, claims: 0, bids: 0, skipped: 0 }
  const worlds = Math.ceil(run.runs / PER_WORLD)
  let paid = 0n
  for (let world = run.from; world < run.from + worlds; world++) {
    try {
      paid += await live(run, world, counts)
    } catch (error) {
      throw new CaseFailure(world, (error as Error).message, { cause: error })
    }
    run.say(`${counts.reorganised} reorganisations, ${counts.claims} claims`)
  }
  const { reorganised, deep, dropped, rivals, spikes, claims, bids, skipped } = counts
  return (
    `${reorganised} reorganisations of depth 1 to 64 (${deep} of 10 or more), ${dropped} pools dropped, ${rivals} nonces taken, ` +
    `${spikes} fee spikes: ${claims} claims by ${bids} bids, ${skipped} groups in vain, ${paid} units paid once, as undisturbed`
  )
})

async function live(run: Run, world: number, counts: Counts): Promise<bigint> {
  const random = run.random(world)
  const chain = await startUnrulyChain({ slots: 32 })
  try {
    const [disturbed, calm] = [
      await createEarner(chain, { lanes: 3, ...chain }),
      await createEarner(chain, { lanes: 3, ...chain }),
    ]
    const ledger = await chain.ledger()
    const settler = await settlerOf(chain, ledger, disturbed)
    const earned: number[] = []
    await chain.mine(70) // nothing of the bed can be taken back
    for (let at = 0; at < PER_WORLD; at++) {
      await chain.automine(random.chance(0.5))
      earned.push(random.next())
      await disturbed.earn(ledger, run.random(earned.at(-1)))
      await settler.settleOnce()
      if (random.chance(0.7)) await chain.mine(1 + random.below(40))
      await disturb(chain, disturbed, random, counts)
      await settler.reconcile()
    }
    await chain.automine(true)
    await finish(chain, ledger, settler, disturbed)

    const calmLedger = await chain.ledger()
    const calmSettler = await settlerOf(chain, calmLedger, calm)
    for (const seed of earned) await calm.earn(calmLedger, run.random(seed))
    await calmSettler.settleOnce()
    await finish(chain, calmLedger, calmSettler, calm)
    const [paid, undisturbed] = [await disturbed.credit(), await calm.credit()]
    if (paid !== undisturbed) throw new Error(`${paid} were paid, ${undisturbed} undisturbed.`)
    await checkJournal(chain, ledger, disturbed, counts)
    return paid
  } finally {
    await chain.close()
  }
}

async function settlerOf(chain: UnrulyChain, ledger: ReceiptLedger, { account }: Earner): Promise<Settler> {
  const connected = await chain.connect(account)
  const init = { timeout: 100, bumpAfter: 0 }
  return createSettler({
    ...{ ledger, chain: createSettlementChain(connected, ledger.journal, init), vouchers: null, logger: quiet },
  })
}

async function disturb(chain: UnrulyChain, { account }: Earner, random: Random, counts: Counts): Promise<void> {
  const depth = random.chance(0.6) ? 10 + random.below(55) : 1 + random.below(9)
  await chain.reorganise(depth)
  counts.reorganised++
  if (depth >= 10) counts.deep++
  const what = random.below(4)
  if (what === 0) {
    await chain.forgetPool()
    counts.dropped++
  } else if (what === 1) {
    await chain.forgetPool()
    const connected = await chain.connect(account)
    const nonce = await connected.client.getTransactionCount({ address: account.address })
    const raw = await account.signTransaction({
      ...{ type: 'eip1559', chainId: connected.id, to: account.address, nonce, gas: 21_000n },
      ...{ maxFeePerGas: parseGwei('500'), maxPriorityFeePerGas: parseGwei('50') },
    })
    await connected.client.sendRawTransaction({ serializedTransaction: raw })
    await chain.mine(1 + random.below(3))
    counts.rivals++
  } else if (what === 2) {
    await chain.nextBaseFee(parseGwei('100'))
    await chain.mine()
    await chain.nextBaseFee(parseGwei('1'))
    counts.spikes++
  }
}

/** Nothing more disturbs: everything owed is final within a bounded number of looks. */
async function finish(chain: UnrulyChain, ledger: ReceiptLedger, settler: Settler, earner: Earner): Promise<void> {
  for (let look = 0; look < 40; look++) {
    await chain.mine(12)
    await settler.settleOnce()
    const { paid, submitted, receipted } = await ledger.earnings()
    if (paid === earner.owed && submitted === 0n && receipted === 0n) {
      const credit = await earner.credit()
      if (credit !== paid) throw new Error(`The ledger says ${paid} were paid, the chain ${credit}.`)
      return
    }
  }
  const open = await ledger.journal.open({ chainId: 31_337 })
  throw new Error(
    `${earner.owed} are owed and the ledger says ${Object.entries(await ledger.earnings()).join('; ')}; open: ${open.map(({ id, signed }) => `${id} ${signed.map(({ nonce, lost }) => `${nonce}${lost ? ' lost' : ''}`).join('/')}`).join(', ')}`,
  )
}

/** Each intent is at most once on the chain. */
async function checkJournal(chain: UnrulyChain, ledger: ReceiptLedger, earner: Earner, counts: Counts): Promise<void> {
  const connected = await chain.connect(earner.account)
  const sent = await chain.sentBy(earner.account)
  const mined = new Map<string, number>()
  for (const id of chain.intentsOf(ledger)) {
    const entry = await ledger.journal.entry(id)
    for (const { hash } of entry?.signed ?? []) {
      counts.bids++
      if (sent.some((transaction) => transaction.hash === hash)) mined.set(id, (mined.get(id) ?? 0) + 1)
    }
  }
  for (const [id, times] of mined) if (times > 1) throw new Error(`The intent ${id} is on the chain ${times} times.`)
  for (const { hash, to } of sent) {
    if (to?.toLowerCase() !== connected.addresses.settlement.toLowerCase()) continue
    counts.skipped += settlementsIn(connected, await connected.client.getTransactionReceipt({ hash })).skipped.length
    counts.claims++
  }
}
