import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { BitCdnError } from '../errors.ts'
import { carriesSecret, rememberSecret, rememberSecretsOf } from '../secrets.ts'
import { type CommandIo, defaultHome } from './io.ts'

/** One setting: a flag, an environment variable and a key of the config file, which win in that order. */
interface Setting {
  readonly flag: string
  readonly env: string
  readonly what: string
  readonly fallback?: string | boolean
}

export const SETTINGS = {
  rpc: { flag: '--rpc <url>', env: 'BITCDN_RPC', what: 'JSON-RPC address of the chain, several separated by commas' },
  registry: { flag: '--registry <address>', env: 'BITCDN_REGISTRY', what: 'ContentRegistry contract' },
  chainId: { flag: '--chain-id <number>', env: 'BITCDN_CHAIN_ID', what: 'refuse any other chain' },
  key: { flag: '--key <name|file>', env: 'BITCDN_KEY', what: 'wallet key, by name or file', fallback: 'default' },
  passwordFile: {
    flag: '--password-file <file>',
    env: 'BITCDN_PASSWORD_FILE',
    what: 'file with the password of an encrypted key, readable by its owner alone',
  },
  signer: {
    flag: '--signer <url>',
    env: 'BITCDN_SIGNER',
    what: 'JSON-RPC address of a program that holds the key and signs; --key then names its account by address',
  },
  ledger: {
    flag: '--ledger <url>',
    env: 'BITCDN_LEDGER',
    what: 'PostgreSQL database that keeps the ledger or the log of sessions, instead of the data folder',
  },
  payout: {
    flag: '--payout <address>',
    env: 'BITCDN_PAYOUT',
    what: 'who is paid; the key is then its operator (default: the key itself)',
  },
  coinPrice: {
    flag: '--coin-price <amount>',
    env: 'BITCDN_COIN_PRICE',
    what: "what one of the chain's coins costs in the stablecoin: claims that cost more gas than they pay then wait",
  },
  claim: {
    flag: '--no-claim',
    env: 'BITCDN_CLAIM',
    what: 'never claim by itself',
    fallback: true,
  },
  claimMin: {
    flag: '--claim-min <amount>',
    env: 'BITCDN_CLAIM_MIN',
    what: 'claim by itself lanes that are worth this much',
    fallback: '1.00',
  },
  claimMaxGas: {
    flag: '--claim-max-gas <gwei>',
    env: 'BITCDN_CLAIM_MAX_GAS',
    what: 'claim by itself only while gas costs no more',
    fallback: '1',
  },
  claimInterval: {
    flag: '--claim-interval <seconds>',
    env: 'BITCDN_CLAIM_INTERVAL',
    what: 'how often to look for what can be claimed',
    fallback: '3600',
  },
  gateway: { flag: '--gateway <url>', env: 'BITCDN_GATEWAY', what: "address of the publisher's gateway" },
  bootstrap: {
    flag: '--bootstrap <multiaddrs>',
    env: 'BITCDN_BOOTSTRAP',
    what: 'libp2p peers to start from, separated by commas',
  },
  listen: {
    flag: '--listen <multiaddrs>',
    env: 'BITCDN_LISTEN',
    what: 'libp2p addresses to listen on, separated by commas',
    fallback: '/ip4/0.0.0.0/tcp/0',
  },
  announce: {
    flag: '--announce <multiaddrs>',
    env: 'BITCDN_ANNOUNCE',
    what: 'addresses that others are told beside the own ones, such as a port that a router forwards, separated by commas',
  },
  relay: {
    flag: '--relay <multiaddrs>',
    env: 'BITCDN_RELAY',
    what: 'relays that carry connections to this node when nobody can dial it, separated by commas; "auto" takes one that is met',
  },
  upnp: {
    flag: '--no-upnp',
    env: 'BITCDN_UPNP',
    what: 'do not ask the router for a port',
    fallback: true,
  },
  webrtc: {
    flag: '--no-webrtc',
    env: 'BITCDN_WEBRTC',
    what: 'do not let browsers in by WebRTC, on the UDP port of the same number as the TCP port',
    fallback: true,
  },
  lan: {
    flag: '--lan',
    env: 'BITCDN_LAN',
    what: 'find peers in the local network by multicast DNS (with --allow-private: they have private addresses)',
    fallback: false,
  },
  monitor: {
    flag: '--monitor <host:port>',
    env: 'BITCDN_MONITOR',
    what: 'answer /metrics, /healthz and /readyz there, for operators (127.0.0.1:9464; default off)',
  },
  deny: {
    flag: '--deny <files>',
    env: 'BITCDN_DENY',
    what: 'files that name what is never served, one content id, infohash or publisher a line; separated by commas',
  },
  takedowns: {
    flag: '--takedowns <files|urls>',
    env: 'BITCDN_TAKEDOWNS',
    what: 'signed lists of what is never served, separated by commas',
  },
  takedownSigner: {
    flag: '--takedown-signer <addresses>',
    env: 'BITCDN_TAKEDOWN_SIGNER',
    what: 'whose signature on such a list counts, separated by commas',
  },
  finality: {
    flag: '--finality <tag>',
    env: 'BITCDN_FINALITY',
    what: 'block that reserves are read at: finalized, safe or latest',
    fallback: 'finalized',
  },
  confirmations: {
    flag: '--confirmations <blocks>',
    env: 'BITCDN_CONFIRMATIONS',
    what: 'blocks on top of a transaction before it counts, where the chain names no final block',
  },
  allowPrivate: {
    flag: '--allow-private',
    env: 'BITCDN_ALLOW_PRIVATE',
    what: 'dial private and loopback addresses (local networks)',
    fallback: false,
  },
} as const satisfies Record<string, Setting>

