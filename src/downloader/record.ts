import { randomUUID } from 'node:crypto'
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { BitCdnError } from '../errors.ts'
import type { Head, SeederTerms, SignedReceipt } from '../receipts/index.ts'
import type { DownloadRecord, RecordedSession } from './ports.ts'

type Entry =
  | { readonly download: string }
  | { readonly session: RecordedSession }
  | { readonly signed: SignedReceipt }
  | { readonly closed: Head }
  | { readonly held: Head }
  | { readonly refused: Head }

/** A record for a download that is not continued after its process. */
export function createMemoryRecord(): DownloadRecord {
  return createRecord(
    randomUUID(),
    [],
    () => undefined,
    () => undefined,
  )
}

/**
 * The record of a download in a file: one JSON object a line, appended, so that a kill at any moment costs at most the last
 * line, whose receipt was not sent yet. A power cut may cost more; the seeder then presents the highest receipt that it
 * holds, which our own key signed. Holds session keys: only its owner may read it.
 */
export function openDownloadRecord(path: string): DownloadRecord {
  try {
    mkdirSync(dirname(path), { recursive: true })
    const entries = readEntries(path)
    const named = entries.find((entry) => 'download' in entry)
    const download = named?.download ?? randomUUID()
    const record = createRecord(
      download,
      entries,
      () => undefined,
      () => undefined,
    )
    // Rewritten at each start: closed sessions and old receipts need not be kept.
    const kept: Entry[] = [{ download }, ...record.sessions().map((session) => ({ session }))]
    const temporary = `${path}.new`
    writeFileSync(temporary, kept.map(encodeEntry).join(''), { mode: 0o600 })
    renameSync(temporary, path)
    const file = openSync(path, 'a', 0o600)
    let closed = false
    // the number of a closed file may be another file's by now
    const write = (entry: Entry): void => (closed ? undefined : appendFileSync(file, encodeEntry(entry)))
    return createRecord(download, kept, write, () => {
      if (!closed) closeSync(file)
      closed = true
    })
  } catch (cause) {
    if (cause instanceof BitCdnError) throw cause
    throw new BitCdnError('disk-failed', `The record ${path} of this download cannot be kept: ${String(cause)}`, {
      advice: 'Check the free space and the permissions of the download folder.',
      cause,
    })
  }
}

function createRecord(
  download: string,
  entries: readonly Entry[],
  write: (entry: Entry) => void,
  close: () => void,
): DownloadRecord {
  const sessions = new Map<Head, RecordedSession>()
  for (const entry of entries) apply(entry)

  function apply(entry: Entry): void {
    if ('session' in entry) sessions.set(entry.session.session.session, entry.session)
    else if ('signed' in entry) update(entry.signed.session, { receipt: entry.signed, held: false })
    else if ('closed' in entry) update(entry.closed, { closed: true })
    else if ('held' in entry) update(entry.held, { held: true })
    else if ('refused' in entry) update(entry.refused, { refused: true })
  }

  function update(session: Head, change: Partial<RecordedSession>): void {
    const known = sessions.get(session)
    if (known !== undefined) sessions.set(session, { ...known, ...change })
  }

  function note(entry: Entry): void {
    write(entry)
    apply(entry)
  }

  return {
    download,
    sessions: () => [...sessions.values()],
    add: (session) => note({ session }),
    sign: (_session, signed) => note({ signed }),
    markClosed: (session) => note({ closed: session }),
    markHeld: (session) => note({ held: session }),
    markRefused: (session) => note({ refused: session }),
    close,
  }
}

function readEntries(path: string): Entry[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  const entries: Entry[] = []
  for (const line of text.split('\n')) {
    if (line === '') continue
    try {
      entries.push(JSON.parse(line, revive) as Entry)
    } catch {
      // The last line of a process that was killed while it wrote.
      break
    }
  }
  return entries
}

function encodeEntry(entry: Entry): string {
  return `${JSON.stringify(entry, (_key, value) => (typeof value === 'bigint' ? { bigint: value.toString() } : value))}\n`
}

function revive(_key: string, value: unknown): unknown {
  const tagged = value as { bigint?: string } | null
  return typeof tagged === 'object' && typeof tagged?.bigint === 'string' ? BigInt(tagged.bigint) : value
}

/** Whether a recorded session can be gone on with: same seeder, same terms, bytes left. */
export function isUsable(recorded: RecordedSession, terms: SeederTerms): boolean {
  const { session, closed, receipt } = recorded
  return !closed && isFor(recorded, terms) && session.line.maxBytes > (receipt?.bytesServed ?? 0n)
}

/** Whether a receipt was signed of which its seeder, the one of these terms, is not known to hold it. */
export function isOwed(recorded: RecordedSession, terms: SeederTerms): boolean {
  return recorded.receipt !== null && !recorded.held && recorded.refused !== true && isFor(recorded, terms)
}

function isFor({ session, chainId, settlement }: RecordedSession, terms: SeederTerms): boolean {
  const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()
  return chainId === terms.chainId && same(settlement, terms.settlement) && same(session.lane.seeder, terms.seeder)
}
