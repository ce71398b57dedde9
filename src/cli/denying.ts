// What a seeder never serves, from where its operator says: files of its own, and signed takedown lists from files or over HTTP.
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import type { Address } from 'viem'
import { blockTime, type Chain, listContents } from '../chain/index.ts'
import type { ContentId, Metainfo } from '../content/index.ts'
import { BitCdnError } from '../errors.ts'
import {
  checkTakedowns,
  createPeriodic,
  type Denial,
  type Denied,
  type Denying,
  type DenyList,
  denialOf,
  denyList,
  entriesOf,
  parseDenyList,
  parseTakedowns,
  type SignedTakedownList,
} from '../seeder/index.ts'
import type { Logger } from '../telemetry/index.ts'
import type { CommandIo } from './io.ts'
import type { SettingName, Settings } from './settings.ts'
import { parseAddress } from './wallet.ts'
import { counted } from './words.ts'

export const DENYING_SETTINGS = ['deny', 'takedowns', 'takedownSigner'] as const satisfies readonly SettingName[]

/** How often files are looked at again, and takedown lists fetched again, milliseconds. */
const FILE_INTERVAL = 2_000
const FETCH_INTERVAL = 300_000
const FETCH_TIMEOUT = 20_000
const MAX_LIST_BYTES = 16 * 2 ** 20
/** One content is written into the log of refusals once in so long, milliseconds: anybody may ask as often as it likes. */
const LOG_INTERVAL = 600_000

export interface OpenDenials extends Denying {
  /** What it denies, for people; empty where nobody said anything. */
  readonly words: readonly string[]
  /** Learns under which names a content may be denied. */
  know(metainfo: Pick<Metainfo, 'contentId' | 'infohashV1'>): Promise<void>
  /** Calls `changed` when a list has changed. */
  watch(changed: () => void): void
  close(): void
}

export interface DenyingComponents {
  readonly chain: Chain
  readonly logger: Logger
  readonly io: CommandIo
}

/**
 * Opens every list that the settings name. Throws `file-missing`, `file-invalid`, `verification-failed`, and `file-unreadable`
 * for a takedown list that cannot be fetched while none of its signer is held: nothing is served on a guess.
 */
