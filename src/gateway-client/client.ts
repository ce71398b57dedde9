// A publisher's gateway as seen by a downloader (sessions), a seeder (logs, vouchers) and a buyer (purchases).
import type { Hex, LocalAccount } from 'viem'
import { createSiweMessage } from 'viem/siwe'
import { BitCdnError } from '../errors.ts'
import type { Head, Lane, SignedVoucher } from '../receipts/types.ts'
import type { GatewayInfo, PresentState } from './api.ts'
import {
  answerFromJson,
  infoFromJson,
  logFromJson,
  type PurchaseQuestion,
  purchaseToJson,
  questionToJson,
  type SessionsAnswer,
  type SessionsQuestion,
  type SignedLog,
  type VoucherQuestion,
  voucherFromJson,
  voucherQuestionToJson,
} from './codec.ts'
import { type Exchange, exchange, exchangeJson, GatewayRefusal } from './http.ts'
import { readHex, readObject, readText, readTime } from './parse.ts'
import { type ReachAnswer, reachAnswerFromJson, reachToJson } from './reach-codec.ts'
import {
  debtsToJson,
  type PresentedLog,
  presentAnswerFromJson,
  presentToJson,
  type SessionDebt,
  type WatchAnswer,
  watchAnswerFromJson,
  watchToJson,
} from './watch-codec.ts'

export interface GatewayClientInit {
  /** `http://` or `https://`, without a path or with one that the API lives below. */
  url: string
  /** Signs in (EIP-4361) when sessions are asked for; whoever only reads or sells needs none. */
  account?: LocalAccount | undefined
  /** Milliseconds for one request. */
  timeout?: number | undefined
}

export interface CallOptions {
  signal?: AbortSignal | undefined
}

export interface GatewayClient {
  readonly url: string
  info(options?: CallOptions): Promise<GatewayInfo>
  /** Signs in ahead of the first question that needs it. Throws as that question would. */
  signIn(options?: CallOptions): Promise<void>
  /** The metainfo file of a content. Check that it hashes to the content id. */
  metainfo(contentId: string, options?: CallOptions): Promise<Uint8Array>
  /** One line for each chosen seeder. Signs in when needed. Throws `no-pass`, `pass-expired`, `refused`, `gateway-unreachable`. */
  openSessions(question: SessionsQuestion, options?: CallOptions): Promise<SessionsAnswer>
  /** The gateway's lines behind the head on the chain; null when it has no such log. */
  laneLog(lane: Omit<Lane, 'sponsor'>, options?: CallOptions): Promise<SignedLog | null>
  /** Shows the gateway the seeder's copy of a log, or that it holds none; signs in as the seeder or its operator. */
  presentLog(presented: PresentedLog, options?: CallOptions): Promise<PresentState>
  /** Which of the sessions that are being served may not go on, and whether the gateway started anew. */
  watch(sessions: readonly Head[], options?: CallOptions): Promise<WatchAnswer>
  /** Asks to be dialled back: how this machine and these addresses of it (multiaddrs) look from outside. */
  reach(addresses: readonly string[], options?: CallOptions): Promise<ReachAnswer>
  /** Tells what sessions left unsigned; signs in as the seeder or its operator. */
  tellDebts(seeder: Lane['seeder'], debts: readonly SessionDebt[], options?: CallOptions): Promise<void>
  /** Trades receipts for the sponsor's signature over their sum; signs in as the seeder or its operator. Compare the amount with your own. */
  requestVoucher(question: VoucherQuestion, options?: CallOptions): Promise<SignedVoucher>
  /** Has the publisher submit a buyer's authorisation and pay the gas; answers when the transaction is mined. */
  relayPurchase(question: PurchaseQuestion, options?: CallOptions): Promise<{ hash: Hex }>
}

