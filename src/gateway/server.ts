// The HTTP surface, version 1 (src/gateway-client/api.ts). Bodies are small, clients are given little time, and every
// failure is answered in one form.
import { type FastifyInstance, type FastifyRequest, fastify } from 'fastify'
import { BitCdnError } from '../errors.ts'
import {
  addressesFromJson,
  answerToJson,
  debtsFromJson,
  type GatewayInfo,
  LIMITS,
  logToJson,
  presentFromJson,
  purchaseFromJson,
  questionFromJson,
  readAddress,
  readContentId,
  readHexUpTo,
  readObject,
  readText,
  readUint,
  voucherQuestionFromJson,
  voucherToJson,
  watchFromJson,
} from '../gateway-client/index.ts'
import type { Logger } from '../telemetry/index.ts'
import {
  BODY_BYTES,
  DIALS_PER_MINUTE,
  type GatewayLimits,
  HEADERS_TIMEOUT,
  KEEP_ALIVE_TIMEOUT,
  MAX_CONNECTIONS,
  REQUEST_TIMEOUT,
  VOUCHER_BODY_BYTES,
} from './constants.ts'
import { type GatewayContent, requireContent } from './contents.ts'
import type { Debts } from './debts.ts'
import { dialBack } from './dial-back.ts'
import { answerFor, GatewayError } from './errors.ts'
import { createRateLimit } from './expiring.ts'
import type { Lanes } from './lanes.ts'
import type { GatewayMeter } from './meter.ts'
import type { Recovery } from './recovery.ts'
import type { RelayPurchase } from './relay.ts'
import type { GrantSessions } from './sessions.ts'
import type { SignIn } from './sign-in.ts'
import type { RequireVoice } from './voice.ts'
import type { IssueVoucher } from './vouchers.ts'
import type { Watch } from './watch.ts'

export interface ServerComponents {
  info: GatewayInfo
  contents: readonly GatewayContent[]
  signIn: SignIn
  sessions: GrantSessions
  vouchers: IssueVoucher
  lanes: Lanes
  recovery: Pick<Recovery, 'present'>
  watch: Watch
  debts: Pick<Debts, 'tell'>
  requireVoice: RequireVoice
  meter: GatewayMeter
  /** Null where purchases are not relayed. */
  relay: RelayPurchase | null
  logger: Logger
}

export interface ServerInit {
  limits: GatewayLimits
  /** Whether a reverse proxy in front says who asks (X-Forwarded-For). */
  trustProxy: boolean
  /** Whether who asks from a private address is dialled back there. */
  allowPrivate: boolean
}