export type SettingName = keyof typeof SETTINGS
export type Options = Readonly<Record<string, unknown>>

/** Adds `--json`, `--home`, `--config` and the named settings to a command. */
export function withSettings(command: Command, ...names: SettingName[]): Command {
  for (const name of names) {
    const { flag, env, what, fallback }: Setting = SETTINGS[name]
    command.option(flag, `${what} [${env}]${typeof fallback === 'string' ? ` (default ${fallback})` : ''}`)
  }
  return command
    .option('--json', 'print one JSON object')
    .option('--home <folder>', 'data folder [BITCDN_HOME] (default ~/.bitcdn)')
    .option('--config <file>', 'config file [BITCDN_CONFIG] (default config.json in the data folder)')
}

/** The settings of one call, resolved: flags, then environment, then the config file, then defaults. */
export interface Settings {
  readonly home: string
  /** The config file, whether it is there or not. */
  readonly config: string
  readonly json: boolean
  /** Whether somebody said it, and not the default alone. */
  isSaid(name: SettingName): boolean
  /** Undefined when nothing names it. */
  text(name: SettingName): string | undefined
  /** Throws `usage` when nothing names it. */
  required(name: SettingName): string
  flag(name: SettingName): boolean
  list(name: SettingName): string[]
  /** A path below the data folder; its parent exists when this returns. */
  path(...parts: string[]): string
  /** A folder below the data folder; it exists when this returns. */
  folder(name: string): string
}