export async function openDenials(settings: Settings, components: DenyingComponents): Promise<OpenDenials> {
  const { chain, logger, io } = components
  const files = settings.list('deny').map((path) => resolve(path))
  const sources = settings.list('takedowns')
  const trusted = settings.list('takedownSigner').map((text) => parseAddress(text, '--takedown-signer'))
  requireSigners(sources, trusted)
  const own = new Map<string, { list: DenyList; stamp: string }>()
  const held = new Map<Address, { signed: SignedTakedownList; list: DenyList }>()
  const known = new Map<ContentId, { infohashV1: string | null; publishers: readonly Address[] }>()
  const periodic = createPeriodic((error) => complain(error, 'the lists of what is denied could not be looked at'))
  const logged = new Map<ContentId, number>()

  const stateOf = (): string =>
    [...own.values()].map(({ stamp }) => stamp).join() + [...held.values()].map(({ signed }) => signed.sequence).join()
  const lists = (): DenyList[] => [...own.values(), ...held.values()].map(({ list }) => list)
  const keptPath = (signer: Address): string => settings.path('takedowns', `${signer.toLowerCase()}.json`)

  for (const file of files) readOwn(file)
  for (const signer of trusted) await recall(signer)
  for (const source of sources) await fetchAtStart(source)
  return {
    get words() {
      return [
        ...[...own.values()].map(({ list }) => `${counted(entriesOf(list), 'entry')} of ${list.name}`),
        ...[...held.values()].map(
          ({ list, signed }) =>
            `${counted(entriesOf(list), 'entry')} of takedown list ${signed.sequence} of ${list.name}`,
        ),
      ].map((words) => words.replace('entrys', 'entries'))
    },
    of: (contentId, payer) => denialOf(lists(), { contentId, payer, ...known.get(contentId) }),
    onDenied: (denied) => note(denied),
    async know({ contentId, infohashV1 }) {
      known.set(contentId, { infohashV1, publishers: known.get(contentId)?.publishers ?? [] })
      if (lists().every(({ publishers }) => publishers.size === 0)) return
      const published = await listContents(chain, { contentId }, { signal: io.signal })
      known.set(contentId, { infohashV1, publishers: published.map(({ publisher }) => publisher) })
    },
    watch(changed) {
      periodic.every(FILE_INTERVAL, async () => {
        const before = stateOf()
        for (const file of files) attempt(() => readOwn(file), 'the denylist stays as it was')
        for (const source of sources.filter((each) => !isUrl(each)))
          await take(source).catch((error: Error) => complain(error))
        if (stateOf() !== before) await refresh(changed)
      })
      periodic.every(FETCH_INTERVAL, async () => {
        for (const source of sources.filter(isUrl)) await take(source).catch((error: Error) => complain(error))
        await refresh(changed) // who has published what may have changed as well
      })
    },
    close() {
      periodic.stop()
    },
  }

  function readOwn(path: string): void {
    const found = statSync(path, { throwIfNoEntry: false })
    const stamp = `${found?.mtimeMs} ${found?.size}`
    if (own.get(path)?.stamp === stamp) return
    own.set(path, { stamp, list: parseDenyList(readOwnFile(path), { name: basename(path), where: path }) })
  }

  /** What was taken in an earlier run: older lists are refused after a restart too. */
  async function recall(signer: Address): Promise<void> {
    const path = keptPath(signer)
    let text: string
    try {
      text = readFileSync(path, 'utf8')
    } catch {
      return
    }
    const signed = parseTakedowns(text, path)
    await checkTakedowns(signed, { where: path, trusted: [signer], held: signed, now: 0 })
    hold(signed, path)
  }

  function hold(signed: SignedTakedownList, where: string): void {
    const list = denyList(signed.deny, { name: signed.signer, where: (at) => `${where}, entry ${at + 1}` })
    held.set(signed.signer, { signed, list })
  }

  async function take(source: string): Promise<void> {
    const where = isUrl(source)
      ? `The takedown list at ${new URL(source).host}`
      : `The takedown list ${resolve(source)}`
    const signed = parseTakedowns(await textOf(source, where, io.signal), where)
    const before = held.get(signed.signer)?.signed ?? null
    await checkTakedowns(signed, { where, trusted, held: before, now: Number(await blockTime(chain, io.signal)) })
    if (before?.sequence === signed.sequence) return
    hold(signed, where)
    const path = keptPath(signed.signer)
    writeFileSync(`${path}.new`, `${JSON.stringify(signed)}\n`, { mode: 0o600, flush: true })
    renameSync(`${path}.new`, path)
    logger.info(
      { signer: signed.signer, sequence: signed.sequence, entries: signed.deny.length },
      'took a takedown list',
    )
  }

  /** A server that is away does not keep a seeder from starting that holds a list; a list that is wrong always does. */
  async function fetchAtStart(source: string): Promise<void> {
    try {
      await take(source)
    } catch (error) {
      if (
        !(error instanceof BitCdnError) ||
        error.code !== 'file-unreadable' ||
        trusted.some((signer) => !held.has(signer))
      )
        throw error
      io.err(`Warning: ${error.message} What was fetched earlier goes on counting.`)
    }
  }

  async function refresh(changed: () => void): Promise<void> {
    if (lists().some(({ publishers }) => publishers.size > 0)) {
      for (const [contentId, { infohashV1 }] of known) {
        const published = await listContents(chain, { contentId }, { signal: io.signal }).catch(() => null)
        if (published !== null)
          known.set(contentId, { infohashV1, publishers: published.map((each) => each.publisher) })
      }
    }
    changed()
  }

  /** A line of JSON into `refused.jsonl` of the data folder. */
  function note({ contentId, list, by, did, peer }: Denied): void {
    const now = Date.now()
    if (did === 'refused' && now - (logged.get(contentId) ?? 0) < LOG_INTERVAL) return
    if (logged.size > 10_000) logged.clear()
    logged.set(contentId, now)
    const line = {
      time: new Date(now).toISOString(),
      did,
      contentId,
      list,
      by,
      ...(peer === undefined ? {} : { peer }),
    }
    attempt(
      () => appendFileSync(settings.path('refused.jsonl'), `${JSON.stringify(line)}\n`, { mode: 0o600 }),
      'the log of refusals could not be written',
    )
  }

  function complain(error: Error, what = 'a takedown list was not taken; what is held goes on counting'): void {
    const words = createHash('sha256').update(error.message).digest('hex')
    if (said.has(words)) return // each fault once, not every two seconds
    said.add(words)
    logger.warn({ reason: error.message }, what)
  }

  function attempt(work: () => void, what: string): void {
    try {
      work()
    } catch (error) {
      complain(error as Error, what)
    }
  }
}

