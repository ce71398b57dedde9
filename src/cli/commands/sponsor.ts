import { Command } from 'commander'
import { deposit, depositWithPermit, readAccount, readLane, reserve, reserveMany } from '../../chain/index.ts'
import { DEFAULT_PRICE_PER_GIB } from '../../sdk/index.ts'
import { type CommandIo, printResult } from '../io.ts'
import { type Options, resolveSettings, withSettings } from '../settings.ts'
import { openWallet, parseAddress, WALLET_SETTINGS } from '../wallet.ts'
import { money, parseMoney, parseWhole } from '../words.ts'

export function depositCommand(io: CommandIo): Command {
  const command = new Command('deposit')
    .description("top up a sponsor's pool, which pays for delivery")
    .argument('<amount>', 'in the stablecoin, such as 10')
    .option('--sponsor <address>', 'whose pool (default: your own)')
    .option('--approve', 'approve and deposit in two transactions, for stablecoins without ERC-2612')
  command.addHelpText('after', '\nExample:\n  bitcdn deposit 10')
  return withSettings(command, ...WALLET_SETTINGS).action(async (text: string, options: Options) => {
    const settings = resolveSettings(options, io)
    const { signal } = io
    const { chain, decimals, symbol } = await openWallet(settings, signal)
    const own = chain.account!.address
    const sponsor = options.sponsor === undefined ? own : parseAddress(String(options.sponsor), '--sponsor')
    const amount = parseMoney(text, decimals, 'The amount')
    const send = options.approve === true ? deposit : depositWithPermit
    const { hash, gasUsed } = await send(chain, { sponsor, amount }, { signal })
    const { balance } = await readAccount(chain, sponsor, { at: 'latest', signal })
    printResult(io, settings.json, { sponsor, amount, balance, hash, gasUsed }, () => [
      `Deposited  ${money(amount, decimals)} ${symbol}; the pool of ${sponsor} holds ${money(balance, decimals)}`,
    ])
  })
}

export function reserveCommand(io: CommandIo): Command {
  const command = new Command('reserve')
    .description('set money of the pool aside for one seeder: the only promise that a seeder counts on')
    .argument('<seeder>', "the seeder's payout address")
    .argument('<amount>', 'in the stablecoin, such as 0.5')
    .option('--lane <number>', 'which of its lanes', '0')
    .option('--price-per-gib <amount>', 'the price that the lane is for', DEFAULT_PRICE_PER_GIB)
    .option('--sponsor <address>', "reserve from this sponsor's pool, as its delegate")
  command.addHelpText('after', '\nExample:\n  bitcdn reserve 0x90F7…b906 0.5')
  return withSettings(command, ...WALLET_SETTINGS).action(async (who: string, text: string, options: Options) => {
    const settings = resolveSettings(options, io)
    const { signal } = io
    const { chain, decimals, symbol } = await openWallet(settings, signal)
    const seeder = parseAddress(who, 'The seeder')
    const amount = parseMoney(text, decimals, 'The amount')
    const lane = BigInt(parseWhole(String(options.lane), '--lane'))
    const pricePerGiB = parseMoney(String(options.pricePerGib), decimals, '--price-per-gib')
    const reservation = { seeder, lane, pricePerGiB, amount }
    const own = chain.account!.address
    const sponsor = options.sponsor === undefined ? own : parseAddress(String(options.sponsor), '--sponsor')
    const { hash, gasUsed } =
      sponsor === own
        ? await reserve(chain, reservation, { signal })
        : await reserveMany(chain, { sponsor, reservations: [reservation] }, { signal })
    const { reserved } = await readLane(chain, { sponsor, seeder, lane, pricePerGiB }, { at: 'latest', signal })
    printResult(io, settings.json, { sponsor, ...reservation, reserved, hash, gasUsed }, () => [
      `Reserved   ${money(amount, decimals)} ${symbol}; lane ${lane} of ${seeder} holds ${money(reserved, decimals)}`,
    ])
  })
}
