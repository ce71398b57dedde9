// What the doctor asks this machine: its disk, the data folder, the key, the clock.
import { existsSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Address } from 'viem'
import { BitCdnError } from '../../errors.ts'
import type { CommandIo } from '../io.ts'
import { keyAddress } from '../keys.ts'
import type { Settings } from '../settings.ts'
import { openAccount } from '../wallet.ts'
import { bytesInWords, secondsInWords } from '../words.ts'
import type { Report } from './report.ts'

/** Free bytes below which the next receipts may not fit, and below which somebody should look. */
const FULL_BYTES = 64_000_000
const NEARLY_FULL_BYTES = 1_000_000_000

/** Seconds that a clock may be off before logs and days of lanes are wrong; a block may be told as much ahead of its time. */
const CLOCK_SECONDS = 30
/** A block that is no older than this, in seconds, says that our clock is right. */
const FRESH_BLOCK_SECONDS = 120

/** Whether the data folder can be written. */
export function checkFolder({ home }: Settings, report: Report): boolean {
  if (!existsSync(home)) return false
  const { bavail, bsize } = statfsSync(home)
  const free = bavail * bsize
  const failure = writeProbe(home)
  const full = failure === 'ENOSPC' || failure === 'EDQUOT'
  if (full || free < NEARLY_FULL_BYTES) {
    const [code, severity] =
      full || free < FULL_BYTES ? (['disk-full', 'error'] as const) : (['disk-nearly-full', 'warning'] as const)
    report.add(code, severity, {
      what: `The disk of the data folder ${home} has ${bytesInWords(free)} left.`,
      costs: 'A receipt that cannot be stored is not accepted, and what nobody can sign for is not served.',
      advice:
        'Make room, or move the data folder to another disk: stop the seeder, move the folder, name it with --home.',
    })
  }
  if (failure === null || full) return failure === null
  report.add('folder-not-writable', 'error', {
    what: `Nothing can be written into the data folder ${home} (${failure}).`,
    costs: 'No receipt can be stored, so nothing is served for pay.',
    advice: 'Give the folder to the user who runs the seeder, or mount its disk writable.',
  })
  return false
}

/** Null when a file could be written; otherwise the system's word for why not. */
function writeProbe(home: string): string | null {
  const path = join(home, `.doctor-${process.pid}`)
  try {
    writeFileSync(path, 'may be removed\n', { mode: 0o600 })
    return null
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'no reason given'
  } finally {
    rmSync(path, { force: true })
  }
}

/** The address that works, without its password; null where its key cannot be used. */
export async function checkKey(settings: Settings, io: CommandIo, report: Report): Promise<Address | null> {
  try {
    const remote = settings.text('signer') !== undefined
    return (remote ? await openAccount(settings, io) : await keyAddress(settings, io)).address
  } catch (error) {
    if (!(error instanceof BitCdnError) || error.code === 'interrupted') throw error
    const code = error.code === 'file-missing' ? 'key-missing' : 'key-refused'
    report.add(error.code === 'signer-unreachable' ? 'signer-unreachable' : code, 'error', {
      what: error.message,
      costs: 'A seeder does not start without its key, and nobody can be paid.',
      advice: error.advice ?? 'Name another key with --key.',
    })
    return null
  }
}

/** Unix seconds, where they are known. */
export interface Clocks {
  readonly block: number | null
  readonly gateway: number | null
}

/**
 * A gateway's clock decides, unless a young block agrees with ours; without a gateway only a block from the future does: an
 * old one may be the newest of a quiet chain.
 */
export function checkClock({ block, gateway }: Clocks, report: Report, now = Date.now() / 1_000): void {
  const age = block === null ? null : now - block
  const confirmed = age !== null && age > -CLOCK_SECONDS && age < FRESH_BLOCK_SECONDS
  const offset = gateway === null ? (age === null ? 0 : Math.min(age, 0)) : now - gateway
  if (confirmed || Math.abs(offset) <= CLOCK_SECONDS) return
  const other = gateway === null ? "the chain's newest block" : 'the gateway'
  report.add('clock-off', 'warning', {
    what: `This machine's clock is ${secondsInWords(Math.abs(offset))} ${offset > 0 ? 'ahead of' : 'behind'} ${other}.`,
    costs:
      'No money: what hangs on time follows the chain. But logs, statements and the days of your lanes are wrong, and TLS to other services may fail.',
    advice: 'Let the machine set its clock from the network: timedatectl set-ntp true.',
  })
}