export function createServer(
  components: ServerComponents,
  { limits, trustProxy, allowPrivate }: ServerInit,
): FastifyInstance {
  const { info, contents, signIn, meter, logger } = components
  const app = fastify({
    logger: false, // requests are logged below, without headers and bodies
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
    http: { headersTimeout: HEADERS_TIMEOUT, connectionsCheckingInterval: 1_000 },
    forceCloseConnections: 'idle', // what was begun is answered
    trustProxy,
    routerOptions: { maxParamLength: 128 },
  })
  app.server.maxConnections = MAX_CONNECTIONS
  const allowed = createRateLimit({ limit: limits.requestsPerMinute, seconds: 60 })
  const mayAskDials = createRateLimit({ limit: DIALS_PER_MINUTE, seconds: 60 })

  app.addHook('onRequest', async (request) => {
    if (!allowed(request.ip))
      throw new GatewayError(429, 'refused', 'Too many requests from this address.', 'Wait a minute.')
  })
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
  })
  app.addHook('onResponse', async (request, reply) => {
    meter.answered(request.routeOptions.url, reply.statusCode)
    logger.debug(
      {
        method: request.method,
        route: request.routeOptions.url,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      'answered',
    )
  })
  app.setErrorHandler(async (error, request, reply) => {
    const { status, body } = answerFor(error)
    if (status >= 500) logger.error({ err: error, route: request.routeOptions.url }, 'a request failed')
    return reply.code(status).send(body)
  })
  app.setNotFoundHandler(async () => {
    throw new GatewayError(404, 'protocol', 'There is nothing here.', 'The API lives below /v1: see docs/API.md.')
  })

  app.get('/v1/info', async () => info)
  app.get('/v1/contents/:file', async (request, reply) => {
    const content = requireContent(contents, contentOf(request))
    return reply
      .type('application/x-bittorrent')
      .header('content-disposition', `attachment; filename="${content.contentId}.torrent"`)
      .send(Buffer.from(content.metainfo))
  })
  app.post('/v1/auth/nonce', async () => signIn.challenge())
  app.post('/v1/auth/verify', async (request) => {
    const body = readObject(request.body, 'body')
    return signIn.verify(readText(body.message, 'message', 4096), readHexUpTo(body.signature, 'signature', 8192))
  })
  app.post('/v1/sessions', async (request) => {
    const holder = signIn.holder(request.headers.authorization)
    const answer = await components.sessions(questionFromJson(request.body), holder)
    meter.granted(answer)
    logger.info({ holder, sessions: answer.sessions.length, refused: answer.refused }, 'opened sessions')
    return answerToJson(answer)
  })
  app.get('/v1/lanes/:seeder/:lane/:price', async (request) => {
    const { seeder, lane, price } = request.params as Record<string, string>
    const log = await components.lanes.log({
      sponsor: info.sponsor,
      seeder: readAddress(seeder, 'seeder'),
      lane: readUint(lane, 'lane', 64),
      pricePerGiB: readUint(price, 'price', 64),
    })
    if (log?.signed == null)
      throw new GatewayError(404, 'refused', 'There is no such log.', 'A log begins with its first session.')
    const end = log.lines.findIndex((line) => line.next === log.signed?.head)
    return logToJson({
      from: log.settled,
      lines: log.lines.slice(0, end + 1).slice(0, LIMITS.lines),
      signed: log.signed,
    })
  })
  app.post('/v1/lanes', { bodyLimit: VOUCHER_BODY_BYTES }, async (request) => {
    const asker = signIn.holder(request.headers.authorization)
    const { lane, log } = presentFromJson(request.body, info.sponsor)
    await components.requireVoice(lane.seeder, asker)
    return { state: await components.recovery.present(lane, log) }
  })
  app.post('/v1/watch', async (request) => components.watch(watchFromJson(request.body)))
  app.post('/v1/reach', async (request) => {
    const addresses = addressesFromJson(request.body)
    if (!mayAskDials(request.ip))
      throw new GatewayError(429, 'refused', 'This address was dialled often enough.', 'Wait a minute.')
    // the address that the nearest proxy saw: whoever asks may write others in front of it
    const from = request.ips?.[1] ?? request.ip
    return { from, addresses: await dialBack(from, addresses, { allowPrivate }) }
  })
  app.post('/v1/debts', async (request) => {
    const asker = signIn.holder(request.headers.authorization)
    const { seeder, debts } = debtsFromJson(request.body)
    await components.requireVoice(seeder, asker)
    await components.debts.tell(seeder, debts)
    return {}
  })
  app.post('/v1/vouchers', { bodyLimit: VOUCHER_BODY_BYTES }, async (request) => {
    const asker = signIn.holder(request.headers.authorization)
    const question = voucherQuestionFromJson(request.body, info.sponsor)
    const voucher = await components.vouchers(question, asker)
    meter.vouched(voucher.amount)
    logger.info(
      { seeder: voucher.seeder, lane: voucher.lane.toString(), amount: voucher.amount.toString() },
      'signed a voucher',
    )
    return voucherToJson(voucher)
  })
  app.post('/v1/purchases', async (request) => {
    if (components.relay === null)
      throw new GatewayError(404, 'refused', 'This gateway relays no purchases.', 'Buy with gas of your own.')
    const purchase = purchaseFromJson(request.body)
    const sent = await components.relay(purchase)
    meter.relayed()
    logger.info({ buyer: purchase.from, pass: purchase.pass, hash: sent.hash }, 'relayed a purchase')
    return sent
  })
  return app
}

function contentOf(request: FastifyRequest): string {
  const { file = '' } = request.params as { file?: string }
  if (!file.endsWith('.torrent'))
    throw new BitCdnError('unknown-content', 'Only metainfo files are served here.', {
      advice: 'Ask for <contentId>.torrent.',
    })
  return readContentId(file.slice(0, -'.torrent'.length), 'contentId')
}
