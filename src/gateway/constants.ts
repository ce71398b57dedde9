/** What one gateway lets through. Sizes in bytes, times in seconds. */
export interface GatewayLimits {
  /** The most that one line may authorise. */
  readonly lineBytes: bigint
  /** The open lines of one download together: so many hundredths of what is left of it … */
  readonly openPercent: bigint
  /** … and this much for each seeder in the request, so that small files can be asked of several. */
  readonly openSlackBytes: bigint
  /** Lines for one holder and content in a day: so many times the content's length … */
  readonly holderDayLengths: bigint
  /** … but never less than this. */
  readonly holderDayBytes: bigint
  /** Lines for one seeder in an hour. */
  readonly seederHourBytes: bigint
  /** Lines of one seeder that may wait for settlement, all its lanes together. */
  readonly seederOpenLines: number
  /** Unused lines that a seeder may have before they are weighed against its paid ones … */
  readonly unusedLinesFree: number
  /** … and how many unused ones each paid one allows from there on. */
  readonly unusedLinesPerPaid: number
  /** Bytes that a holder may leave unsigned before it gets no more lines; half of them are forgotten every hour. */
  readonly holderDebtBytes: bigint
  /** Requests from one network address in a minute. */
  readonly requestsPerMinute: number
  /** Purchases relayed for one buyer in a day. */
  readonly purchasesPerDay: number
  /** Gas that a relayed purchase may take. */
  readonly purchaseGas: bigint
}

export const DEFAULT_LIMITS: GatewayLimits = {
  lineBytes: 1n << 30n,
  openPercent: 110n,
  openSlackBytes: 64n << 20n,
  holderDayLengths: 4n,
  holderDayBytes: 1n << 30n,
  seederHourBytes: 1n << 38n,
  seederOpenLines: 4096,
  unusedLinesFree: 16,
  unusedLinesPerPaid: 2,
  holderDebtBytes: 64n << 20n,
  requestsPerMinute: 600,
  purchasesPerDay: 10,
  purchaseGas: 600_000n,
}

/** A head is good for this long: seeders refuse less than 30 days, and settle a week before the end. */
export const HEAD_SECONDS = 60n * 86_400n

/** A ticket opens its session for this long; a download that takes longer keeps its stream or asks again. */
export const TICKET_SECONDS = 6n * 3600n

/** Lines sent along with a session; a seeder that lacks earlier ones reads the log from the gateway. */
export const LINES_SENT = 256

/** How long what was read from the chain is believed, milliseconds. */
export const CHAIN_STATE_AGE = 3_000

export const NONCE_SECONDS = 300
export const TOKEN_SECONDS = 3600

/** Nonces and tokens kept at once; beyond that the oldest are forgotten. */
export const NONCES_KEPT = 10_000
export const TOKENS_KEPT = 100_000

/** Questions of one address, a minute, whether it can be reached: each costs dials. */
export const DIALS_PER_MINUTE = 60

/** A slow client loses its connection: milliseconds for the headers, for the whole request, and between requests. */
export const HEADERS_TIMEOUT = 5_000
export const REQUEST_TIMEOUT = 15_000
export const KEEP_ALIVE_TIMEOUT = 10_000
export const MAX_CONNECTIONS = 4096

/** Request bodies, bytes: a voucher for 4,096 lines is the largest thing that anybody has to say. */
export const BODY_BYTES = 256 * 1024
export const VOUCHER_BODY_BYTES = 2 * 1024 * 1024

/** How long a relayed purchase may stay unmined before the buyer is told to look for it, milliseconds. */
export const RELAY_TIMEOUT = 90_000

/** After a start, lanes that no seeder presented yet get no line for this long, milliseconds: seeders look every few seconds. */
export const PRESENT_WAIT = 30_000

/** How long a request for sessions waits for it, and how often it looks, milliseconds. */
export const REQUEST_WAIT = 8_000
export const PRESENT_POLL = 50

/** Debt of one session counts up to one window, bytes. */
export const SESSION_DEBT_BYTES = 16 << 20

/** Milliseconds in which half of a debt is forgotten; holders and sessions that debts are kept of. */
export const DEBT_HALF_LIFE = 3_600_000
export const DEBTORS_KEPT = 50_000
