import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { parseContentId } from '../../content/index.ts'
import { BitCdnError } from '../../errors.ts'
import type { ReceiptLedger } from '../../receipts/index.ts'
import { createSettlementChain, createSettler } from '../../settlement/index.ts'
import { openLedger } from '../../storage/sqlite/index.ts'
import { type CommandIo, printResult } from '../io.ts'
import { type Options, resolveSettings, type Settings, withSettings } from '../settings.ts'
import { CHAIN_SETTINGS, openWallet, parseAddress } from '../wallet.ts'
import { money } from '../words.ts'

/** The ledger holds token units, also where no chain is named. */
const USUAL_DECIMALS = 6

export function earningsCommand(io: CommandIo): Command {
  const command = new Command('earnings')
    .description('what a seeder has earned, by where the money stands')
    .option('--content <id>', 'of one content')
    .option('--sponsor <address>', 'from one sponsor')
  command.addHelpText('after', '\nExamples:\n  bitcdn earnings\n  bitcdn earnings --json')
  return withSettings(command, ...CHAIN_SETTINGS).action(async (options: Options) => {
    const settings = resolveSettings(options, io)
    const ledger = await openLedger({ path: ledgerPath(settings) })
    try {
      await compareWithChain(settings, ledger, io)
      const { served, receipted, vouchered, submitted, paid } = await ledger.earnings({
        ...(options.content === undefined ? {} : { contentId: parseContentId(String(options.content)) }),
        ...(options.sponsor === undefined ? {} : { sponsor: parseAddress(String(options.sponsor), '--sponsor') }),
      })
      const states = { served, receipted, vouchered, submitted, paid }
      const words = {
        served: 'sent, not acknowledged yet',
        receipted: 'acknowledged by receipts that are stored here',
        vouchered: "covered by a sponsor's voucher",
        submitted: 'in a transaction that is not final',
        paid: 'credited on the chain',
      }
      printResult(io, settings.json, states, () =>
        Object.entries(states).map(
          ([state, amount]) =>
            `${state.padEnd(10)} ${money(amount, USUAL_DECIMALS).padStart(14)}   ${words[state as keyof typeof words]}`,
        ),
      )
    } finally {
      await ledger.close()
    }
  })
}

/** Where a chain is named, what it says about lanes and transactions is taken over first. */
async function compareWithChain(settings: Settings, ledger: ReceiptLedger, io: CommandIo): Promise<void> {
  if (settings.text('rpc') === undefined || settings.text('registry') === undefined) return
  const { chain } = await openWallet(settings, io, true)
  const quiet = { info: () => {}, warn: () => {} }
  const components = { ledger, chain: createSettlementChain(chain, ledger.journal), vouchers: null, logger: quiet }
  await createSettler(components).reconcile({ signal: io.signal })
}

/** The ledger of this data folder; one that is not there is not made by asking. */
export function ledgerPath(settings: Settings): string {
  const path = settings.path('ledger.sqlite')
  if (existsSync(path)) return path
  throw new BitCdnError('file-missing', `No seeder has run from ${settings.home}: there is no ledger.`, {
    advice: 'Start one with "bitcdn seed", or name its data folder with --home.',
  })
}
