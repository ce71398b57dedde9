import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { formatEther } from 'viem'
import { readAccount, readBalance, readCoin, readCredit } from '../../chain/index.ts'
import { BitCdnError } from '../../errors.ts'
import { type CommandIo, printResult } from '../io.ts'
import { keyPath } from '../keys.ts'
import { listRunning, stopRunning } from '../running.ts'
import { type Options, resolveSettings, type Settings, withSettings } from '../settings.ts'
import { openWallet, WALLET_SETTINGS } from '../wallet.ts'
import { money } from '../words.ts'

export function statusCommand(io: CommandIo): Command {
  const command = new Command('status').description('what runs from this data folder, and what its wallet holds')
  return withSettings(command, ...WALLET_SETTINGS).action(async (options: Options) => {
    const settings = resolveSettings(options, io)
    const running = listRunning(settings.home)
    const wallet = await walletStatus(settings, io.signal)
    printResult(io, settings.json, { home: settings.home, running, wallet }, () => [
      `Data folder  ${settings.home}`,
      ...(running.length === 0
        ? ['Running      nothing']
        : running.map(({ name, pid, startedAt }) => `Running      ${name}, process ${pid}, since ${startedAt}`)),
      ...(wallet === null
        ? ['Wallet       not asked: needs a key (bitcdn key new), --rpc and --registry']
        : [
            `Wallet       ${wallet.address} on chain ${wallet.chainId}`,
            `  holds      ${wallet.words.token}, ${formatEther(wallet.coin)} for gas`,
            `  as seeder  ${wallet.words.credit} to withdraw`,
            `  as sponsor ${wallet.words.pool} in the pool`,
          ]),
    ])
  })
}

async function walletStatus(settings: Settings, signal: AbortSignal) {
  if (settings.text('rpc') === undefined || settings.text('registry') === undefined) return null
  if (!existsSync(keyPath(settings, settings.required('key')))) return null
  const { chain, decimals, symbol } = await openWallet(settings, signal)
  const { address } = chain.account!
  const [token, coin, credit, { balance: pool }] = await Promise.all([
    readBalance(chain, address, undefined, { signal }),
    readCoin(chain, address, { signal }),
    readCredit(chain, address, { at: 'latest', signal }),
    readAccount(chain, address, { at: 'latest', signal }),
  ])
  const say = (amount: bigint): string => `${money(amount, decimals)} ${symbol}`
  return {
    address,
    chainId: chain.id,
    token,
    coin,
    credit,
    pool,
    words: { token: say(token), credit: say(credit), pool: say(pool) },
  }
}

export function stopCommand(io: CommandIo): Command {
  const command = new Command('stop')
    .description('end what runs from this data folder: a devnet, a seeder, a gateway')
    .argument('[name]', 'devnet, seed or gateway (default: all)')
  return withSettings(command).action(async (name: string | undefined, options: Options) => {
    const settings = resolveSettings(options, io)
    const running = listRunning(settings.home).filter((entry) => name === undefined || entry.name === name)
    if (name !== undefined && running.length === 0) {
      throw new BitCdnError('usage', `No ${name} runs from ${settings.home}.`, {
        advice: 'See what runs with "bitcdn status", or name another data folder with --home.',
      })
    }
    await Promise.all(running.map((entry) => stopRunning(entry, io.signal)))
    printResult(io, settings.json, { stopped: running.map((entry) => entry.name) }, () =>
      running.length === 0 ? ['Nothing was running.'] : running.map((entry) => `Stopped    ${entry.name}`),
    )
  })
}
