import { Command } from 'commander'
import type { Address } from 'viem'
import {
  type Chain,
  deposit,
  depositWithPermit,
  type Reservation,
  readAccount,
  readLane,
  releaseReserve,
  reserve,
  reserveMany,
  thawReserve,
} from '../../chain/index.ts'
import { BitCdnError } from '../../errors.ts'
import { DEFAULT_PRICE_PER_GIB } from '../../sdk/index.ts'
import { type CommandIo, printResult } from '../io.ts'
import { type Options, resolveSettings, withSettings } from '../settings.ts'
import { openWallet, parseAddress, WALLET_SETTINGS, type Wallet } from '../wallet.ts'
import { money, parseMoney, parseWhole } from '../words.ts'
import { dateInWords, requireThawed } from './thaw.ts'

export function depositCommand(io: CommandIo): Command {
  const command = new Command('deposit')
    .description("top up a sponsor's pool, which pays for delivery")
    .argument('<amount>', 'in the stablecoin, such as 10')
    .option('--sponsor <address>', 'whose pool (default: your own)')
    .option('--approve', 'approve and deposit in two transactions, for stablecoins without ERC-2612')
  command.addHelpText(
    'after',
    '\nExample:\n  bitcdn deposit 10\n\nIt comes back with "bitcdn thaw" and, seven days later, "bitcdn withdraw".',
  )
  return withSettings(command, ...WALLET_SETTINGS).action(async (text: string, options: Options) => {
    const settings = resolveSettings(options, io)
    const { signal } = io
    const { chain, decimals, symbol } = await openWallet(settings, io)
    const own = chain.account!.address
    const sponsor = options.sponsor === undefined ? own : parseAddress(String(options.sponsor), '--sponsor')
    const amount = parseAmount(text, decimals)
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
    .argument('[amount]', 'in the stablecoin, such as 0.5')
    .option('--lane <number>', 'which of its lanes', '0')
    .option('--price-per-gib <amount>', 'the price that the lane is for', DEFAULT_PRICE_PER_GIB)
    .option('--sponsor <address>', "reserve from this sponsor's pool, as its delegate")
    .option('--thaw <amount>', 'ask this much of the reserve back: it stays for seven more days; 0 cancels')
    .option('--release', 'return what has thawed to the pool')
  command.addHelpText(
    'after',
    `
Examples:
  bitcdn reserve 0x90F7…b906 0.5
  bitcdn reserve 0x90F7…b906 --thaw 0.5
  bitcdn reserve 0x90F7…b906 --release      seven days later`,
  )
  return withSettings(command, ...WALLET_SETTINGS).action(
    async (who: string, text: string | undefined, options: Options) => {
      const settings = resolveSettings(options, io)
      const { signal } = io
      if ([text, options.thaw, options.release].filter((given) => given !== undefined).length !== 1) {
        throw new BitCdnError('usage', 'Give one of an amount to reserve, --thaw AMOUNT and --release.')
      }
      const wallet = await openWallet(settings, io)
      const { chain, decimals, symbol } = wallet
      const seeder = parseAddress(who, 'The seeder')
      const lane = BigInt(parseWhole(String(options.lane), '--lane'))
      const pricePerGiB = parseMoney(String(options.pricePerGib), decimals, '--price-per-gib')
      const own = chain.account!.address
      const sponsor = options.sponsor === undefined ? own : parseAddress(String(options.sponsor), '--sponsor')
      if (sponsor !== own && text === undefined) {
        throw new BitCdnError('usage', 'Only the sponsor itself takes a reserve back: leave --sponsor out.')
      }
      const where = { seeder, lane, pricePerGiB }
      const send =
        text !== undefined
          ? () => setAside(wallet, sponsor, { ...where, amount: parseAmount(text, decimals) }, signal)
          : options.release === true
            ? () => takeBack(chain, { sponsor, ...where }, signal)
            : () => askBack(wallet, { sponsor, ...where }, String(options.thaw), signal)
      const { amount, did, hash, gasUsed } = await send()
      const { reserved, releasing, releaseEnd } = await readLane(chain, { sponsor, ...where }, { at: 'latest', signal })
      const result = { sponsor, ...where, amount, reserved, releasing, releaseEnd, hash, gasUsed }
      printResult(io, settings.json, result, () => [
        `${did.padEnd(10)} ${money(amount, decimals)} ${symbol}; lane ${lane} of ${seeder} holds ${money(reserved, decimals)}`,
        ...(releasing > 0n
          ? [`Thawing    ${money(releasing, decimals)} until ${dateInWords(releaseEnd)}; then add --release`]
          : []),
        ...(options.release === true
          ? ['Next       it is in your pool: "bitcdn thaw", and "bitcdn withdraw" later']
          : []),
      ])
    },
  )
}

interface Sent {
  readonly did: string
  readonly amount: bigint
  readonly hash: string
  readonly gasUsed: bigint
}

type SponsorLane = Omit<Reservation, 'amount'> & { readonly sponsor: Address }

async function setAside(
  { chain, decimals, symbol }: Wallet,
  sponsor: Address,
  reservation: Reservation,
  signal: AbortSignal,
): Promise<Sent> {
  const { amount } = reservation
  const { free, thawing } = await readAccount(chain, sponsor, { at: 'latest', signal })
  if (free < amount) {
    const other = sponsor === chain.account!.address ? '' : ` --sponsor ${sponsor}`
    throw new BitCdnError(
      'no-funds',
      `The pool of ${sponsor} has ${money(free, decimals)} ${symbol} to reserve, not ${money(amount, decimals)}.`,
      {
        advice: `Top it up: bitcdn deposit ${money(amount - free, decimals)}${other}${thawing === 0n ? '' : `. ${money(thawing, decimals)} more are thawing: "bitcdn thaw 0" keeps them.`}`,
      },
    )
  }
  const { hash, gasUsed } =
    sponsor === chain.account!.address
      ? await reserve(chain, reservation, { signal })
      : await reserveMany(chain, { sponsor, reservations: [reservation] }, { signal })
  return { did: 'Reserved', amount, hash, gasUsed }
}

async function askBack(
  { chain, decimals, symbol }: Wallet,
  lane: SponsorLane,
  text: string,
  signal: AbortSignal,
): Promise<Sent> {
  const amount = parseMoney(text, decimals, '--thaw')
  const { reserved } = await readLane(chain, lane, { at: 'latest', signal })
  if (amount > reserved) {
    throw new BitCdnError(
      'no-funds',
      `Lane ${lane.lane} of ${lane.seeder} holds ${money(reserved, decimals)} ${symbol}, not ${money(amount, decimals)}.`,
      { advice: 'A lane is told by its number and its price: --lane, --price-per-gib.' },
    )
  }
  const { hash, gasUsed } = await thawReserve(chain, { ...lane, amount }, { signal })
  return { did: amount === 0n ? 'Kept' : 'Asked back', amount, hash, gasUsed }
}

async function takeBack(chain: Chain, lane: SponsorLane, signal: AbortSignal): Promise<Sent> {
  const { reserved, free, releaseEnd } = await readLane(chain, lane, { at: 'latest', signal })
  await requireThawed(chain, releaseEnd, `bitcdn reserve ${lane.seeder} --thaw AMOUNT`, signal)
  const { hash, gasUsed } = await releaseReserve(chain, lane, { signal })
  return { did: 'Released', amount: reserved - free, hash, gasUsed }
}

function parseAmount(text: string, decimals: number): bigint {
  const amount = parseMoney(text, decimals, 'The amount')
  if (amount > 0n) return amount
  throw new BitCdnError('usage', 'The amount must be more than 0.')
}
