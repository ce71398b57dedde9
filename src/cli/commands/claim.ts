import { Command } from 'commander'
import { claimable, claimShares, readCredit, withdraw } from '../../chain/index.ts'
import { BitCdnError } from '../../errors.ts'
import { findContent } from '../../sdk/index.ts'
import { DEFAULT_IDLE_SECONDS } from '../../settlement/index.ts'
import { type ClaimContext, payee } from '../claims.ts'
import { type CommandIo, printResult } from '../io.ts'
import { type Options, resolveSettings, withSettings } from '../settings.ts'
import { openWallet, parseAddress, WALLET_SETTINGS } from '../wallet.ts'
import { money } from '../words.ts'
import { changeOperator, prepareBatches, settleBatches } from './claim-operator.ts'
import { settleLedger } from './claim-settle.ts'

export function claimCommand(io: CommandIo): Command {
  const command = new Command('claim')
    .description("get paid: a seeder's receipts, a share holder's income")
    .option('--dry-run', 'say what would be claimed, for how much gas, and why the rest waits; send nothing')
    .option('--all', 'count every session without a stream as over, however short ago it ended')
    .option('--min <amount>', 'leave lanes alone that are worth less, such as 0.10')
    .option('--max-gas <gwei>', 'send nothing while gas costs more, such as 1.5')
    .option('--idle <seconds>', 'sessions without a stream for longer count as over', String(DEFAULT_IDLE_SECONDS))
    .option('--to <address>', 'withdraw to this address (default: the wallet itself)')
    .option('--no-withdraw', 'settle, and leave the credit in the contract')
    .option('--credit', 'only withdraw what is credited already: needs the key that is paid and no ledger')
    .option('--share <content>', "claim the wallet's part of a content's income instead")
    .option('--publisher <address>', 'with --share: whose publication')
    .option('--approve <operator>', 'let this address work for the wallet: it settles, pays the gas, cannot take money')
    .option('--revoke <operator>', 'no longer let it')
    .option('--prepare', 'write the batch for an operator instead of sending it')
    .option('-o, --output <file>', 'with --prepare: where the batch goes (default: standard output)')
    .option('--batches <files...>', 'as an operator: settle these batches in one transaction')
  command.addHelpText(
    'after',
    `
Examples:
  bitcdn claim --dry-run
  bitcdn claim --all --min 0.10 --max-gas 1.5 --coin-price 2500
  bitcdn claim --credit --to 0x90F7…b906        with the key that is paid, from anywhere
  bitcdn claim --share 3f8a…c1
  bitcdn claim --approve 0x7099…79C8            with the key that is paid; the other then runs: bitcdn seed --payout
  bitcdn claim --prepare -o batch.json          and, as the operator: bitcdn claim --batches batch.json

It ends with code 0 when everything that can be claimed now was claimed, also when that is nothing; with 6 when gas costs
more than --max-gas.`,
  )
  return withSettings(command, ...WALLET_SETTINGS, 'ledger', 'payout', 'coinPrice', 'gateway').action(
    async (options: Options) => {
      const settings = resolveSettings(options, io)
      refuseTwoThings(options)
      if (options.to !== undefined) parseAddress(String(options.to), '--to') // before anything is sent
      const wallet = await openWallet(settings, io)
      const say = (amount: bigint): string => `${money(amount, wallet.decimals)} ${wallet.symbol}`
      const context: ClaimContext = { io, settings, options, wallet, say }
      if (options.share !== undefined) return claimShare(context)
      if (options.credit !== undefined) return withdrawCredit(context)
      if (options.approve !== undefined) return changeOperator(context, String(options.approve), true)
      if (options.revoke !== undefined) return changeOperator(context, String(options.revoke), false)
      if (options.batches !== undefined) return settleBatches(context, options.batches as string[])
      return options.prepare === true ? prepareBatches(context) : settleLedger(context)
    },
  )
}

const MODES = {
  share: '--share',
  credit: '--credit',
  approve: '--approve',
  revoke: '--revoke',
  prepare: '--prepare',
  batches: '--batches',
} as const

function refuseTwoThings(options: Options): void {
  const chosen = Object.entries(MODES).flatMap(([name, flag]) => (options[name] === undefined ? [] : [flag]))
  if (chosen.length > 1)
    throw new BitCdnError('usage', `${chosen.join(' and ')} do different things: give one of them.`)
  const sends = ['approve', 'revoke', 'batches'].some((name) => options[name] !== undefined)
  if (options.dryRun === true && sends) {
    throw new BitCdnError('usage', `${chosen[0]} sends a transaction; --dry-run does not go with it.`, {
      advice: 'Nothing was sent. Leave --dry-run out to send it.',
    })
  }
}

async function claimShare({ io, settings, options, wallet: { chain }, say }: ClaimContext): Promise<void> {
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

/** What operators settled for this key: it alone can take it. */
async function withdrawCredit({ io, settings, options, wallet: { chain }, say }: ClaimContext): Promise<void> {
  const { signal } = io
  const holder = chain.account!.address
  const to = payee(options, holder)
  const credit = await readCredit(chain, holder, { at: 'latest', signal })
  if (credit === 0n || options.dryRun === true) {
    printResult(io, settings.json, { holder, credit, withdrawn: 0n, to }, () => [
      credit === 0n ? `Nothing is credited to ${holder}.` : `Credited   ${say(credit)} to ${holder}`,
    ])
    return
  }
  const { hash, gasUsed } = await withdraw(chain, { to }, { signal })
  printResult(io, settings.json, { holder, credit, withdrawn: credit, to, hash, gasUsed }, () => [
    `Withdrawn  ${say(credit)} to ${to}`,
  ])
}
