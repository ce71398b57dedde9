// What the doctor asks those who send buyers: whether they answer, sell what is held, and pay what is asked.
import type { Address } from 'viem'
import { type Chain, listContents, readSigner } from '../../chain/index.ts'
import { createGatewayClient, type GatewayInfo } from '../../gateway-client/index.ts'
import type { Settings } from '../settings.ts'
import type { Payer } from './money.ts'
import type { SeedRecord } from './record.ts'
import type { Report } from './report.ts'

/** Milliseconds in which a gateway answers. */
const GATEWAY_MILLISECONDS = 8_000

export interface Asked {
  readonly url: string
  readonly info: GatewayInfo | null
  /** Unix seconds by its clock. */
  readonly time: number | null
}

/** Asks every gateway that the settings name. */
export async function askGateways(settings: Settings, report: Report, signal: AbortSignal): Promise<Asked[]> {
  const asked = await Promise.all(settings.list('gateway').map((url) => askOne(url, signal)))
  const silent = asked.filter(({ info }) => info === null)
  for (const { url, why } of silent) {
    report.add('gateway-unreachable', silent.length === asked.length ? 'error' : 'warning', {
      what: why,
      costs: 'Who buys there gets no session for you, and receipts are settled without vouchers, which takes more gas.',
      advice: `Check the address ${new URL(url).host} and your network; tell the publisher if it stays away.`,
    })
  }
  return asked
}

async function askOne(url: string, signal: AbortSignal): Promise<Asked & { why: string }> {
  const within = { signal: AbortSignal.any([signal, AbortSignal.timeout(GATEWAY_MILLISECONDS)]) }
  try {
    const info = await createGatewayClient({ url }).info(within)
    const { headers } = await fetch(`${url.replace(/\/+$/, '')}/v1/info`, {
      method: 'HEAD',
      redirect: 'error',
      ...within,
    })
    const told = Date.parse(headers.get('date') ?? '')
    return { url, info, time: Number.isNaN(told) ? null : told / 1_000, why: '' }
  } catch (error) {
    signal.throwIfAborted()
    return { url, info: null, time: null, why: (error as Error).message }
  }
}

/**
 * Whether what is held is sold, by somebody who pays what is asked and whose gateway's signatures count. Answers who may pay.
 */
export async function checkSellers(
  chain: Chain,
  record: SeedRecord,
  asked: readonly Asked[],
  report: Report,
  signal: AbortSignal,
): Promise<Payer[]> {
  const infos = asked.flatMap(({ info }) => (info === null ? [] : [info]))
  const payers = new Map<Address, Payer>()
  const ours = infos.filter((info) => isOfOurs(info, chain, report))
  for (const { sponsor, signer } of ours) {
    payers.set(sponsor, { sponsor, signer })
    await checkVoice(chain, { sponsor, signer }, report, signal)
  }
  const unsold: string[] = []
  const unknown: string[] = []
  const dear: string[] = []
  let offer = 0n
  for (const { contentId, name } of record.contents) {
    const published = await listContents(chain, { contentId }, { signal })
    const sold = ours.flatMap(({ contents }) => contents.filter((each) => each.contentId === contentId))
    for (const { sponsor } of ours.length > 0 ? [] : published) {
      payers.set(sponsor, payers.get(sponsor) ?? { sponsor, signer: null })
    }
    const offers = [...published.map(({ pricePerGiB }) => pricePerGiB), ...sold.map((each) => BigInt(each.pricePerGiB))]
    if (offers.length === 0) unsold.push(name)
    else if (ours.length > 0 && sold.length === 0) unknown.push(name)
    if (offers.length > 0 && offers.every((each) => each < BigInt(record.pricePerGiB))) {
      dear.push(name)
      for (const each of offers) if (each > offer) offer = each
    }
  }
  const of = (names: readonly string[]) => (names.length === record.contents.length ? 'error' : 'warning')
  if (unsold.length > 0) {
    report.add('content-not-sold', of(unsold), {
      what: `Nobody has published ${unsold.join(', ')} at the registry ${chain.addresses.registry}.`,
      costs: 'Nobody can buy a pass for it, so no sponsor pays for its delivery.',
      advice: 'Serve something that is sold, or check that --registry is the one of the seller.',
    })
  }
  if (unknown.length > 0) {
    report.add('gateway-lacks-content', of(unknown), {
      what: `No gateway that you name sells ${unknown.join(', ')}.`,
      costs: 'Nobody gets a session for it there, and nobody signs vouchers for it.',
      advice: 'Name the gateway of its publisher with --gateway, beside those that you have.',
    })
  }
  if (dear.length > 0) {
    report.add('price-too-high', of(dear), {
      what: `You ask for ${record.pricePerGiB} token units per GiB; for ${dear.join(', ')} at most ${offer} token units are paid.`,
      costs: 'The publisher’s gateway sends nobody to you.',
      advice: 'Start the seeder with a --price-per-gib of at most that.',
    })
  }
  return [...payers.values()]
}

function isOfOurs(info: GatewayInfo, chain: Chain, report: Report): boolean {
  const same = info.chainId === chain.id && info.settlement.toLowerCase() === chain.addresses.settlement.toLowerCase()
  if (same) return true
  report.add('gateway-other-chain', 'error', {
    what: `The gateway of ${info.sponsor} works with ${info.settlement} on chain ${info.chainId}, you with ${chain.addresses.settlement} on chain ${chain.id}.`,
    costs: 'What it signs is worth nothing to you, and your terms are worth nothing to it.',
    advice: 'Use --rpc and --registry of the same deployment as the gateway.',
  })
  return false
}

async function checkVoice(
  chain: Chain,
  { sponsor, signer }: { sponsor: Address; signer: Address },
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  if (sponsor === signer) return
  const { active, end } = await readSigner(chain, { sponsor, key: signer }, { signal })
  if (active && end === 0n) return
  report.add('gateway-key-revoked', 'error', {
    what: `The key ${signer} of the gateway of ${sponsor} ${active ? 'is being revoked' : 'may not sign for it'}.`,
    costs: 'Its sessions are refused, since its signatures will not be paid for.',
    advice: 'Claim what is owed before the key ends (bitcdn claim --all), and tell the publisher.',
  })
}
