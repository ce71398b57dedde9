import { Command } from 'commander'
import { blockTime, type Chain, readAccount, thaw, withdrawThawed } from '../../chain/index.ts'
import { BitCdnError } from '../../errors.ts'
import { type CommandIo, printResult } from '../io.ts'
import { type Options, resolveSettings, withSettings } from '../settings.ts'
import { openWallet, parseAddress, WALLET_SETTINGS } from '../wallet.ts'
import { money, parseMoney } from '../words.ts'

export function thawCommand(io: CommandIo): Command {
  const command = new Command('thaw')
    .description('ask money of your pool back: it still pays seeders for seven days, then "withdraw" pays it out')
    .argument('<amount>', 'in the stablecoin, in place of what was asked back before; 0 cancels')
  command.addHelpText('after', '\nExample:\n  bitcdn thaw 10')
  return withSettings(command, ...WALLET_SETTINGS).action(async (text: string, options: Options) => {
    const settings = resolveSettings(options, io)
    const { signal } = io
    const { chain, decimals, symbol } = await openWallet(settings, io)
    const sponsor = chain.account!.address
    const amount = parseMoney(text, decimals, 'The amount')
    const { balance } = await readAccount(chain, sponsor, { at: 'latest', signal })
    if (amount > balance) {
      throw new BitCdnError(
        'no-funds',
        `The pool of ${sponsor} holds ${money(balance, decimals)} ${symbol}, not ${money(amount, decimals)}.`,
        { advice: 'What is reserved for seeders is not in the pool: bitcdn reserve SEEDER --thaw AMOUNT.' },
      )
    }
    const { hash, gasUsed } = await thaw(chain, { amount }, { signal })
    const { thawing, thawEnd } = await readAccount(chain, sponsor, { at: 'latest', signal })
    printResult(io, settings.json, { sponsor, thawing, thawEnd, balance, hash, gasUsed }, () =>
      amount === 0n
        ? [`Kept       all of the pool, ${money(balance, decimals)} ${symbol}: nothing is thawing`]
        : [
            `Thawing    ${money(thawing, decimals)} ${symbol} until ${dateInWords(thawEnd)}`,
            'Then       bitcdn withdraw',
          ],
    )
  })
}

export function withdrawCommand(io: CommandIo): Command {
  const command = new Command('withdraw')
    .description('pay out what has thawed of your pool')
    .option('--to <address>', 'who gets it (default: your wallet)')
  command.addHelpText('after', '\nExample:\n  bitcdn withdraw')
  return withSettings(command, ...WALLET_SETTINGS).action(async (options: Options) => {
    const settings = resolveSettings(options, io)
    const { signal } = io
    const { chain, decimals, symbol } = await openWallet(settings, io)
    const sponsor = chain.account!.address
    const to = options.to === undefined ? sponsor : parseAddress(String(options.to), '--to')
    const before = await readAccount(chain, sponsor, { at: 'latest', signal })
    await requireThawed(chain, before.thawEnd, 'bitcdn thaw AMOUNT', signal)
    const { hash, gasUsed } = await withdrawThawed(chain, { to }, { signal })
    const { balance } = await readAccount(chain, sponsor, { at: 'latest', signal })
    const amount = before.balance - balance
    printResult(io, settings.json, { sponsor, to, amount, balance, hash, gasUsed }, () => [
      `Withdrawn  ${money(amount, decimals)} ${symbol} to ${to}; the pool holds ${money(balance, decimals)}`,
    ])
  })
}

/** Throws `no-funds` while nothing can be taken, and says from when on it can. `how` is the command that starts it. */
export async function requireThawed(chain: Chain, end: bigint, how: string, signal: AbortSignal): Promise<void> {
  if (end === 0n) {
    throw new BitCdnError('no-funds', 'Nothing is thawing, so there is nothing to take back.', {
      advice: `Ask money back first, seven days ahead: ${how}`,
    })
  }
  // The contract compares with the newest block, not with a final one.
  const now = await blockTime({ ...chain, finality: 'latest' }, signal)
  if (now >= end) return
  throw new BitCdnError('no-funds', `It is still thawing: it can be taken from ${dateInWords(end)} on.`, {
    advice: `The chain's clock says ${dateInWords(now)}.`,
    retry: true,
  })
}

/** Seconds since 1970 as "2026-11-28 08:00 UTC". */
export function dateInWords(seconds: bigint): string {
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
