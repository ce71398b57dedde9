// What the doctor asks the chain: whether it is the right one, who pays, and for how much longer.
import type { Address } from 'viem'
import { type Chain, feesNow, isOperator, readAccount, readCoin, readLane, readSigner } from '../../chain/index.ts'
import { BitCdnError } from '../../errors.ts'
import { amountFor, type Lane, laneKey } from '../../receipts/index.ts'
import { least, WINDOW_BYTES } from '../../seeder/index.ts'
import type { CommandIo } from '../io.ts'
import type { Settings } from '../settings.ts'
import { openWallet } from '../wallet.ts'
import type { SeedRecord } from './record.ts'
import type { Report } from './report.ts'

/** Milliseconds in which a chain answers. */
const CHAIN_MILLISECONDS = 20_000

/** Gas of a first claim, roughly: one lane, one voucher, one withdrawal. */
const CLAIM_GAS = 300_000n

/** Null where it cannot be asked. */
export async function connect(settings: Settings, io: CommandIo, report: Report): Promise<Chain | null> {
  const late = AbortSignal.timeout(CHAIN_MILLISECONDS)
  try {
    return (await openWallet(settings, { ...io, signal: AbortSignal.any([io.signal, late]) }, true)).chain
  } catch (error) {
    io.signal.throwIfAborted()
    if (!(error instanceof BitCdnError)) throw error
    const wrong = error.code === 'usage' ? 'settings-wrong' : 'chain-unreachable'
    report.add(error.code === 'wrong-chain' ? 'wrong-chain' : wrong, 'error', {
      what: late.aborted ? `The chain does not answer within ${CHAIN_MILLISECONDS / 1_000} s.` : error.message,
      costs:
        'A seeder that cannot read the chain admits nobody, since it does not know who pays; and nothing is claimed.',
      advice: error.advice ?? 'Name another RPC endpoint, or several: --rpc URL,URL.',
    })
    return null
  }
}

/** Whether the key may work for who is paid, and can pay for a claim. */
export async function checkWallet(chain: Chain, key: Address, payout: Address, report: Report, signal: AbortSignal) {
  if (payout !== key && !(await isOperator(chain, payout, key, { signal }))) {
    report.add('no-operator', 'error', {
      what: `${key} is no operator of the payout address ${payout}.`,
      costs: 'No gateway believes its terms, and no claim of it counts.',
      advice: `Approve it with the key of the payout address: bitcdn claim --approve ${key}`,
    })
  }
  const [coin, { price }] = await Promise.all([readCoin(chain, key, { signal }), feesNow(chain, signal)])
  const needed = CLAIM_GAS * price
  if (coin >= needed) return
  report.add('gas-short', 'error', {
    what: `${key} holds ${coin} wei of the chain’s coin; a claim takes about ${needed} wei.`,
    costs: 'Nothing that is earned is paid out, and logs that are not settled in time are forfeited.',
    advice: `Send some of the chain's coin to ${key}, or let an operator settle: bitcdn claim --prepare.`,
  })
}

/** Who may pay for what is served, and the key that signs for it where it is known. */
export interface Payer {
  readonly sponsor: Address
  readonly signer: Address | null
}

interface Standing extends Payer {
  readonly state: 'reserved' | 'trusted' | 'used up'
  readonly free: bigint
  readonly owed: bigint
  readonly pool: bigint
}

/** Whether the next window of some payer would be served: the seeder's own rule, for a download that has not begun. */
export async function checkReserves(
  chain: Chain,
  record: SeedRecord,
  { payers, owed }: { payers: readonly Payer[]; owed: ReadonlyMap<string, bigint> },
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const standings = await Promise.all(payers.map((payer) => standingOf(chain, record, payer, owed, signal)))
  const good = standings.filter(({ state }) => state !== 'used up').length
  for (const { sponsor, state, free, owed: debt, pool } of standings) {
    const about = `${sponsor} has ${free} token units reserved for you, owes ${debt} token units, and ${pool} token units in its pool`
    const advice = `Claim what is owed (bitcdn claim --all), and ask the sponsor to reserve for you: bitcdn reserve ${record.seeder} AMOUNT.`
    if (state === 'used up') {
      report.add('reserve-used-up', good === 0 ? 'error' : 'warning', {
        what: `${about}: the reserve and what you trust it with beyond are used up.`,
        costs: 'Its downloads are refused until it reserves more or what it owes is settled.',
        advice,
      })
    }
    if (state === 'trusted') {
      report.add('no-reserve', 'warning', {
        what: `${about}: only your trust covers the next window.`,
        costs: 'One window at a time is served for it, and what it does not pay is lost.',
        advice,
      })
    }
  }
}

async function standingOf(
  chain: Chain,
  { lanes, pricePerGiB, seeder, trustWindows, contents }: SeedRecord,
  payer: Payer,
  owed: ReadonlyMap<string, bigint>,
  signal: AbortSignal,
): Promise<Standing> {
  const { sponsor, signer } = payer
  const price = BigInt(pricePerGiB)
  const longest = BigInt(Math.max(0, ...contents.map(({ length }) => length)))
  const window = least([longest, WINDOW_BYTES])
  const at = { signal, at: chain.finality }
  const [account, ...states] = await Promise.all([
    readAccount(chain, sponsor, at),
    ...lanes.map(async (number) => {
      const lane: Lane = { sponsor, seeder, lane: BigInt(number), pricePerGiB: price }
      return { bytes: owed.get(laneKey(lane)) ?? 0n, free: (await readLane(chain, lane, at)).free }
    }),
  ])
  const allowance =
    signer === null || signer === sponsor ? null : (await readSigner(chain, { sponsor, key: signer }, at)).allowance
  const beyond = ({ bytes, free }: { bytes: bigint; free: bigint }, more = 0n): bigint => {
    const debt = amountFor([bytes, more], price)
    return debt > free ? debt - free : 0n
  }
  const all = states.reduce((sum, lane) => sum + beyond(lane), 0n)
  const reserved = states.some((lane) => beyond(lane, window) === 0n)
  const next = least(states.map((lane) => all - beyond(lane) + beyond(lane, window)))
  const trusted = next <= amountFor([WINDOW_BYTES * BigInt(trustWindows)], price) && next <= account.free
  const allowed = allowance === null || allowance >= amountFor([window], price)
  return {
    ...payer,
    state: reserved ? 'reserved' : trusted && allowed ? 'trusted' : 'used up',
    free: states.reduce((sum, { free }) => sum + free, 0n),
    owed: amountFor(
      states.map(({ bytes }) => bytes),
      price,
    ),
    pool: account.free,
  }
}
