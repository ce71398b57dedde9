// The receipts room's types as JSON and back. Reading checks every field's shape and width; signatures are checked by
// those who act on them.
import { getAddress } from 'viem'
import type {
  AuthorizedSession,
  Head,
  Lane,
  LogLine,
  SignedHead,
  SignedReceipt,
  SignedTerms,
  SignedVoucher,
} from '../receipts/types.ts'
import type {
  GatewayInfo,
  LaneLogJson,
  LineJson,
  PurchaseRequest,
  SessionJson,
  SessionsRequest,
  SessionsResponse,
  TermsJson,
  VoucherJson,
  VoucherRequest,
} from './api.ts'
import { LIMITS } from './constants.ts'
import {
  readAddress,
  readContentId,
  readCount,
  readHex,
  readHexUpTo,
  readList,
  readObject,
  readText,
  readUint,
} from './parse.ts'

/** Lines behind a head, and the signature that authorises them. */
export interface SignedLog {
  readonly from: Head
  readonly lines: readonly LogLine[]
  readonly signed: SignedHead
}

/** What a downloader asks a gateway for, typed. */
export interface SessionsQuestion {
  /** 64 hex digits. */
  readonly contentId: string
  /** Names this download; its open lines are capped together. */
  readonly download: string
  /** Bytes still missing. */
  readonly remaining: bigint
  readonly requests: readonly SessionQuestion[]
  /**
   * Bytes that lines of this download in use may still be signed for: all else may be authorised elsewhere, lines whose answer
   * was lost included. Not given: no line was used.
   */
  readonly open?: bigint
}

export interface SessionQuestion {
  readonly terms: SignedTerms
  readonly sessionKey: SignedTerms['seeder']
  readonly maxBytes: bigint
  /** Token units per GiB; what is above the content's price, or not reserved for this seeder, is not paid. */
  readonly bid?: bigint
}

export interface SessionsAnswer {
  readonly sessions: readonly AuthorizedSession[]
  /** Seeders that got no line, and why. */
  readonly refused: readonly { readonly seeder: SignedTerms['seeder']; readonly reason: string }[]
}

/** Closed lines of one log with the receipts on them, as a seeder trades them for a voucher. */
export interface VoucherQuestion {
  readonly lane: Lane
  readonly from: Head
  readonly to: Head
  /** In the order of the log; a line without a receipt has none here. */
  readonly receipts: readonly SignedReceipt[]
}

/** A buyer's EIP-3009 authorisation for one pass, for a relayer to submit. */
export type PurchaseQuestion = Omit<PurchaseRequest, 'maxPrice' | 'deadline'> & { maxPrice: bigint; deadline: bigint }

export function termsToJson(terms: SignedTerms): TermsJson {
  return {
    seeder: terms.seeder,
    peerId: terms.peerId,
    chainId: String(terms.chainId),
    settlement: terms.settlement,
    lanes: terms.lanes.map(String),
    pricePerGiB: String(terms.pricePerGiB),
    sequence: String(terms.sequence),
    expiry: String(terms.expiry),
    signer: terms.signer,
    signature: terms.signature,
  }
}

export function termsFromJson(value: unknown, name = 'terms'): SignedTerms {
  const json = readObject(value, name)
  return {
    seeder: readAddress(json.seeder, `${name}.seeder`),
    peerId: readHexUpTo(json.peerId, `${name}.peerId`, LIMITS.peerIdBytes),
    chainId: readUint(json.chainId, `${name}.chainId`, 256),
    settlement: readAddress(json.settlement, `${name}.settlement`),
    lanes: readList(json.lanes, `${name}.lanes`, LIMITS.lanes, (lane, at) => readUint(lane, at, 64)),
    pricePerGiB: readUint(json.pricePerGiB, `${name}.pricePerGiB`, 64),
    sequence: readUint(json.sequence, `${name}.sequence`, 64),
    expiry: readUint(json.expiry, `${name}.expiry`, 40),
    signer: readAddress(json.signer, `${name}.signer`),
    signature: readHex(json.signature, `${name}.signature`, 64),
  }
}

export function questionToJson(question: SessionsQuestion): SessionsRequest {
  return {
    contentId: question.contentId,
    download: question.download,
    remaining: String(question.remaining),
    requests: question.requests.map(({ terms, sessionKey, maxBytes, bid }) => ({
      terms: termsToJson(terms),
      sessionKey,
      maxBytes: String(maxBytes),
      ...(bid === undefined ? {} : { bid: String(bid) }),
    })),
    ...(question.open === undefined ? {} : { open: String(question.open) }),
  }
}