/** What the settings deny by themselves: their files, and the takedown lists that the seeder of this data folder holds. */
export function denialHere(settings: Settings, content: Pick<Metainfo, 'contentId' | 'infohashV1'>): Denial | null {
  const own = settings.list('deny').map((file) => {
    const path = resolve(file)
    return parseDenyList(readOwnFile(path), { name: basename(path), where: path })
  })
  const held = settings.list('takedownSigner').flatMap((text) => {
    const path = settings.path('takedowns', `${parseAddress(text, '--takedown-signer').toLowerCase()}.json`)
    if (!existsSync(path)) return []
    const { deny, signer } = parseTakedowns(readFileSync(path, 'utf8'), path)
    return [denyList(deny, { name: signer, where: (at) => `${path}, entry ${at + 1}` })]
  })
  return denialOf([...own, ...held], content)
}

/** Throws `file-missing`. */
function readOwnFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new BitCdnError('file-missing', `The denylist ${path} cannot be read: ${(cause as Error).message}`, {
      advice: 'Make it, if need be empty, or leave --deny out.',
      cause,
    })
  }
}

/** Faults that were told already. */
const said = new Set<string>()

const isUrl = (source: string): boolean => /^https?:\/\//i.test(source)

function requireSigners(sources: readonly string[], trusted: readonly Address[]): void {
  if (sources.length > 0 && trusted.length === 0) {
    throw new BitCdnError('usage', '--takedowns names lists, and nobody who may sign them.', {
      advice: 'Name the address that you trust with --takedown-signer.',
    })
  }
  if (trusted.length > 0 && sources.length === 0) {
    throw new BitCdnError('usage', '--takedown-signer names who may sign lists, and there is none.', {
      advice: 'Say where the list is with --takedowns.',
    })
  }
}

/** Throws `file-unreadable` where it cannot be had. */
async function textOf(source: string, where: string, signal: AbortSignal): Promise<string> {
  try {
    if (!isUrl(source)) return await readFile(resolve(source), 'utf8')
    const response = await fetch(source, { signal: AbortSignal.any([signal, AbortSignal.timeout(FETCH_TIMEOUT)]) })
    if (!response.ok) throw new Error(`status ${response.status}`)
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length
      if (bytes > MAX_LIST_BYTES) throw new Error(`more than ${MAX_LIST_BYTES} bytes`)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  } catch (cause) {
    signal.throwIfAborted()
    throw new BitCdnError('file-unreadable', `${where} cannot be had: ${(cause as Error).message}.`, {
      advice: 'Check the address. A seeder that holds no list of its signer does not serve without it.',
      cause,
      retry: true,
    })
  }
}

/** For logs and the doctor. */
export const denialInWords = ({ list, by }: Denial): string =>
  by === 'publisher' || by === 'payer' ? `its ${by} is on ${list}` : `it is on ${list}`