/** A client of the gateway at `init.url`; nothing is sent before the first call. */
export function createGatewayClient(init: GatewayClientInit): GatewayClient {
  const url = baseUrl(init.url)
  let session: Promise<string> | null = null

  const request = (parts: Exchange) => ({ ...parts, timeout: parts.timeout ?? init.timeout })
  const json = (parts: Exchange) => exchangeJson(url, request(parts))

  async function info(options: CallOptions = {}): Promise<GatewayInfo> {
    return infoFromJson(await json({ method: 'GET', path: '/v1/info', ...options }))
  }

  /** Parallel calls share one sign-in; a failed one is forgotten. */
  function token(options: CallOptions): Promise<string> {
    session ??= signIn(options).catch((error: unknown) => {
      session = null
      throw error
    })
    return session
  }

  async function signIn(options: CallOptions): Promise<string> {
    const { account } = init
    if (account === undefined) {
      throw new BitCdnError('usage', 'This gateway asks for a wallet, and none was given.', {
        advice: 'Give the key that holds the pass.',
      })
    }
    const { chainId } = await info(options)
    const fresh = readObject(await json({ method: 'POST', path: '/v1/auth/nonce', body: {}, ...options }), 'body')
    // by the gateway's clock: ours may be wrong, and what the message opens is the gateway's own
    const issuedAt = readTime(fresh.issuedAt, 'issuedAt')
    const expirationTime = readTime(fresh.expirationTime, 'expirationTime')
    const message = createSiweMessage({
      address: account.address,
      chainId,
      domain: new URL(url).host,
      uri: url,
      version: '1',
      nonce: readText(fresh.nonce, 'nonce', 128),
      statement: 'Sign in to download what you hold a pass for.',
      issuedAt,
      expirationTime,
    })
    const signature = await account.signMessage({ message })
    const answer = await json({ method: 'POST', path: '/v1/auth/verify', body: { message, signature }, ...options })
    return readText(readObject(answer, 'body').token, 'token', 512)
  }

  /** Tokens end, and gateways restart: one fresh sign-in is tried before a refusal counts. */
  async function signedIn(parts: Exchange, options: CallOptions): Promise<unknown> {
    try {
      return await json({ ...parts, ...options, token: await token(options) })
    } catch (error) {
      if (!(error instanceof GatewayRefusal) || error.status !== 401) throw error
      session = null
      return json({ ...parts, ...options, token: await token(options) })
    }
  }

  return {
    url,
    info,
    signIn: async (options = {}) => void (await token(options)),
    metainfo: (contentId, options = {}) =>
      exchange(
        url,
        request({ method: 'GET', path: `/v1/contents/${encodeURIComponent(contentId)}.torrent`, ...options }),
      ),
    openSessions: async (question, options = {}) =>
      answerFromJson(await signedIn({ method: 'POST', path: '/v1/sessions', body: questionToJson(question) }, options)),
    laneLog: async ({ seeder, lane, pricePerGiB }, options = {}) => {
      try {
        return logFromJson(
          await json({ method: 'GET', path: `/v1/lanes/${seeder}/${lane}/${pricePerGiB}`, ...options }),
        )
      } catch (error) {
        if (error instanceof GatewayRefusal && error.status === 404) return null
        throw error
      }
    },
    presentLog: async (presented, options = {}) => {
      const body = presentToJson(presented)
      return presentAnswerFromJson(await signedIn({ method: 'POST', path: '/v1/lanes', body }, options))
    },
    reach: async (addresses, options = {}) =>
      reachAnswerFromJson(await json({ method: 'POST', path: '/v1/reach', body: reachToJson(addresses), ...options })),
    watch: async (sessions, options = {}) =>
      watchAnswerFromJson(await json({ method: 'POST', path: '/v1/watch', body: watchToJson(sessions), ...options })),
    tellDebts: async (seeder, debts, options = {}) =>
      void (await signedIn({ method: 'POST', path: '/v1/debts', body: debtsToJson(seeder, debts) }, options)),
    requestVoucher: async (question, options = {}) => {
      const body = voucherQuestionToJson(question)
      return voucherFromJson(await signedIn({ method: 'POST', path: '/v1/vouchers', body }, options), question)
    },
    relayPurchase: async (question, options = {}) => {
      const body = purchaseToJson(question)
      // the answer comes when the transaction is mined: that may take some blocks
      const answer = await json({ method: 'POST', path: '/v1/purchases', body, timeout: 120_000, ...options })
      return { hash: readHex(readObject(answer, 'body').hash, 'hash', 32) }
    },
  }
}

function baseUrl(given: string): string {
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol)) {
    throw new BitCdnError('usage', `'${given}' is no gateway URL.`, { advice: 'Give an http:// or https:// URL.' })
  }
  return given.replace(/\/+$/, '')
}
