import { readFileSync, writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { type Address, type Hex, isAddress, isHex } from 'viem'
import { approveOperator, claimable, claimShares, readCredit, settleMany, withdraw } from '../../chain/index.ts'
import { BitCdnError } from '../../errors.ts'
import { findContent } from '../../sdk/index.ts'
import {
  createSettlementChain,
  createSettler,
  DEFAULT_IDLE_SECONDS,
  type Settler,
  SKIP_WORDS,
} from '../../settlement/index.ts'
import { openLedger } from '../../storage/sqlite/index.ts'
import { gatewaysOf } from '../gateways.ts'
import { type CommandIo, printResult, toJson } from '../io.ts'
import { type Options, resolveSettings, type Settings, withSettings } from '../settings.ts'
import { openWallet, parseAddress, WALLET_SETTINGS, type Wallet } from '../wallet.ts'
import { money, parseMoney, parseWhole } from '../words.ts'
import { ledgerPath } from './earnings.ts'

/** Only says something; the settler's notes come back in its report. */
const QUIET = { info: () => {}, warn: () => {} }

interface Context {
  readonly io: CommandIo
  readonly settings: Settings
  readonly options: Options
  readonly wallet: Wallet
  say(amount: bigint): string
}

export function claimCommand(io: CommandIo): Command {
  const command = new Command('claim')
    .description("get paid: a seeder's receipts, a share holder's income")
    .option('--dry-run', 'say what would be claimed; send nothing')
    .option('--min <amount>', 'leave lanes alone that are worth less')
    .option('--idle <seconds>', 'sessions without a stream for longer count as over', String(DEFAULT_IDLE_SECONDS))
    .option('--to <address>', 'withdraw to this address (default: the wallet itself)')
    .option('--no-withdraw', 'settle, and leave the credit in the contract')
    .option('--share <content>', "claim the wallet's part of a content's income instead")
    .option('--publisher <address>', 'with --share: whose publication')
    .option('--approve <operator>', 'let this address settle for the wallet; it pays the gas and cannot take the money')
    .option('--prepare', 'write the batch for an operator instead of sending it')
    .option('-o, --output <file>', 'with --prepare: where the batch goes (default: standard output)')
    .option('--batches <files...>', 'as an operator: settle these batches in one transaction')
  command.addHelpText(
    'after',
    `
Examples:
  bitcdn claim --dry-run
  bitcdn claim --min 0.10
  bitcdn claim --share 3f8a…c1
  bitcdn claim --prepare -o batch.json      and, as the operator: bitcdn claim --batches batch.json`,
  )
  return withSettings(command, ...WALLET_SETTINGS, 'gateway').action(async (options: Options) => {
    const settings = resolveSettings(options, io)
    refuseTwoThings(options)
    if (options.to !== undefined) parseAddress(String(options.to), '--to') // before anything is sent
    const wallet = await openWallet(settings, io)
    const say = (amount: bigint): string => `${money(amount, wallet.decimals)} ${wallet.symbol}`
    const context: Context = { io, settings, options, wallet, say }
    if (options.share !== undefined) return claimShare(context)
    if (options.approve !== undefined) return approve(context)
    if (options.batches !== undefined) return settleBatches(context, options.batches as string[])
    return withSettler(context, options.prepare === true ? prepare : settle)
  })
}

const MODES = { share: '--share', approve: '--approve', prepare: '--prepare', batches: '--batches' } as const

function refuseTwoThings(options: Options): void {
  const chosen = Object.entries(MODES).flatMap(([name, flag]) => (options[name] === undefined ? [] : [flag]))
  if (chosen.length > 1)
    throw new BitCdnError('usage', `${chosen.join(' and ')} do different things: give one of them.`)
  if (options.dryRun === true && (options.approve !== undefined || options.batches !== undefined)) {
    throw new BitCdnError('usage', `${chosen[0]} sends a transaction; --dry-run does not go with it.`, {
      advice: 'Nothing was sent. Leave --dry-run out to send it.',
    })
  }
}

async function claimShare({ io, settings, options, wallet: { chain }, say }: Context): Promise<void> {
  const { signal } = io
  const publisher = options.publisher === undefined ? undefined : parseAddress(String(options.publisher), '--publisher')
  const { token, contentId, title } = await findContent(chain, String(options.share), { publisher, signal })
  const holder = chain.account!.address
  const to = payee(options, holder)
  const due = await claimable(chain, { token, holder }, { signal })
  if (due === 0n || options.dryRun === true) {
    printResult(io, settings.json, { contentId, token, holder, claimable: due, claimed: 0n }, () => [
      due === 0n ? `Nothing to claim of ${title}.` : `Claimable  ${say(due)} of ${title}`,
    ])
    return
  }
  const { amount, hash, gasUsed } = await claimShares(chain, { token, to }, { signal })
  printResult(io, settings.json, { contentId, token, holder, to, claimed: amount, hash, gasUsed }, () => [
    `Claimed    ${say(amount)} of ${title}, sent to ${to}`,
  ])
}

async function approve({ io, settings, options, wallet: { chain } }: Context): Promise<void> {
  const operator = parseAddress(String(options.approve), '--approve')
  const { hash, gasUsed } = await approveOperator(chain, { operator }, { signal: io.signal })
  printResult(io, settings.json, { operator, approved: true, hash, gasUsed }, () => [
    `Approved   ${operator} may settle for ${chain.account!.address}`,
  ])
}

async function settleBatches(
  { io, settings, wallet: { chain }, say }: Context,
  files: readonly string[],
): Promise<void> {
  const batches = files.flatMap(readBatches)
  const { hash, gasUsed, settled, skipped } = await settleMany(chain, batches, { signal: io.signal })
  const amount = settled.reduce((sum, move) => sum + move.amount, 0n)
  printResult(io, settings.json, { settled: amount, groups: settled.length, skipped, hash, gasUsed }, () => [
    `Settled    ${say(amount)} in ${settled.length} of ${settled.length + skipped.length} groups, ${gasUsed} gas`,
    ...skipped.map(({ seeder, reason, amount: left }) => `Skipped    ${say(left)} of ${seeder}: ${SKIP_WORDS[reason]}`),
  ])
}

async function prepare(context: Context, settler: Settler): Promise<void> {
  const { io, settings, options, say } = context
  const { batches, notes } = await settler.prepare(settleOptions(context))
  const result = {
    batches: batches.map(({ seeder, batch, amount, vouchers, receipts }) => ({
      seeder,
      batch,
      amount,
      vouchers,
      receipts,
    })),
    amount: batches.reduce((sum, { amount }) => sum + amount, 0n),
    notes: notes.map(({ words }) => words),
  }
  if (options.output !== undefined) writeBatches(String(options.output), result)
  printResult(io, settings.json || options.output === undefined, result, () => [
    `Prepared   ${say(result.amount)} in ${String(options.output)}`,
    ...result.notes.map((words) => `Note       ${words}`),
  ])
}

async function settle(context: Context, settler: Settler): Promise<void> {
  const { io, settings, options, wallet, say } = context
  const { chain } = wallet
  const { signal } = io
  const holder = chain.account!.address
  const dryRun = options.dryRun === true
  const report = await settler.settleOnce({ ...settleOptions(context), dryRun })
  const credit = await readCredit(chain, holder, { at: 'latest', signal })
  const to = payee(options, holder)
  const withdrawn =
    credit > 0n && !dryRun && options.withdraw !== false ? await withdraw(chain, { to }, { signal }) : null
  const transactions = [
    ...report.transactions.map(({ hash, gasUsed }) => ({ what: 'settle', hash, gasUsed })),
    ...(withdrawn === null ? [] : [{ what: 'withdraw', hash: withdrawn.hash, gasUsed: withdrawn.gasUsed }]),
  ]
  const { asked, settled, vouchers, receipts } = report
  const notes = report.notes.map(({ words }) => words)
  const result = {
    dryRun,
    asked,
    settled,
    vouchers,
    receipts,
    credit,
    withdrawn: withdrawn === null ? 0n : credit,
    to,
    transactions,
    notes,
  }
  printResult(io, settings.json, result, () => [
    dryRun
      ? `Claimable  ${say(asked)}, and ${say(credit)} credited already`
      : settled === 0n && credit === 0n
        ? 'Nothing to claim now.'
        : `Settled    ${say(settled)} by ${vouchers} vouchers and ${receipts} raw receipts`,
    ...(withdrawn === null ? [] : [`Withdrawn  ${say(credit)} to ${to}`]),
    ...notes.map((words) => `Note       ${words}`),
  ])
}

async function withSettler(
  context: Context,
  work: (context: Context, settler: Settler) => Promise<void>,
): Promise<void> {
  const { settings, wallet } = context
  const { chain } = wallet
  const ledger = await openLedger({
    path: ledgerPath(settings),
    domain: { chainId: chain.id, settlement: chain.addresses.settlement },
  })
  try {
    const vouchers = gatewaysOf(settings, chain.account!)
    await work(
      context,
      createSettler({ ledger, chain: createSettlementChain(chain, ledger.journal), vouchers, logger: QUIET }),
    )
  } finally {
    await ledger.close()
  }
}

function settleOptions({ io, options, wallet }: Context) {
  const { min } = options
  const idleSeconds = parseWhole(String(options.idle), '--idle')
  return {
    signal: io.signal,
    idleSeconds,
    min: min === undefined ? undefined : parseMoney(String(min), wallet.decimals, '--min'),
  }
}

const payee = (options: Options, fallback: Address): Address =>
  options.to === undefined ? fallback : parseAddress(String(options.to), '--to')

function writeBatches(path: string, result: object): void {
  try {
    writeFileSync(path, `${toJson(result)}\n`)
  } catch (cause) {
    throw new BitCdnError('disk-failed', `${path} cannot be written: ${(cause as Error).message}`, { cause })
  }
}

function readBatches(path: string): { seeder: Address; batch: Hex }[] {
  let content: string
  try {
    content = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new BitCdnError('file-missing', `The batch ${path} cannot be read.`, { cause })
  }
  try {
    const { batches } = JSON.parse(content) as { batches: { seeder: string; batch: string }[] }
    return batches.map(({ seeder, batch }) => {
      if (!isAddress(seeder) || !isHex(batch)) throw new TypeError('not an address and bytes')
      return { seeder, batch }
    })
  } catch (cause) {
    throw new BitCdnError('file-invalid', `${path} holds no batch.`, {
      advice: 'A seeder makes one with: bitcdn claim --prepare -o FILE',
      cause,
    })
  }
}
