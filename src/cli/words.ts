import { formatGwei, formatUnits, parseGwei, parseUnits } from 'viem'
import { BitCdnError } from '../errors.ts'

/** How numbers are said to people, and read from them. MB = 10^6 bytes; prices are per GiB = 2^30 bytes. */

export function bytesInWords(bytes: number | bigint): string {
  const value = Number(bytes)
  if (value < 1000) return `${Math.round(value)} B`
  const unit = Math.min(Math.floor(Math.log10(value) / 3), 5)
  const scaled = value / 1000 ** unit
  return `${scaled.toFixed(scaled < 10 ? 2 : scaled < 100 ? 1 : 0)} ${['B', 'kB', 'MB', 'GB', 'TB', 'PB'][unit]}`
}

export function secondsInWords(seconds: number): string {
  if (!Number.isFinite(seconds)) return '--'
  const whole = Math.max(0, Math.ceil(seconds))
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

/** 1234567n with 6 decimals is "1.234567"; at least two digits behind the point. */
export function money(units: bigint, decimals: number): string {
  const [whole = '0', fraction = ''] = formatUnits(units, decimals).split('.')
  return `${whole}.${fraction.padEnd(2, '0')}`
}

/** How the stablecoin of this process's chain is written. */
export interface Coin {
  readonly symbol: string
  readonly decimals: number
}

/** Most stablecoins have six decimals; a chain that is asked tells its own. */
let coin: Coin = { symbol: 'USD', decimals: 6 }

/** From here on sentences about money use this coin: one process speaks to one chain. */
export function speakIn(known: Coin): void {
  coin = known
}

/** "holds 5000000 token units" is said as "holds 5.00 tUSD", a price of gas in gwei. For people; JSON keeps the units. */
export function inCoins(text: string, { symbol, decimals }: Coin = coin): string {
  return text
    .replaceAll(/\b(\d+) token units?\b/g, (_all, units) => `${money(BigInt(units), decimals)} ${symbol}`)
    .replaceAll(/\b(\d+) wei\b/g, (_all, wei) => `${formatGwei(BigInt(wei))} gwei`)
}

/** "1 seeder", "3 seeders". */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** Reads "5", "0.05": an amount in whole coins, as token units. */
export function parseMoney(text: string, decimals: number, what: string): bigint {
  if (!/^\d+(\.\d+)?$/.test(text)) {
    throw new BitCdnError('usage', `${what} must be an amount such as 5 or 0.05, not "${text}".`)
  }
  if ((text.split('.')[1] ?? '').length > decimals) {
    throw new BitCdnError('usage', `${what} "${text}" has more than the ${decimals} decimals of the stablecoin.`)
  }
  return parseUnits(text, decimals)
}

/** Reads "1.5", a price of gas in gwei, as wei. */
export function parseGas(text: string, what: string): bigint {
  if (/^\d+(\.\d{1,9})?$/.test(text)) return parseGwei(text)
  throw new BitCdnError('usage', `${what} must be a price of gas in gwei such as 1.5, not "${text}".`)
}

const SIZES: Readonly<Record<string, number>> = {
  ...{ '': 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 },
  ...{ kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40 },
}

/** Reads "500MB", "1.5 GiB", "262144": bytes; a rate is so many a second. */
export function parseBytes(text: string, what: string): number {
  const [, digits, unit = ''] = /^(\d{1,15}(?:\.\d{1,3})?) ?([a-z]*)$/i.exec(text.trim()) ?? []
  const factor = SIZES[unit.toLowerCase()]
  if (digits !== undefined && factor !== undefined) return Math.round(Number(digits) * factor)
  throw new BitCdnError('usage', `${what} must be bytes such as 500MB, 2GiB or 262144, not "${text}".`)
}

const SPANS: Readonly<Record<string, number>> = { '': 1, s: 1, min: 60, h: 3600, d: 86_400 }

/** Reads "90s", "10min", "2h", "1d", or a number of seconds: milliseconds. */
export function parseDuration(text: string, what: string): number {
  const [, digits, unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?) ?([a-z]*)$/i.exec(text.trim()) ?? []
  const factor = SPANS[unit.toLowerCase()]
  const milliseconds = Math.round(Number(digits) * (factor ?? 0) * 1000)
  // Timers of JavaScript end at 24 days.
  if (digits !== undefined && factor !== undefined && milliseconds < 2 ** 31) return milliseconds
  throw new BitCdnError('usage', `${what} must be a time such as 90s, 10min, 2h or 1d (at most 24d), not "${text}".`)
}

export function parseWhole(text: string, what: string, least = 0, most = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new BitCdnError('usage', `${what} must be a whole number from ${least} to ${most}, not "${text}".`)
  }
  return value
}

export function parsePercent(text: string, what: string): number {
  const value = Number(text)
  if (!/^\d+(\.\d{1,2})?$/.test(text) || value > 100) {
    throw new BitCdnError(
      'usage',
      `${what} must be a percentage from 0 to 100 with at most two decimals, not "${text}".`,
    )
  }
  return Math.round(value * 100)
}