export function resolveSettings(options: Options, io: CommandIo): Settings {
  const home = resolve(typeof options.home === 'string' ? options.home : defaultHome(io.env))
  const file = readConfig(options.config ?? io.env.BITCDN_CONFIG, home)
  const said = (name: SettingName): unknown => {
    const setting: Setting = SETTINGS[name]
    // Commander says true for a "--no-…" that was not given
    const given = setting.flag.startsWith('--no-') && options[name] === true ? undefined : options[name]
    return given ?? io.env[setting.env] ?? file[name]
  }
  const value = (name: SettingName): unknown => {
    const setting: Setting = SETTINGS[name]
    return said(name) ?? setting.fallback
  }
  const text = (name: SettingName): string | undefined => {
    const found = value(name)
    return found === undefined || found === '' ? undefined : String(found)
  }
  const config = configPath(options.config ?? io.env.BITCDN_CONFIG, home)
  const sourceOf = (name: SettingName) => {
    if (options[name] !== undefined) return 'flag'
    if (io.env[SETTINGS[name].env] !== undefined) return 'variable'
    return file[name] === undefined ? 'default' : 'file'
  }
  for (const name of URLS) guard(name, text(name) ?? '', { io, seenIn: seenIn(sourceOf(name), config) })
  return {
    home,
    config,
    isSaid: (name) => said(name) !== undefined,
    json: options.json === true,
    text,
    required(name) {
      const found = text(name)
      if (found !== undefined) return found
      const { flag, env, what } = SETTINGS[name]
      throw new BitCdnError('usage', `This command needs the ${what}, and nothing names it.`, {
        advice: `Give ${flag}, set ${env}, or put "${name}" into ${join(home, 'config.json')}.`,
      })
    },
    flag: (name) => value(name) === true || value(name) === 'true' || value(name) === '1',
    list: (name) =>
      (text(name) ?? '')
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    path(...parts) {
      const full = join(home, ...parts)
      makeFolder(resolve(full, '..'))
      return full
    },
    folder(name) {
      const full = join(home, name)
      makeFolder(full)
      return full
    },
  }
}

/** Settings whose value may carry a provider's key or a password. */
const URLS = ['rpc', 'signer', 'gateway', 'ledger'] as const

/** Keeps what the value carries out of logs and failures; warns where others can read it. */
function guard(
  name: (typeof URLS)[number],
  value: string,
  { io, seenIn }: { io: CommandIo; seenIn: string | null },
): void {
  const urls = value.split(',').map((url) => url.trim())
  for (const url of urls) {
    if (name === 'ledger') rememberSecret(passwordIn(url))
    else rememberSecretsOf(url)
  }
  const secret = urls.some((url) =>
    name === 'ledger' ? passwordIn(url) !== '' : name !== 'gateway' && carriesSecret(url),
  )
  if (seenIn === null || !secret) return
  io.err(`Warning: "${name}" seems to carry a key, and other users of this machine can read ${seenIn}.`)
  io.err(`Put it into config.json of the data folder, and run: chmod 600 config.json`)
}

const passwordIn = (url: string): string => URL.parse(url)?.password ?? ''

/** Where other users can read a setting; null where they cannot. */
function seenIn(from: 'flag' | 'variable' | 'file' | 'default', path: string): string | null {
  if (from === 'flag') return 'command lines'
  if (from !== 'file' || process.platform === 'win32') return null
  return (statSync(path).mode & 0o077) === 0 ? null : path
}

const configPath = (named: unknown, home: string): string =>
  typeof named === 'string' ? resolve(named) : join(home, 'config.json')

function readConfig(named: unknown, home: string): Record<string, unknown> {
  const path = configPath(named, home)
  let content: string
  try {
    content = readFileSync(path, 'utf8')
  } catch (cause) {
    if (typeof named !== 'string') return {}
    throw new BitCdnError('file-missing', `The config file ${path} cannot be read.`, { cause })
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(content)
  } catch (cause) {
    throw new BitCdnError('file-invalid', `The config file ${path} is not JSON: ${(cause as Error).message}`, { cause })
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new BitCdnError('file-invalid', `The config file ${path} must hold one JSON object.`)
  }
  for (const key of Object.keys(parsed)) {
    if (!(key in SETTINGS)) {
      throw new BitCdnError('file-invalid', `The config file ${path} has an unknown key "${key}".`, {
        advice: `Known keys: ${Object.keys(SETTINGS).join(', ')}.`,
      })
    }
  }
  return parsed as Record<string, unknown>
}

function makeFolder(path: string): void {
  try {
    makeEach(path)
  } catch (cause) {
    throw new BitCdnError('disk-failed', `The folder ${path} cannot be made: ${(cause as Error).message}`, {
      advice: 'Choose another data folder with --home.',
      cause,
    })
  }
}

/** One by one: Node's own recursion never ends where the system answers "no such folder" for a child of one that is there. */
function makeEach(path: string): void {
  if (existsSync(path) && statSync(path).isDirectory()) return
  if (dirname(path) !== path) makeEach(dirname(path))
  mkdirSync(path, { mode: 0o700 })
}
