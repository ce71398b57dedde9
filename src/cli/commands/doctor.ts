import { Command } from 'commander'
import { diagnose } from '../doctor/diagnosis.ts'
import { EXIT_BY_SEVERITY, findingInWords } from '../doctor/report.ts'
import { type CommandIo, printResult } from '../io.ts'
import { type Options, resolveSettings, withSettings } from '../settings.ts'
import { WALLET_SETTINGS } from '../wallet.ts'

/** `bitcdn doctor`: why this node earns nothing, what each reason costs, and what to do. */
export function doctorCommand(io: CommandIo): Command {
  const command = new Command('doctor').description(
    'why a seeder earns nothing: what is wrong, what it costs, what to do; changes nothing',
  )
  command.addHelpText(
    'after',
    `
Exit codes: 0 nothing is wrong, 10 warnings only, 11 something keeps it from earning or being paid.

Examples:
  bitcdn doctor
  bitcdn doctor --json`,
  )
  return withSettings(command, ...WALLET_SETTINGS, 'ledger', 'payout', 'gateway').action(async (options: Options) => {
    const settings = resolveSettings(options, io)
    const report = await diagnose(settings, io)
    const findings = report.findings()
    const severity = findings[0]?.severity ?? null
    printResult(io, settings.json, { severity, findings, unseen: report.unseen }, () => [
      ...(findings.length === 0 ? ['Nothing is wrong with this node.'] : []),
      ...findings.flatMap(findingInWords),
      ...report.unseen.map((words) => `Not looked at: ${words}`),
    ])
    if (severity !== null && EXIT_BY_SEVERITY[severity] > 0) io.exitWith(EXIT_BY_SEVERITY[severity])
  })
}
