// What the doctor asks the running seeder: whether it still holds what it serves, and whom it turned away.
import { parseMetainfo } from '../../content/index.ts'
import { BitCdnError } from '../../errors.ts'
import type { SeederStatus } from '../../seeder/index.ts'
import { fatesOfFiles, readTorrentFile } from '../../storage/pieces/index.ts'
import type { Refusal } from '../../transfer/index.ts'
import type { Settings } from '../settings.ts'
import { bytesInWords, counted } from '../words.ts'
import type { SeedRecord } from './record.ts'
import type { Report } from './report.ts'

/** Milliseconds in which a seeder on this machine answers. */
const ANSWER_MILLISECONDS = 10_000

/** Refused for what the asker did wrong, not for how the seeder stands: no reason for its operator to act. */
const NOT_OURS: readonly Refusal[] = ['resting', 'needsPayment', 'sessionOpenElsewhere', 'noAccess', 'unknownContent']

const REASONS: Partial<Record<Refusal, string>> = {
  priceTooLow: 'Ask for less with --price-per-gib, or wait until nobody has lines at the old price any more.',
  logDoesNotExtend: 'Restore the newest backup of the ledger, or serve another lane with --lanes.',
  reserveTooSmall: 'Claim what is owed (bitcdn claim --all), or ask the sponsor to reserve more for you.',
  sessionExpired: 'Check that the RPC endpoint is not behind: it tells the time.',
  busy: 'Use an RPC endpoint that answers faster, or several.',
  badSignature: 'Check that the gateway and you use the same registry and chain.',
  wrongLane: 'Serve the lanes that your sponsors use: --lanes.',
}

export function checkDenied({ contents }: SeedRecord, report: Report): void {
  const denied = contents.filter((content) => content.denied !== undefined)
  if (denied.length === 0) return
  report.add('content-denied', denied.length === contents.length ? 'error' : 'warning', {
    what: `By your own lists it does not serve ${denied.map(({ name, denied }) => `${name} (${denied})`).join(', ')}.`,
    costs: 'Nothing is earned with what is denied.',
    advice:
      'Leave it out of "bitcdn seed". If it is denied by mistake, correct the file of --deny, or ask who signs the list of --takedowns; refused.jsonl in the data folder says who asked for it.',
  })
}

/** Compares files with what was verified when the seeder started. */
export async function checkContents(settings: Settings, record: SeedRecord, report: Report): Promise<void> {
  const lacking: string[] = []
  let whole = 0
  for (const { contentId, name, length, verifiedBytes, torrent, data } of record.contents) {
    const wrong = await lackOf(settings, contentId, torrent, data)
    if (wrong !== null) lacking.push(`${name}: ${wrong}`)
    else if (verifiedBytes < length) {
      lacking.push(`${name}: only ${bytesInWords(verifiedBytes)} of ${bytesInWords(length)} were intact at the start`)
    } else whole += 1
  }
  if (lacking.length === 0) return
  report.add('content-missing', whole === 0 ? 'error' : 'warning', {
    what: `Of what is served, not all is there as it was: ${lacking.join('; ')}.`,
    costs: 'Pieces that are missing or changed are not served.',
    advice: 'Put the files back, check them with "bitcdn torrent verify", and start the seeder again.',
  })
}

/** What is wrong with the files of one content; null when nothing is. */
async function lackOf(settings: Settings, contentId: string, torrent: string, data: string): Promise<string | null> {
  try {
    const metainfo = parseMetainfo(await readTorrentFile(torrent))
    const fates = await fatesOfFiles(metainfo, data, settings.path('journals', `${contentId}.journal`))
    const wrong = fates.filter(({ fate }) => fate !== 'verified')
    const [first] = wrong
    if (first === undefined) return null
    return `${first.path} is ${first.fate}${wrong.length > 1 ? `, and ${counted(wrong.length - 1, 'other')}` : ''}`
  } catch (error) {
    if (!(error instanceof BitCdnError)) throw error
    return error.message.replace(/\.$/, '')
  }
}

/** Null where the seeder has no monitor or does not answer at it. */
export async function readStatus({ monitor }: SeedRecord, report: Report): Promise<SeederStatus | null> {
  if (monitor === undefined) {
    report.notSeen('Whom the seeder turned away: start it with --monitor 127.0.0.1:9464.')
    return null
  }
  try {
    const response = await fetch(`${monitor}/v1/status`, { signal: AbortSignal.timeout(ANSWER_MILLISECONDS) })
    if (!response.ok) throw new Error(`status ${response.status}`)
    return (await response.json()) as SeederStatus
  } catch (error) {
    report.notSeen(`Whom the seeder turned away: its monitor ${monitor} does not answer (${(error as Error).message}).`)
    return null
  }
}

/** `paused`: whether "bitcdn pause" was said; the rest the seeder tells by itself. */
export function checkResting(paused: boolean, status: SeederStatus | null, report: Report): void {
  const why = paused ? 'Its operator paused it.' : (status?.resting ?? null)
  if (why === null) return
  report.add('resting', 'warning', {
    what: `The seeder serves nobody now. ${why}`,
    costs: 'Nothing is earned meanwhile.',
    advice: paused ? 'End the pause: bitcdn resume.' : 'Wait, or start it with other --hours, caps or --quiet-if.',
  })
}

export function checkRefusals({ counts }: SeederStatus, report: Report): void {
  const ours = Object.entries(counts.refused).filter(([reason]) => !NOT_OURS.includes(reason as Refusal))
  const refused = ours.reduce((sum, [, count]) => sum + count, 0)
  if (refused <= counts.admitted) return
  const [[worst = ''] = []] = ours.toSorted(([, a], [, b]) => b - a)
  report.add('lines-refused', counts.admitted === 0 ? 'error' : 'warning', {
    what: `Since it started the seeder admitted ${counts.admitted} downloads and refused ${refused}: ${ours.map(([reason, count]) => `${reason} ${count}`).join(', ')}.`,
    costs: 'Who is refused downloads from somebody else.',
    advice: REASONS[worst as Refusal] ?? 'Its log says of each why.',
  })
}