export function questionFromJson(value: unknown): SessionsQuestion {
  const json = readObject(value, 'body')
  return {
    contentId: readContentId(json.contentId, 'contentId'),
    download: readText(json.download, 'download', LIMITS.downloadName),
    remaining: readUint(json.remaining, 'remaining', 63),
    requests: readList(json.requests, 'requests', LIMITS.requests, (element, name) => {
      const request = readObject(element, name)
      return {
        terms: termsFromJson(request.terms, `${name}.terms`),
        sessionKey: readAddress(request.sessionKey, `${name}.sessionKey`),
        maxBytes: readUint(request.maxBytes, `${name}.maxBytes`, 48),
        ...(request.bid === undefined ? {} : { bid: readUint(request.bid, `${name}.bid`, 64) }),
      }
    }),
    ...(json.open === undefined ? {} : { open: readUint(json.open, 'open', 63) }),
  }
}

export function answerToJson(answer: SessionsAnswer): SessionsResponse {
  return { sessions: answer.sessions.map(sessionToJson), refused: answer.refused.map((one) => ({ ...one })) }
}

export function answerFromJson(value: unknown): SessionsAnswer {
  const json = readObject(value, 'body')
  return {
    sessions: readList(json.sessions, 'sessions', LIMITS.requests, sessionFromJson),
    refused: readList(json.refused, 'refused', LIMITS.requests, (element, name) => {
      const one = readObject(element, name)
      return {
        seeder: readAddress(one.seeder, `${name}.seeder`),
        reason: readText(one.reason, `${name}.reason`, LIMITS.words),
      }
    }),
  }
}

function sessionToJson(session: AuthorizedSession): SessionJson {
  const { lane, line, ticket } = session
  if (ticket === null) throw new TypeError('a gateway answers sessions with tickets')
  return {
    sponsor: lane.sponsor,
    seeder: lane.seeder,
    lane: String(lane.lane),
    pricePerGiB: String(lane.pricePerGiB),
    index: session.index,
    session: session.session,
    sessionKey: line.sessionKey,
    maxBytes: String(line.maxBytes),
    ...logToJson(session),
    ticket: {
      contentId: ticket.contentId,
      holder: ticket.holder,
      notAfter: String(ticket.notAfter),
      signer: ticket.signer,
      signature: ticket.signature,
    },
  }
}

function sessionFromJson(value: unknown, name: string): AuthorizedSession {
  const json = readObject(value, name)
  const ticket = readObject(json.ticket, `${name}.ticket`)
  const session = readHex(json.session, `${name}.session`, 24)
  return {
    lane: {
      sponsor: readAddress(json.sponsor, `${name}.sponsor`),
      seeder: readAddress(json.seeder, `${name}.seeder`),
      lane: readUint(json.lane, `${name}.lane`, 64),
      pricePerGiB: readUint(json.pricePerGiB, `${name}.pricePerGiB`, 64),
    },
    index: readCount(json.index, `${name}.index`),
    session,
    line: readLine(json, name),
    ...logFromJson(json, name),
    ticket: {
      session,
      contentId: readHex(ticket.contentId, `${name}.ticket.contentId`, 32),
      holder: readAddress(ticket.holder, `${name}.ticket.holder`),
      notAfter: readUint(ticket.notAfter, `${name}.ticket.notAfter`, 40),
      signer: readAddress(ticket.signer, `${name}.ticket.signer`),
      signature: readHex(ticket.signature, `${name}.ticket.signature`, 64),
    },
  }
}

export function logToJson(log: SignedLog): LaneLogJson {
  return {
    from: log.from,
    lines: log.lines.map((line): LineJson => ({ sessionKey: line.sessionKey, maxBytes: String(line.maxBytes) })),
    head: log.signed.head,
    expiry: String(log.signed.expiry),
    signer: log.signed.signer,
    signature: log.signed.signature,
  }
}

