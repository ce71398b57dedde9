// kill -9 of a process that settles: before it signs, before it stores what it signed, before it sends, before it hears of
// a block, before it ends the books. Afterwards another process goes on. On the chain is each claim once, and none is
// forgotten.
//   node scripts/soak/settle-kills.ts [--runs 500] [--seed N] [--tenth]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectChain, readSettlements } from '../../src/chain/index.ts'
import { hasCode } from '../../src/errors.ts'
import { createSettlementChain, createSettler, type Settler } from '../../src/settlement/index.ts'
import { openLedger } from '../../src/storage/sqlite/index.ts'
import { POINTS, type SettleTask } from '../../test/src/settlement/settle-process.ts'
import { startUnrulyChain, type UnrulyChain } from '../../test/unruly-chain.ts'
import { CaseFailure, campaign, type Run } from './campaign.ts'
import { createEarner } from './earner.ts'

const WORKER = resolve(import.meta.dirname, '../../test/src/settlement/settle-process.ts')
/** Seeders that are killed at the same time, each with its wallet and its ledger. */
const SEEDERS = 4
const quiet = { info() {}, warn() {} }

await campaign({ name: 'kill -9 of a process that settles', runs: 500 }, async (run) => {
  const chain = await startUnrulyChain({ slots: 1 })
  try {
    let next = run.from
    let claims = 0
    await Promise.all(
      Array.from({ length: SEEDERS }, async (_, at) => {
        const kill = await seederOf(chain, run, at)
        while (next < run.from + run.runs) {
          const index = next++
          const made = await kill(index).catch((error: Error) => {
            throw new CaseFailure(index, error.message, { cause: error })
          })
          claims += made
          if ((index + 1) % 50 === 0) run.say(`${index + 1} kills`)
        }
      }),
    )
    const each = `${Math.floor(run.runs / POINTS.length)} at each of ${POINTS.length} points`
    return `${run.runs} kills (${each}), ${claims} claims on the chain, each once, 0 forgotten`
  } finally {
    await chain.close()
  }
})

/** Resolves to what kills one settlement and lets another process finish it: the claims that it made. */
async function seederOf(chain: UnrulyChain, run: Run, at: number): Promise<(index: number) => Promise<number>> {
  const connect: UnrulyChain['connect'] = (account) => chain.connect(account, { finality: 'latest' })
  const earner = await createEarner(chain, { connect })
  const connected = await connect(earner.account)
  const path = join(run.folder, `${at}.sqlite`)
  const { domain } = connected
  const { registry } = chain.addresses
  let made = 0

  return async (index) => {
    const point = POINTS[index % POINTS.length] as (typeof POINTS)[number]
    const before = await openLedger({ path, domain })
    await earner.earn(before, run.random(index))
    await before.close()
    const task: SettleTask = {
      ...{ path, rpcUrl: chain.rpcUrl, registry, privateKey: earner.seeder.privateKey, point },
    }
    const child = spawn(process.execPath, [WORKER, JSON.stringify(task)], { stdio: ['ignore', 'inherit', 'inherit'] })
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
    if (signal !== 'SIGKILL') throw new Error(`The process ended by itself before '${point}', with ${code}.`)

    const ledger = await openLedger({ path, domain })
    const settler = createSettler({
      ...{ ledger, chain: createSettlementChain(connected, ledger.journal), vouchers: null, logger: quiet },
    })
    await settleWhenFree(settler)
    // what was handed over again just now is in a block before long
    for (let look = 0; (await settler.reconcile()).length > 0 && look < 100; look++) await sleep(100)
    const earnings = await ledger.earnings()
    const open = await ledger.journal.open({ chainId: connected.id })
    await ledger.close()
    const credit = await earner.credit()
    if (credit !== earner.owed || earnings.paid !== credit || earnings.submitted + earnings.receipted > 0n) {
      throw new Error(`Killed before '${point}': ${earner.owed} are owed, ${earnings.paid} paid, ${credit} credited.`)
    }
    if (open.length > 0) throw new Error(`Killed before '${point}': ${open[0]?.id} never ended.`)
    const reader = await connectChain({ rpcUrl: chain.rpcUrl, addresses: { registry } })
    const used = await reader.client.getTransactionCount({ address: earner.account.address })
    const settled = await readSettlements(reader, { seeder: earner.account.address })
    made++
    if (used !== made || settled.length !== made) {
      throw new Error(`Killed before '${point}': ${made} claims by ${used} transactions with ${settled.length} moves.`)
    }
    return 1
  }
}

/** A lease of the killed process may have to run out. */
async function settleWhenFree(settler: Settler): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await settler.settleOnce()
      return
    } catch (error) {
      if (!hasCode(error, 'refused') || attempt === 60) throw error
      await sleep(250)
    }
  }
}
