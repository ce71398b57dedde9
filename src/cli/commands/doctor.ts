import { Argument, Command } from 'commander'
import { diagnose, diagnoseNet } from '../doctor/diagnosis.ts'
import { reachInWords } from '../doctor/reach.ts'
import { EXIT_BY_SEVERITY, findingInWords, type Report } from '../doctor/report.ts'
import { type CommandIo, printResult } from '../io.ts'
import { type Options, resolveSettings, withSettings } from '../settings.ts'
import { WALLET_SETTINGS } from '../wallet.ts'

/** `bitcdn doctor`: why this node earns nothing, what each reason costs, and what to do. */
export function doctorCommand(io: CommandIo): Command {
  const command = new Command('doctor')
    .description('why a seeder earns nothing: what is wrong, what it costs, what to do; changes nothing')
    .addArgument(new Argument('[part]', 'net: only whether others reach it').choices(['net']))
  command.addHelpText(
    'after',
    `
Exit codes: 0 nothing is wrong, 10 warnings only, 11 something keeps it from earning or being paid.

Examples:
  bitcdn doctor
  bitcdn doctor --json
  bitcdn doctor net --gateway https://gateway.example     which dials this machine from outside`,
  )
  return withSettings(command, ...WALLET_SETTINGS, 'ledger', 'payout', 'gateway').action(
    async (part: string | undefined, options: Options) => {
      const settings = resolveSettings(options, io)
      if (part === 'net') {
        const { report, reached } = await diagnoseNet(settings, io)
        tell(io, settings.json, report, { reached }, reached === null ? [] : [reachInWords(reached)])
      } else {
        const report = await diagnose(settings, io)
        tell(io, settings.json, report, {}, report.findings().length === 0 ? ['Nothing is wrong with this node.'] : [])
      }
    },
  )
}

function tell(io: CommandIo, json: boolean, report: Report, more: object, first: readonly string[]): void {
  const findings = report.findings()
  const severity = findings[0]?.severity ?? null
  printResult(io, json, { severity, findings, unseen: report.unseen, ...more }, () => [
    ...first,
    ...findings.flatMap(findingInWords),
    ...report.unseen.map((words) => `Not looked at: ${words}`),
  ])
  if (severity !== null && EXIT_BY_SEVERITY[severity] > 0) io.exitWith(EXIT_BY_SEVERITY[severity])
}
