// Random worlds on the contract and in the model at once: same reverts, same events, and after each settlement the same
// pools, lanes, delegates and credit.
import {
  type Address,
  decodeAbiParameters,
  decodeErrorResult,
  encodeFunctionData,
  type Hex,
  parseAbi,
  parseEventLogs,
} from 'viem'
import { bandwidthSettlementAbi as abi, testUsdAbi } from '../../src/chain/index.ts'
import { laneKey } from '../../src/receipts/index.ts'
import { GAS, type ParityBed } from './bed.ts'
import { REASONS } from './model.ts'
import { createWorld, type Step, type World } from './random-batches.ts'

export interface BatchRun {
  seed: string
  count: number
  /** Number of the first one; rounded down to the first of its world. Default: 0. */
  from?: number
}

export interface BatchCounts {
  compared: number
  groups: number
  reverted: Record<string, number>
  /** Groups by what became of them. */
  outcomes: Record<string, number>
}

/** Batches that follow on each other before everything begins anew. */
export const WORLD = 50
/** The worlds' blocks: far behind the present, a year for each. */
const BEGINNING = 2_000_000_000n
const YEAR = 31_536_000n
const multicallAbi = parseAbi(['function multicall(bytes[] data) returns (bytes[] results)'])

/** Throws an error that says how to repeat it when the two disagree. */
export async function compareBatches(bed: ParityBed, { seed, count, from = 0 }: BatchRun): Promise<BatchCounts> {
  const counts: BatchCounts = { compared: 0, groups: 0, reverted: {}, outcomes: {} }
  await fund(bed)
  for (let index = Math.floor(from / WORLD); index * WORLD < from + count; index++) {
    const world = createWorld(bed.domain, { seed, index, time: BEGINNING + BigInt(index) * YEAR })
    await unlock(bed, [...world.sponsors, ...world.seeders, world.operator])
    for (const seeder of world.seeders) {
      await send(
        bed,
        seeder,
        encodeFunctionData({ abi, functionName: 'approveOperator', args: [world.operator, true] }),
      )
    }
    const audit = auditOf(bed, world)
    for (let i = index * WORLD; i < Math.min((index + 1) * WORLD, from + count); i++) {
      for (const step of world.next()) await judge(step, i)
      await audit().catch((cause) => fail(i, `after it, ${cause.message}`))
      counts.compared++
    }
  }
  return counts

  async function judge(step: Step, i: number): Promise<void> {
    const { by, data } = transactionOf(bed, step)
    await bed.request('evm_setNextBlockTimestamp', [hex(step.time)])
    const answer = await send(bed, by, data)
    if (answer.reverts !== step.reverts)
      fail(i, `${told(step)}: reverts ${step.reverts}, on the chain ${answer.reverts}`)
    if (step.deed.do !== 'settle') return
    if (step.reverts !== null) return tally(counts.reverted, step.reverts)
    const expected = step.outcomes.map(({ sponsor, laneKey, amount, reason, head }) =>
      [sponsor, laneKey, amount, reason, reason === 'None' ? head : ''].join(' '),
    )
    const events = eventsOf(answer.logs).join('\n')
    if (events !== expected.join('\n')) fail(i, `${told(step)}:\n${expected.join('\n')}\nbut on the chain\n${events}`)
    for (const { reason } of step.outcomes) tally(counts.outcomes, reason)
    counts.groups += step.outcomes.length
  }

  function fail(i: number, what: string): never {
    const first = Math.floor(i / WORLD) * WORLD
    const repeat = `--receipts 0 --from-batch ${first} --batches ${i - first + 1}`
    throw new Error(`Batch ${i}, ${what}. Again: node scripts/soak/parity.ts --seed ${seed} ${repeat}`)
  }
}

function tally(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1
}

function told({ deed, time, made }: Step): string {
  const json = JSON.stringify(deed, (_, value) => (typeof value === 'bigint' ? String(value) : value))
  return `${json} at ${time} (${made.join('; ')})`
}

function transactionOf(bed: ParityBed, { deed }: Step): { by: Address; data: Hex } {
  switch (deed.do) {
    case 'settle':
      return { by: deed.by, data: encodeFunctionData({ abi, functionName: 'settle', args: [deed.seeder, deed.batch] }) }
    case 'deposit':
      return {
        by: bed.payer,
        data: encodeFunctionData({ abi, functionName: 'deposit', args: [deed.sponsor, deed.amount] }),
      }
    case 'thaw':
      return { by: deed.sponsor, data: encodeFunctionData({ abi, functionName: 'thaw', args: [deed.amount] }) }
    case 'withdrawThawed':
      return {
        by: deed.sponsor,
        data: encodeFunctionData({ abi, functionName: 'withdrawThawed', args: [deed.sponsor] }),
      }
    case 'authorizeSigner':
      return {
        by: deed.sponsor,
        data: encodeFunctionData({ abi, functionName: 'authorizeSigner', args: [deed.key, deed.amount] }),
      }
    case 'revokeSigner':
      return { by: deed.sponsor, data: encodeFunctionData({ abi, functionName: 'revokeSigner', args: [deed.key] }) }
    default: {
      const { sponsor, seeder, lane, pricePerGiB } = deed.lane
      const data =
        deed.do === 'releaseReserve'
          ? encodeFunctionData({ abi, functionName: 'releaseReserve', args: [seeder, lane, pricePerGiB] })
          : encodeFunctionData({ abi, functionName: deed.do, args: [seeder, lane, pricePerGiB, deed.amount] })
      return { by: sponsor, data }
    }
  }
}