export function logFromJson(value: unknown, name = 'log'): SignedLog {
  const json = readObject(value, name)
  return {
    from: readHex(json.from, `${name}.from`, 24),
    lines: readList(json.lines, `${name}.lines`, LIMITS.lines, (line, at) => readLine(readObject(line, at), at)),
    signed: {
      head: readHex(json.head, `${name}.head`, 24),
      expiry: readUint(json.expiry, `${name}.expiry`, 40),
      signer: readAddress(json.signer, `${name}.signer`),
      signature: readHex(json.signature, `${name}.signature`, 64),
    },
  }
}

function readLine(json: Readonly<Record<string, unknown>>, name: string): LogLine {
  return {
    sessionKey: readAddress(json.sessionKey, `${name}.sessionKey`),
    maxBytes: readUint(json.maxBytes, `${name}.maxBytes`, 48),
  }
}

export function voucherQuestionToJson({ lane, from, to, receipts }: VoucherQuestion): VoucherRequest {
  return {
    seeder: lane.seeder,
    lane: String(lane.lane),
    pricePerGiB: String(lane.pricePerGiB),
    from,
    to,
    receipts: receipts.map(({ session, bytesServed, signature }) => ({
      session,
      bytesServed: String(bytesServed),
      signature,
    })),
  }
}

/** The sponsor is not in the request: it is the gateway's own. */
export function voucherQuestionFromJson(value: unknown, sponsor: Lane['sponsor']): VoucherQuestion {
  const json = readObject(value, 'body')
  return {
    lane: {
      sponsor,
      seeder: readAddress(json.seeder, 'seeder'),
      lane: readUint(json.lane, 'lane', 64),
      pricePerGiB: readUint(json.pricePerGiB, 'pricePerGiB', 64),
    },
    from: readHex(json.from, 'from', 24),
    to: readHex(json.to, 'to', 24),
    receipts: readList(json.receipts, 'receipts', LIMITS.lines, (element, name) => {
      const receipt = readObject(element, name)
      return {
        session: readHex(receipt.session, `${name}.session`, 24),
        bytesServed: readUint(receipt.bytesServed, `${name}.bytesServed`, 48),
        signature: readHex(receipt.signature, `${name}.signature`, 64),
      }
    }),
  }
}

export function voucherToJson(voucher: SignedVoucher): VoucherJson {
  return { amount: String(voucher.amount), signer: voucher.signer, signature: voucher.signature }
}

export function voucherFromJson(value: unknown, { lane, from, to }: VoucherQuestion): SignedVoucher {
  const json = readObject(value, 'body')
  return {
    ...lane,
    from,
    to,
    amount: readUint(json.amount, 'amount', 128),
    signer: readAddress(json.signer, 'signer'),
    signature: readHex(json.signature, 'signature', 64),
  }
}

export function purchaseToJson(question: PurchaseQuestion): PurchaseRequest {
  return { ...question, maxPrice: String(question.maxPrice), deadline: String(question.deadline) }
}

export function purchaseFromJson(value: unknown): PurchaseQuestion {
  const json = readObject(value, 'body')
  return {
    pass: readAddress(json.pass, 'pass'),
    tier: readCount(json.tier, 'tier', 0xffff_ffff),
    to: readAddress(json.to, 'to'),
    maxPrice: readUint(json.maxPrice, 'maxPrice', 256),
    deadline: readUint(json.deadline, 'deadline', 256),
    salt: readHex(json.salt, 'salt', 32),
    from: readAddress(json.from, 'from'),
    signature: readHex(json.signature, 'signature', 65),
  }
}

export function infoFromJson(value: unknown): GatewayInfo {
  const json = readObject(value, 'body')
  return {
    chainId: readCount(json.chainId, 'chainId'),
    settlement: readAddress(json.settlement, 'settlement'),
    registry: readAddress(json.registry, 'registry'),
    sponsor: readAddress(json.sponsor, 'sponsor'),
    signer: readAddress(json.signer, 'signer'),
    relayer: json.relayer === null ? null : getAddress(readAddress(json.relayer, 'relayer')),
    contents: readList(json.contents, 'contents', LIMITS.contents, (element, name) => {
      const content = readObject(element, name)
      return {
        contentId: readContentId(content.contentId, `${name}.contentId`),
        pass: readAddress(content.pass, `${name}.pass`),
        token: readAddress(content.token, `${name}.token`),
        pricePerGiB: String(readUint(content.pricePerGiB, `${name}.pricePerGiB`, 64)),
        length: readCount(content.length, `${name}.length`),
        name: readText(content.name, `${name}.name`, LIMITS.words),
      }
    }),
  }
}
