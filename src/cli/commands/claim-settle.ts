// What a seeder's ledger can claim now: said lane by lane, or sent and withdrawn.
import { type Address, formatEther, formatGwei } from 'viem'
import { readCredit, withdraw, withJournal } from '../../chain/index.ts'
import type { ReceiptLedger } from '../../receipts/index.ts'
import type { LaneReport, SettleReport, Settler } from '../../settlement/index.ts'
import { type ClaimContext, claimOptions, payee, withSettler } from '../claims.ts'
import { printResult } from '../io.ts'
import { payoutIn, requireOperator } from '../payout.ts'
import { counted, inCoins } from '../words.ts'

export async function settleLedger(context: ClaimContext): Promise<void> {
  await withSettler(context, async (settler, ledger) => {
    const { io, settings, wallet } = context
    const seeder = await payoutIn(ledger, settings, wallet.chain)
    await requireOperator(wallet.chain, seeder, io.signal)
    return context.options.dryRun === true
      ? foretell(context, settler, { seeder, ledger })
      : claim(context, settler, { seeder, ledger })
  })
}

interface Whose {
  /** Who is paid. */
  readonly seeder: Address
  readonly ledger: ReceiptLedger
}

async function foretell(context: ClaimContext, settler: Settler, { seeder, ledger }: Whose): Promise<void> {
  const { io, settings, wallet, say } = context
  const report = await settler.settleOnce({ ...claimOptions(context), seeder, dryRun: true })
  const credit = await readCredit(wallet.chain, seeder, { at: 'latest', signal: io.signal })
  const { receipted, vouchered, submitted } = await ledger.earnings()
  const listed = report.lanes.reduce((sum, { amount }) => sum + amount, 0n)
  const open = receipted + vouchered > listed ? receipted + vouchered - listed : 0n
  const result = { dryRun: true, seeder, ...summary(report), credit, open, submitted }
  printResult(io, settings.json, result, () => [
    ...table(context, report),
    `Claimable  ${say(report.asked)}, and ${say(credit)} credited already`,
    ...(open > 0n
      ? [`Open       ${say(open)} in sessions that may go on; --all counts those without a stream as over`]
      : []),
    ...(submitted > 0n ? [`On its way ${say(submitted)} in transactions that are not final`] : []),
    `Gas        ${formatGwei(report.gasPrice)} gwei now${uncompared(report)}`,
    ...otherNotes(report),
  ])
}

async function claim(context: ClaimContext, settler: Settler, { seeder, ledger }: Whose): Promise<void> {
  const { io, settings, options, wallet, say } = context
  const { signal } = io
  const chain = withJournal(wallet.chain, ledger.journal)
  const report = await settler.settleOnce({ ...claimOptions(context), seeder })
  const credit = await readCredit(chain, seeder, { at: 'latest', signal })
  const own = seeder === chain.account!.address
  const to = payee(options, seeder)
  const withdrawn =
    own && credit > 0n && options.withdraw !== false
      ? await withdraw(chain, { to }, { signal, intent: { purpose: 'withdraw' } })
      : null
  const transactions = [
    ...report.transactions.map(({ hash, gasUsed }) => ({ what: 'settle', hash, gasUsed })),
    ...(withdrawn === null ? [] : [{ what: 'withdraw', hash: withdrawn.hash, gasUsed: withdrawn.gasUsed }]),
  ]
  const paid = withdrawn === null ? 0n : credit
  const result = { dryRun: false, seeder, ...summary(report), credit, withdrawn: paid, to, transactions }
  printResult(io, settings.json, result, () => [
    report.transactions.length === 0
      ? credit === 0n
        ? 'Nothing to claim now.'
        : 'Nothing to settle now.'
      : `Settled    ${say(report.settled)} for ${counted(report.receipts, 'receipt')}, ${counted(report.vouchers, 'voucher')} among what was sent`,
    ...(withdrawn === null ? [] : [`Withdrawn  ${say(credit)} to ${to}`]),
    ...(own || credit === 0n
      ? []
      : [`Credited   ${say(credit)} to ${seeder}, whose key withdraws it: bitcdn claim --credit`]),
    ...report.lanes
      .filter(({ decision }) => decision === 'wait')
      .map(({ lane, amount, reason }) => `Waits      ${say(amount)} of ${lane.sponsor}: ${inCoins(reason ?? '')}`),
    ...otherNotes(report),
  ])
}

/** What both print with --json. */
function summary({ asked, settled, vouchers, receipts, lanes, gasPrice, notes }: SettleReport) {
  return {
    ...{ asked, settled, vouchers, receipts, gasPrice },
    lanes: lanes.map(({ lane, ...rest }) => ({ ...lane, ...rest })),
    notes: notes.map(({ words }) => words),
  }
}

/** Notes that no lane's reason says already. */
function otherNotes({ lanes, notes }: SettleReport): string[] {
  const said = new Set(lanes.map(({ reason }) => reason))
  return notes.filter(({ words }) => !said.has(words)).map(({ words }) => `Note       ${inCoins(words)}`)
}

function table({ say }: ClaimContext, { lanes, gasPrice }: SettleReport): string[] {
  if (lanes.length === 0) return []
  const rows = lanes.map((report) => [
    `${short(report.lane.sponsor)}/${report.lane.lane}`,
    say(report.amount),
    `${report.gas} gas`,
    costInWords(report, gasPrice, say),
    report.decision === 'send'
      ? `goes${report.reason === null ? '' : `: ${inCoins(report.reason)}`}`
      : `waits: ${inCoins(report.reason ?? '')}`,
  ])
  const head = ['Sponsor/lane', 'Pays', 'Takes', 'Costs', '']
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]!.length)))
  return [head, ...rows].map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join('  ')
      .trimEnd(),
  )
}

/** In the stablecoin where its price is known, else in the chain's own coin. */
function costInWords({ cost, gas }: LaneReport, gasPrice: bigint, say: ClaimContext['say']): string {
  return cost === null ? `${formatEther(gas * gasPrice)} of the chain's coin` : say(cost)
}

/** Whoever reads "goes" should know what it was not weighed against. */
const uncompared = ({ lanes }: SettleReport): string =>
  lanes.some(({ cost }) => cost === null) ? '; not compared with what claims pay: give --coin-price' : ''

const short = (address: string): string => `${address.slice(0, 6)}…${address.slice(-4)}`
