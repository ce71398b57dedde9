import { existsSync, readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { Command } from 'commander'
import { formatEther } from 'viem'
import { type Chain, readAccount, readBalance, readCoin, readCredit } from '../../chain/index.ts'
import { BitCdnError } from '../../errors.ts'
import type { Earnings } from '../../receipts/index.ts'
import { type CommandIo, printResult } from '../io.ts'
import { keyAddress, keyPath } from '../keys.ts'
import { hasLedger, openLedgerOf, readEarnings } from '../ledger.ts'
import { readReserved } from '../reserves.ts'
import { isNamed, listRunning, stopRunning } from '../running.ts'
import { type Options, resolveSettings, type Settings, withSettings } from '../settings.ts'
import { openAccount, openWallet, WALLET_SETTINGS } from '../wallet.ts'
import { inCoins, money } from '../words.ts'
import { dateInWords } from './thaw.ts'

export function statusCommand(io: CommandIo): Command {
  const command = new Command('status').description('what runs from this data folder, and what its wallet holds')
  command.addHelpText('after', '\nExamples:\n  bitcdn status\n  bitcdn status --key creator --json')
  return withSettings(command, ...WALLET_SETTINGS, 'ledger').action(async (options: Options) => {
    const settings = resolveSettings(options, io)
    const running = listRunning(settings.home)
    const wallet = await walletStatus(settings, io)
    const earnings = await earned(settings, io, wallet?.chain ?? null)
    const known = wallet === null ? null : withoutChain(wallet)
    printResult(io, settings.json, { home: settings.home, running, wallet: known, earnings }, () => [
      `Data folder  ${settings.home}`,
      ...(running.length === 0
        ? ['Running      nothing']
        : running.map(
            ({ name, pid, startedAt, paused }) =>
              `Running      ${name}, process ${pid}, since ${startedAt}${paused === true ? ', paused' : ''}`,
          )),
      ...(wallet === null
        ? [`Wallet       not asked: needs ${missing(settings)}`]
        : [
            `Wallet       ${wallet.address} on chain ${wallet.chainId}`,
            `  holds      ${wallet.words.token}, ${formatEther(wallet.coin)} for gas`,
            `  as seeder  ${wallet.words.credit} to withdraw`,
            `  as sponsor ${wallet.words.pool}`,
            ...(wallet.seeders === 0 ? [] : [`             ${wallet.words.reserved}`]),
          ]),
      ...(earnings === null ? [] : earnedInWords(earnings)),
    ])
  })
}

/** The same question as `bitcdn earnings`; null where no seeder has run. */
async function earned(settings: Settings, { signal }: CommandIo, chain: Chain | null): Promise<Earnings | null> {
  if (!hasLedger(settings)) return null
  const ledger = await openLedgerOf(settings)
  try {
    return await readEarnings(ledger, chain, { signal })
  } finally {
    await ledger.close()
  }
}

function earnedInWords({ served, receipted, vouchered, submitted, paid }: Earnings): string[] {
  return [
    inCoins(`Earned       ${paid} token units paid, ${submitted} token units on their way`),
    inCoins(`             ${receipted + vouchered} token units to claim, ${served} token units not acknowledged yet`),
  ]
}

const withoutChain = <T extends { chain: Chain }>({ chain, ...known }: T): Omit<T, 'chain'> => known

/** What "status" lacks to ask the chain. */
function missing(settings: Settings): string {
  const path = keyPath(settings, settings.required('key'))
  const others = existsSync(dirname(path)) ? readdirSync(dirname(path)).filter((file) => file.endsWith('.key')) : []
  const names = others.map((file) => file.slice(0, -'.key'.length))
  const key = names.length === 0 ? 'a key (bitcdn key new)' : `--key NAME (there are: ${names.join(', ')})`
  const lacks = [
    ...(existsSync(path) ? [] : [key]),
    ...(settings.text('rpc') === undefined ? ['--rpc'] : []),
    ...(settings.text('registry') === undefined ? ['--registry'] : []),
  ]
  return lacks.join(' and ')
}

async function walletStatus(settings: Settings, io: CommandIo) {
  const { signal } = io
  if (settings.text('rpc') === undefined || settings.text('registry') === undefined) return null
  const remote = settings.text('signer') !== undefined
  if (!remote && !existsSync(keyPath(settings, settings.required('key')))) return null
  const { address } = remote ? await openAccount(settings, io) : await keyAddress(settings, io)
  const { chain, decimals, symbol } = await openWallet(settings, io, true)
  const [token, coin, credit, account, { reserved, releasing, seeders }] = await Promise.all([
    readBalance(chain, address, undefined, { signal }),
    readCoin(chain, address, { signal }),
    readCredit(chain, address, { at: 'latest', signal }),
    readAccount(chain, address, { at: 'latest', signal }),
    readReserved(chain, address, signal),
  ])
  const { balance: pool, thawing, thawEnd } = account
  const say = (amount: bigint): string => `${money(amount, decimals)} ${symbol}`
  return {
    chain,
    address,
    chainId: chain.id,
    token,
    coin,
    credit,
    pool,
    thawing,
    thawEnd,
    reserved,
    releasing,
    seeders,
    words: {
      token: say(token),
      credit: say(credit),
      pool: `${say(pool)} in the pool${thawing === 0n ? '' : `, ${say(thawing)} of it thawing until ${dateInWords(thawEnd)}`}`,
      reserved: `${say(reserved)} reserved for ${seeders} ${seeders === 1 ? 'seeder' : 'seeders'}${releasing === 0n ? '' : `, ${say(releasing)} of it asked back`}`,
    },
  }
}

export function stopCommand(io: CommandIo): Command {
  const command = new Command('stop')
    .description('end what runs from this data folder: a devnet, a seeder, a gateway, downloads')
    .argument('[name]', 'devnet, seed, gateway or get (default: all)')
    .addHelpText('after', '\nExamples:\n  bitcdn stop\n  bitcdn stop seed')
  return withSettings(command).action(async (name: string | undefined, options: Options) => {
    const settings = resolveSettings(options, io)
    const running = listRunning(settings.home).filter((entry) => name === undefined || isNamed(entry, name))
    if (name !== undefined && running.length === 0) {
      throw new BitCdnError('usage', `No ${name} runs from ${settings.home}.`, {
        advice: 'See what runs with "bitcdn status", or name another data folder with --home.',
      })
    }
    await Promise.all(running.map((entry) => stopRunning(entry, io.signal)))
    printResult(io, settings.json, { stopped: running.map((entry) => entry.name) }, () =>
      running.length === 0
        ? [`Nothing runs from ${settings.home}. Name another data folder with --home.`]
        : running.map((entry) => `Stopped    ${entry.name}`),
    )
  })
}