// biome-ignore lint/suspicious/noExplicitAny: logs as JSON-RPC has them
type Logs = any[]

async function send(bed: ParityBed, from: Address, data: Hex): Promise<{ reverts: string | null; logs: Logs }> {
  let hash: unknown
  try {
    hash = await bed.request('eth_sendTransaction', [{ from, to: bed.settlement, data, gas: hex(GAS) }])
  } catch (error) {
    return { reverts: revertName(error), logs: [] }
  }
  const receipt = (await bed.request('eth_getTransactionReceipt', [hash])) as { logs: Logs }
  return { reverts: null, logs: receipt.logs }
}

/** `BandwidthSettlement_NotOperator` is `NotOperator`; a batch that eats up all gas because it is cut off is too short. */
function revertName(error: unknown): string {
  const { data, message } = error as { data?: Hex; message: string }
  if (message.includes('out of gas')) return 'BatchLength'
  if (typeof data !== 'string' || data.length < 10) throw error
  return decodeErrorResult({ abi, data }).errorName.replace(/^BandwidthSettlement_/, '')
}

function eventsOf(logs: Logs): string[] {
  return parseEventLogs({ abi, logs, eventName: ['Settled', 'Skipped'] }).map(({ eventName, args }) => {
    const { sponsor, laneKey: key, amount } = args
    if (eventName === 'Settled') return [sponsor, key, amount, 'None', args.head].join(' ')
    return [sponsor, key, amount, REASONS[args.reason], ''].join(' ')
  })
}

/** Compares all that the contract knows of a world with the model, by one call. */
function auditOf(bed: ParityBed, { model, sponsors, seeders, lanes, delegates }: World): () => Promise<void> {
  const views: { what: string; data: Hex; expected(): bigint[] }[] = [
    ...sponsors.map((sponsor) => ({
      what: `the pool of ${sponsor}`,
      data: encodeFunctionData({ abi, functionName: 'account', args: [sponsor] }),
      expected: () => [model.pool(sponsor), model.thawing(sponsor).amount, model.thawing(sponsor).end],
    })),
    ...lanes.map((lane) => ({
      what: `lane ${lane.lane} at ${lane.pricePerGiB} of ${lane.sponsor}`,
      data: encodeFunctionData({ abi, functionName: 'lane', args: [laneKey(lane)] }),
      expected: () => {
        const { amount, end } = model.releasing(lane)
        return [BigInt(model.head(lane)) << 64n, model.reserved(lane), amount, end]
      },
    })),
    ...delegates.map(({ sponsor, key }) => ({
      what: `the delegate ${key} of ${sponsor}`,
      data: encodeFunctionData({ abi, functionName: 'signer', args: [sponsor, key] }),
      expected: () => [model.delegate(sponsor, key).allowance, model.delegate(sponsor, key).end],
    })),
    ...seeders.map((seeder) => ({
      what: `the credit of ${seeder}`,
      data: encodeFunctionData({ abi, functionName: 'credit', args: [seeder] }),
      expected: () => [model.credit(seeder)],
    })),
  ]
  const asked = encodeFunctionData({
    abi: multicallAbi,
    functionName: 'multicall',
    args: [views.map(({ data }) => data)],
  })
  return async () => {
    const [answers] = decodeAbiParameters([{ type: 'bytes[]' }], await bed.call(bed.settlement, asked))
    views.forEach(({ what, expected }, i) => {
      // the words at the end: a delegate's first one, whether it is active, depends on the clock
      const words = expected()
        .map((value) => value.toString(16).padStart(64, '0'))
        .join('')
      const answer = answers[i] as Hex
      if (!answer.endsWith(words)) throw new Error(`${what} is ${words}, on the chain ${answer}`)
    })
  }
}

async function fund(bed: ParityBed): Promise<void> {
  const amount = 2n ** 96n
  const mint = encodeFunctionData({ abi: testUsdAbi, functionName: 'mint', args: [bed.payer, amount] })
  const approve = encodeFunctionData({ abi: testUsdAbi, functionName: 'approve', args: [bed.settlement, amount] })
  for (const data of [mint, approve])
    await bed.request('eth_sendTransaction', [{ from: bed.payer, to: bed.token, data }])
}

async function unlock(bed: ParityBed, accounts: readonly Address[]): Promise<void> {
  for (const account of [...accounts, bed.payer]) {
    await bed.request('hardhat_impersonateAccount', [account])
    await bed.request('hardhat_setBalance', [account, hex(10n ** 24n)])
  }
}

function hex(value: bigint): Hex {
  return `0x${value.toString(16)}`
}
