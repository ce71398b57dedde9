// A publisher's gateway: it decides who may download at the publisher's cost, and turns receipts into vouchers.
import { type Address, getAddress } from 'viem'
import { type Chain, type LocalAccount, readSigner } from '../chain/index.ts'
import { BitCdnError } from '../errors.ts'
import { type SponsorLog, signerFromAccount } from '../receipts/index.ts'
import type { Logger } from '../telemetry/index.ts'
import { createAccessCheck } from './access.ts'
import { DEFAULT_LIMITS, type GatewayLimits, PRESENT_WAIT, REQUEST_WAIT } from './constants.ts'
import type { GatewayContent } from './contents.ts'
import { createDebts } from './debts.ts'
import { createLanes } from './lanes.ts'
import { createGatewayMeter, type GatewayCounts } from './meter.ts'
import { createRecovery } from './recovery.ts'
import { createRelay } from './relay.ts'
import { createServer } from './server.ts'
import { createSessions } from './sessions.ts'
import { createSignIn } from './sign-in.ts'
import { createTermsCheck } from './terms.ts'
import { createVoice } from './voice.ts'
import { createVouchers } from './vouchers.ts'
import { createWatch } from './watch.ts'

export interface GatewayComponents {
  /** Its account relays purchases and pays their gas; without one, none are relayed. */
  chain: Chain
  log: SponsorLog
  /** Signs heads, tickets and vouchers: the sponsor or its delegate. */
  signer: LocalAccount
  /** What is sold; the list is read anew for every request. */
  contents: readonly GatewayContent[]
  logger: Logger
}

export interface GatewayInit {
  /** Whose pool and reserves pay. Default: the signer itself. */
  sponsor?: Address | undefined
  /** Default 127.0.0.1. */
  host?: string | undefined
  /** 0 takes any free port. */
  port: number
  /** How clients reach it, where that is not `http://host:port`: sign-in messages are bound to its host. */
  publicUrl?: string | undefined
  limits?: Partial<GatewayLimits> | undefined
  /**
   * Milliseconds after a start in which seeders are waited for to present their logs before lines are signed for them.
   * Default 30,000; 0 where nobody could have another copy.
   */
  presentWait?: number | undefined
  /** Behind a reverse proxy: believes its X-Forwarded-For, so that clients are told apart. Default false. */
  trustProxy?: boolean | undefined
  /** Dials back seeders at private and loopback addresses, for networks of one's own. Default false. */
  allowPrivate?: boolean | undefined
}

export interface Gateway {
  /** How clients reach it; known after `start`. */
  readonly url: string
  readonly counts: GatewayCounts
  /** Throws `port-in-use`, and `refused` when the signer may not sign for the sponsor. */
  start(): Promise<void>
  /** Answers what it has begun, then closes. */
  stop(): Promise<void>
}

export function createGateway(components: GatewayComponents, init: GatewayInit): Gateway {
  const { chain, log, contents, logger } = components
  const signer = signerFromAccount(components.signer)
  const sponsor = getAddress(init.sponsor ?? signer.address)
  const limits = { ...DEFAULT_LIMITS, ...init.limits }
  const host = init.host ?? '127.0.0.1'
  let url = init.publicUrl?.replace(/\/+$/, '') ?? ''

  const recovery = createRecovery(
    { chain, log, logger },
    { signer: signer.address, presentWait: init.presentWait ?? PRESENT_WAIT, requestWait: REQUEST_WAIT },
  )
  const lanes = createLanes({ chain, log, recovery })
  const access = createAccessCheck(chain)
  const requireVoice = createVoice(chain)
  const debts = createDebts(log, { limit: limits.holderDebtBytes })
  const meter = createGatewayMeter()
  const relayer = chain.account?.address ?? null
  const sessions = createSessions(
    { chain, log, signer, lanes, access, debts, recovery, terms: createTermsCheck(chain), contents },
    { sponsor, limits },
  )
  const server = createServer(
    {
      info: {
        chainId: chain.id,
        settlement: chain.addresses.settlement,
        registry: chain.addresses.registry,
        sponsor,
        signer: signer.address,
        relayer,
        get contents() {
          return contents.map(({ contentId, pass, token, pricePerGiB, length, name }) => ({
            contentId,
            pass,
            token,
            pricePerGiB: String(pricePerGiB),
            length,
            name,
          }))
        },
      },
      contents,
      signIn: createSignIn({ chain, domain: () => new URL(url).host }),
      sessions,
      vouchers: createVouchers({ chain, log, signer, requireVoice }),
      lanes,
      recovery,
      debts,
      watch: createWatch({ chain, log, access, contents }),
      requireVoice,
      meter,
      relay: relayer === null ? null : createRelay({ chain, contents }, { limits }),
      logger,
    },
    { limits, trustProxy: init.trustProxy ?? false, allowPrivate: init.allowPrivate ?? false },
  )

  return {
    get url() {
      return url
    },
    counts: meter.counts,
    async start() {
      await requireAuthority(chain, sponsor, signer.address)
      recovery.begin()
      const address = await listen(server, host, init.port)
      if (url === '') url = address
      logger.info({ url, sponsor, signer: signer.address, contents: contents.length }, 'the gateway is open')
    },
    async stop() {
      await server.close()
      logger.info({ url }, 'the gateway is closed')
    },
  }
}

/** Signatures of a key that the sponsor never authorised would be worth nothing to any seeder. */
async function requireAuthority(chain: Chain, sponsor: Address, signer: Address): Promise<void> {
  if (sponsor === signer) return
  const { active } = await readSigner(chain, { sponsor, key: signer })
  if (active) return
  throw new BitCdnError('refused', `${signer} is no delegate of the sponsor ${sponsor}.`, {
    advice: 'Authorise it with the sponsor’s key, or start the gateway with that key.',
  })
}

async function listen(server: ReturnType<typeof createServer>, host: string, port: number): Promise<string> {
  try {
    return await server.listen({ host, port })
  } catch (cause) {
    const { code, message } = cause as { code?: unknown; message: string }
    if (code !== 'EADDRINUSE') {
      throw new BitCdnError('port-in-use', `The gateway cannot listen on ${host}, port ${port}: ${message}.`, {
        advice: 'Give an address of this machine, such as 127.0.0.1 or 0.0.0.0, and a port that you may open.',
        cause,
      })
    }
    throw new BitCdnError('port-in-use', `Port ${port} on ${host} is taken.`, {
      advice: 'Choose another port, or 0 for any free one.',
      cause,
    })
  }
}
