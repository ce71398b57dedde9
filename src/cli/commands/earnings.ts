import { Command } from 'commander'
import { parseContentId } from '../../content/index.ts'
import { type CommandIo, printResult } from '../io.ts'
import { catchUp, type EarningsFilter, openLedgerOf, readEarnings } from '../ledger.ts'
import { type Options, resolveSettings, withSettings } from '../settings.ts'
import { printStatement, statementQuery } from '../statement.ts'
import { CHAIN_SETTINGS, openWallet, parseAddress } from '../wallet.ts'
import { money } from '../words.ts'

/** The ledger holds token units, also where no chain is named. */
const USUAL_DECIMALS = 6

const WORDS = {
  served: 'sent, not acknowledged yet',
  receipted: 'acknowledged by receipts that are stored here',
  vouchered: "covered by a sponsor's voucher",
  submitted: 'in a transaction that is not final',
  paid: 'credited on the chain',
} as const

export function earningsCommand(io: CommandIo): Command {
  const command = new Command('earnings')
    .description('what a seeder has earned, by where the money stands')
    .option('--content <id>', 'of one content')
    .option('--sponsor <address>', 'from one sponsor')
    .option('--by <what>', 'a statement by day, content or payer')
    .option('--from <day>', 'from this day on (UTC), such as 2026-11-01')
    .option('--to <day>', 'up to this day, with it')
    .option('--csv', 'the statement as comma-separated values, in whole coins')
  command.addHelpText(
    'after',
    `
Examples:
  bitcdn earnings
  bitcdn earnings --json
  bitcdn earnings --by content
  bitcdn earnings --by day --from 2026-11-01 --to 2026-11-30 --csv`,
  )
  return withSettings(command, ...CHAIN_SETTINGS, 'ledger').action(async (options: Options) => {
    const settings = resolveSettings(options, io)
    const filter: EarningsFilter = {
      ...(options.content === undefined ? {} : { contentId: parseContentId(String(options.content)) }),
      ...(options.sponsor === undefined ? {} : { sponsor: parseAddress(String(options.sponsor), '--sponsor') }),
    }
    const query = statementQuery(options)
    const ledger = await openLedgerOf(settings)
    try {
      const asked = settings.text('rpc') !== undefined && settings.text('registry') !== undefined
      const wallet = asked ? await openWallet(settings, io, true) : null
      if (query !== null) {
        if (wallet !== null) await catchUp(ledger, wallet.chain, io.signal)
        const decimals = wallet?.decimals ?? USUAL_DECIMALS
        await printStatement(io, ledger, { query, filter, decimals, options })
        return
      }
      const earnings = await readEarnings(ledger, wallet?.chain ?? null, { filter, signal: io.signal })
      printResult(io, settings.json, earnings, () =>
        Object.entries(earnings).map(([state, amount]) => {
          const said = money(amount, wallet?.decimals ?? USUAL_DECIMALS).padStart(14)
          return `${state.padEnd(10)} ${said}   ${WORDS[state as keyof typeof WORDS]}`
        }),
      )
    } finally {
      await ledger.close()
    }
  })
}
