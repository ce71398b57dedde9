import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import type { DevnetResult, DevnetStep, KeptDevnet, RunDevnet } from '../../devnet/types.ts'
import { BitCdnError } from '../../errors.ts'
import { type CommandIo, toJson } from '../io.ts'
import { untilAsked } from '../program.ts'
import { type ProgressView, progressDisplay } from '../progress.ts'
import { announceRunning, refuseSecond } from '../running.ts'
import { type Options, resolveSettings, withSettings } from '../settings.ts'
import { bytesInWords, counted, money, parseWhole } from '../words.ts'

/** The stablecoin of a devnet is TestUSD. */
const DECIMALS = 6

export function devnetCommand(io: CommandIo): Command {
  const command = new Command('devnet')
    .description('the whole thing on this machine: sell a file, deliver it, pay everybody, check the sums')
    .option('--file <path>', 'what is sold (default: the running Node executable)')
    .option('--seeders <count>', 'how many seeders, 1 to 16', '3')
    .option('--keep', 'leave it running, and print how to use it')
    .option('--rpc-port <port>', "the chain's port; 0 takes a free one", '0')
  command.addHelpText(
    'after',
    `
Examples:
  bitcdn devnet                         the default file, three seeders
  bitcdn devnet --file film.mkv --seeders 5
  bitcdn devnet --keep                  then use the other commands; "bitcdn stop" ends it`,
  )
  return withSettings(command).action(async (options: Options) => {
    const settings = resolveSettings(options, io)
    refuseSecond(settings.home, 'devnet')
    const file = options.file === undefined ? process.execPath : resolve(String(options.file))
    if (!existsSync(file)) {
      throw new BitCdnError('file-missing', `There is no file or folder ${file}.`, {
        advice: 'Check the path after --file.',
      })
    }
    const display = progressDisplay(io, DECIMALS)
    const onStep = (step: DevnetStep): void => {
      if (step.kind === 'progress') display.show(step.event as unknown as ProgressView)
      else display.done()
      if (step.kind === 'warning') io.err(`Warning: ${step.text}`)
      if (step.kind === 'step' && step.title !== '') io.err(`${step.title.padEnd(10)} ${step.detail ?? ''}`)
    }
    const { result, kept } = await (await loadDevnet())({
      file,
      seeders: parseWhole(String(options.seeders), '--seeders', 1, 16),
      keep: options.keep === true,
      rpcPort: parseWhole(String(options.rpcPort), '--rpc-port', 0, 65_535),
      home: settings.home,
      signal: io.signal,
      onStep,
    }).finally(() => display.done())
    if (settings.json) io.out(toJson(result))
    else for (const line of summary(result)) io.out(line)
    if (!result.conserved) io.exitWith(9)
    if (kept === null) return

    const { close, ...access } = kept
    const withdraw = announceRunning(settings.home, 'devnet', access)
    for (const line of howToUse(kept, settings.home)) io.err(line)
    await untilAsked(io.signal)
    await close()
    withdraw()
  })
}

/** The devnet compiles and runs contracts with Hardhat, which is a tool of the clone and not part of the package. */
async function loadDevnet(): Promise<RunDevnet> {
  const at = new URL('../../devnet/run.ts', import.meta.url)
  if (!existsSync(at)) {
    throw new BitCdnError('usage', 'The devnet runs from a clone of the repository, not from the installed package.', {
      advice: 'Clone the repository and run "npm install && npm start" in it.',
    })
  }
  return ((await import(at.href)) as { runDevnet: RunDevnet }).runDevnet
}

function summary(result: DevnetResult): string[] {
  /** Every unit, so that the points stand below each other. */
  const dollars = (amount: bigint): string => (Number(amount) / 10 ** DECIMALS).toFixed(DECIMALS).padStart(14)
  const gas = result.transactions.reduce((sum, { gasUsed }) => sum + gasUsed, 0)
  const settle = result.transactions.find(({ what }) => what.startsWith('settle'))
  const gib = result.bytes / 2 ** 30
  const toSeeders = result.seeders.reduce((sum, { earned }) => sum + earned, 0n)
  return [
    '',
    `Content    ${result.contentId}   ${bytesInWords(result.bytes)}`,
    `Magnet     ${result.magnet}`,
    `SHA-256    ${result.sha256}`,
    `Download   ${result.download.seconds.toFixed(2)} s, ${result.download.mbPerSecond.toFixed(0)} MB/s`,
    '',
    'Who got what, read back from the chain:',
    `${'  buyer paid'.padEnd(51)}  ${dollars(result.paid)}`,
    ...result.seeders.map(
      ({ address, bytes, earned }) => `  seeder ${address}  ${dollars(earned)}   for ${bytesInWords(bytes)}`,
    ),
    ...result.holders.map(({ address, claimed }) => `  holder ${address}  ${dollars(claimed)}`),
    `${'  delivery budget left'.padEnd(51)}  ${dollars(result.budgetLeft)}`,
    `${'  carried (did not divide)'.padEnd(51)}  ${dollars(result.carried)}`,
    '',
    `Gas        ${gas} in ${counted(result.transactions.length, 'transaction')}, ${settle?.gasUsed ?? 0} of it to settle ${counted(result.receipts, 'receipt')} by ${counted(result.vouchers, 'voucher')}`,
    `Delivery   ${money(BigInt(Math.round(Number(toSeeders) / gib)), DECIMALS)} per GiB to seeders`,
    `Conserved  ${result.conserved ? 'yes, to the last unit' : 'NO: the sums do not agree'}`,
  ]
}

function howToUse(access: KeptDevnet, home: string): string[] {
  const folder = (name: string): string => access.personas.find((persona) => persona.name === name)?.home ?? ''
  const buyer = folder('buyer')
  return [
    '',
    'The devnet runs until Ctrl-C. In another terminal, in this clone:',
    '',
    "  alias bitcdn='npm run -s bitcdn --'",
    `  export BITCDN_RPC=${access.rpcUrl}`,
    `  export BITCDN_REGISTRY=${access.contracts.registry}`,
    `  export BITCDN_GATEWAY=${access.gateway}`,
    `  export BITCDN_BOOTSTRAP=${access.bootstrap}`,
    '  export BITCDN_FINALITY=latest BITCDN_ALLOW_PRIVATE=1',
    '',
    'Who is who (each with a data folder and its key in it, for --home); the buyer holds 100 more test dollars and some gas:',
    ...access.personas.map((persona) => `  ${persona.name.padEnd(9)} ${persona.address}  ${persona.home}`),
    '',
    'As the creator:',
    `  bitcdn pass list ${access.contentId} --home ${folder('creator')}`,
    'As the buyer:',
    `  bitcdn pass buy ${access.contentId} --relay --again --home ${buyer}`,
    `  bitcdn get ${access.contentId} -o ${join(buyer, 'again')} --home ${buyer}`,
    'As a seeder, who has earned by that:',
    `  bitcdn earnings --home ${folder('seeder1')}`,
    `  bitcdn claim --home ${folder('seeder1')}`,
    '',
    `End it with "bitcdn stop devnet --home ${home}": its folder, ${access.folder}, and all wallets in it vanish with it.`,
  ]
}
