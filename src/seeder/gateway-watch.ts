// What a seeder and the gateways of its sponsors tell each other beside vouchers: copies of logs, so that a gateway which
// lost some of its own never signs a second one; sessions whose buyers hold no pass any more; bytes never signed for.
import type { Address } from 'viem'
import { type GatewayClient, type Gateways, LIMITS, type SessionDebt, type SignedLog } from '../gateway-client/index.ts'
import { type Lane, type LaneLog, laneKey, type ReceiptLedger } from '../receipts/index.ts'
import type { Logger } from '../telemetry/index.ts'
import { type Debt, RefusedError } from '../transfer/index.ts'
import { DEBTS_WAITING, GATEWAY_TIMEOUT } from './constants.ts'
import type { Desk } from './desk.ts'

export interface GatewayWatchComponents {
  readonly gateways: Pick<Gateways, 'clients'>
  readonly ledger: ReceiptLedger
  readonly desk: Pick<Desk, 'sessions'>
  readonly logger: Logger
}

export interface GatewayWatchInit {
  readonly seeder: Address
  readonly pricePerGiB: bigint
  readonly lanes: readonly bigint[]
}

export interface GatewayWatch {
  /** One round with every gateway; those that are silent are asked again next time. Never rejects. */
  look(): Promise<void>
  /** A sponsor's logs do not agree with ours: they are presented again in the next round. */
  presentAgain(sponsor: Address): void
  noteDebt(debt: Debt): void
}

interface Known {
  sponsor: Address | null
  /** Of the start of the gateway that our logs were presented to. */
  epoch: string | null
}

export function createGatewayWatch(components: GatewayWatchComponents, init: GatewayWatchInit): GatewayWatch {
  const { gateways, ledger, desk, logger } = components
  const known = new Map<GatewayClient, Known>()
  let debts: Debt[] = []

  async function lookAt(client: GatewayClient): Promise<void> {
    const signal = AbortSignal.timeout(GATEWAY_TIMEOUT)
    const about = known.get(client) ?? { sponsor: null, epoch: null }
    known.set(client, about)
    about.sponsor ??= (await client.info({ signal })).sponsor
    const { sponsor } = about
    const open = desk.sessions.filter(({ lane, ticket }) => ticket !== null && lane.sponsor === sponsor)
    const { epoch, ended } = await client.watch(
      open.map(({ session }) => session),
      { signal },
    )
    for (const { session, reason } of ended) {
      const one = open.find((each) => each.session === session)
      one?.end(new RefusedError('noAccess', reason))
    }
    if (epoch !== about.epoch) {
      await present(client, sponsor)
      about.epoch = epoch
    }
    await tellDebts(client, sponsor, signal)
  }

  /** Lanes that are offered, whether anything is known of them or not, and others that something is known of. */
  async function present(client: GatewayClient, sponsor: Address): Promise<void> {
    const offered = init.lanes.map(
      (lane): Lane => ({ sponsor, seeder: init.seeder, lane, pricePerGiB: init.pricePerGiB }),
    )
    const held = (await ledger.lanes()).filter((lane) => lane.sponsor === sponsor && lane.seeder === init.seeder)
    const lanes = new Map([...offered, ...held].map((lane) => [laneKey(lane), lane]))
    for (const lane of lanes.values()) {
      const log = await ledger.laneLog(lane)
      const signal = AbortSignal.timeout(GATEWAY_TIMEOUT)
      const state = await client.presentLog({ lane, log: log === null ? null : copyOf(log) }, { signal })
      const about = { sponsor, lane: String(lane.lane), gateway: client.url }
      if (state === 'adopted') logger.warn(about, 'the gateway had lost lines of its log and took ours')
      if (state === 'forked') {
        logger.warn(about, 'the sponsor signed two logs for one lane; what we hold of ours is settled as it is')
      }
    }
  }

  async function tellDebts(client: GatewayClient, sponsor: Address, signal: AbortSignal): Promise<void> {
    const own = debts.filter(({ subjects }) => subjects.includes(`sponsor ${sponsor}`))
    if (own.length === 0) return
    const told = own.map(({ session, bytes }): SessionDebt => {
      return { session: session as SessionDebt['session'], bytes: BigInt(bytes) }
    })
    await client.tellDebts(init.seeder, told, { signal })
    debts = debts.filter((debt) => !own.includes(debt))
  }

  return {
    async look() {
      await Promise.all(
        gateways.clients.map((client) =>
          lookAt(client).catch((error: Error) => {
            logger.debug({ gateway: client.url, reason: error.message }, 'a gateway was not asked; it is asked again')
          }),
        ),
      )
    },
    presentAgain(sponsor) {
      for (const about of known.values()) if (about.sponsor === sponsor) about.epoch = null
    },
    noteDebt(debt) {
      debts = [...debts, debt].slice(-DEBTS_WAITING)
    },
  }
}

/** Up to the newest signed head; of a very long log the end. Null when no signed head is held. */
function copyOf({ settled, sessions, heads }: LaneLog): SignedLog | null {
  const signed = heads.at(-1)
  if (signed === undefined) return null
  const end = sessions.findIndex(({ next }) => next === signed.head) + 1
  const newest = sessions.slice(0, end).slice(-LIMITS.lines)
  return {
    from: newest[0]?.session ?? settled,
    lines: newest.map(({ sessionKey, maxBytes }) => ({ sessionKey, maxBytes })),
    signed,
  }
}
