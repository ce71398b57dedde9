// The first start of a seeder: what it needs to know is asked once and kept, and what would keep it from earning is found
// before it starts.
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { DENYING_SETTINGS } from './denying.ts'
import { lookAround } from './doctor/diagnosis.ts'
import { createReport, EXIT_BY_SEVERITY, findingInWords } from './doctor/report.ts'
import { writePrivateFile } from './files.ts'
import type { CommandIo } from './io.ts'
import { keyPath, newKey, newKeyPath, saveKey } from './keys.ts'
import { newPassword } from './password.ts'
import { type Options, resolveSettings, type SettingName, type Settings } from './settings.ts'

/** What is asked, in this order, where neither a flag nor the environment nor config.json says it. */
const QUESTIONS: readonly { name: SettingName; question: string; needed: boolean }[] = [
  { name: 'rpc', question: 'JSON-RPC address of the chain', needed: true },
  { name: 'registry', question: 'Address of the ContentRegistry', needed: true },
  { name: 'gateway', question: "Address of the seller's gateway (empty: none)", needed: false },
  { name: 'bootstrap', question: 'A libp2p peer to start from (empty: none)', needed: false },
  {
    name: 'announce',
    question: 'Outside address of your router, such as /ip4/203.0.113.7/tcp/4001 (empty: none)',
    needed: false,
  },
]

/** More that is kept where it was said: the next start then needs no flags. */
const KEPT = [
  'chainId',
  'finality',
  'listen',
  'allowPrivate',
  'payout',
  'monitor',
  'key',
  'ledger',
  'signer',
  ...DENYING_SETTINGS,
] as const

/**
 * Asks, makes a key where there is none, looks at machine, chain, wallet and gateways, and keeps the answers in
 * `config.json`. Answers whether the seeder may start: a wallet without gas serves already, and is told of; with anything
 * else that would keep it from earning nothing is kept. Throws `usage` where nobody can be asked.
 */
export async function firstStart(options: Options, io: CommandIo): Promise<boolean> {
  const settings = resolveSettings(options, io)
  const next = `${settings.config}.new`
  try {
    writeConfig(settings, next, await answers(settings, io))
    const chosen = resolveSettings({ ...options, config: next }, io)
    await makeKey(chosen, io)
    if (!(await mayStart(chosen, io))) {
      io.exitWith(EXIT_BY_SEVERITY.error)
      return false
    }
    renameSync(next, settings.config)
    io.err(`Settings   ${settings.config}`)
    return true
  } finally {
    rmSync(next, { force: true })
  }
}

async function answers(settings: Settings, io: CommandIo): Promise<Record<string, unknown>> {
  const said: Record<string, unknown> = {}
  for (const { name, question, needed } of QUESTIONS) {
    const value = settings.text(name) ?? (await answerTo(io, question, needed))
    if (value === undefined && needed) settings.required(name) // throws, and names the flag
    if (value !== undefined && value !== '') said[name] = value
  }
  for (const name of KEPT) {
    if (settings.isSaid(name)) said[name] = name === 'allowPrivate' ? settings.flag(name) : settings.text(name)
  }
  // the next start may come from another folder
  for (const name of ['deny', 'takedowns'] as const) {
    const files = settings.list(name).map((each) => (/^https?:/i.test(each) ? each : resolve(each)))
    if (files.length > 0) said[name] = files.join(',')
  }
  // a router leads the same port in
  const port = /\/tcp\/(\d+)/.exec(String(said.announce ?? ''))?.[1]
  if (port !== undefined && said.listen === undefined) said.listen = `/ip4/0.0.0.0/tcp/${port}`
  return said
}

async function answerTo(io: CommandIo, question: string, needed: boolean): Promise<string | undefined> {
  if (io.askLine === undefined) return undefined
  for (;;) {
    const answer = (await io.askLine(`${question}: `)).trim()
    if (answer !== '' || !needed) return answer
  }
}

/** With what the file holds already. */
function writeConfig(settings: Settings, path: string, said: Readonly<Record<string, unknown>>): void {
  settings.path('config.json') // makes the data folder
  const before = existsSync(settings.config) ? (JSON.parse(readFileSync(settings.config, 'utf8')) as object) : {}
  rmSync(path, { force: true })
  writePrivateFile(path, `${JSON.stringify({ ...before, ...said }, null, 2)}\n`, 'config file')
}

async function makeKey(settings: Settings, io: CommandIo): Promise<void> {
  const name = settings.required('key')
  if (settings.text('signer') !== undefined || existsSync(keyPath(settings, name))) return
  const question = 'Password for the new key (empty: the key is not encrypted): '
  const password = await newPassword(settings, io, { question, mayBeEmpty: true })
  const path = newKeyPath(settings, name)
  const { address } = await saveKey(path, newKey(), password)
  io.err(`Key        ${path}${password === null ? ', not encrypted' : ''}: keep a copy of it`)
  io.err(`Address    ${address}: sponsors reserve for it; send it some of the chain's coin for gas`)
}

async function mayStart(settings: Settings, io: CommandIo): Promise<boolean> {
  const report = createReport()
  await lookAround(settings, io, report, null)
  const findings = report.findings()
  for (const finding of findings) for (const line of findingInWords(finding)) io.err(line)
  return findings.every(({ severity, code }) => severity !== 'error' || code === 'gas-short')
}
