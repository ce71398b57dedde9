import { DEBT_HALF_LIFE_MILLISECONDS, MAX_WINDOW_BYTES } from '../transfer/index.ts'

/** W of the reserve rule: the most that one session can be ahead of its last receipt. */
export const WINDOW_BYTES = BigInt(MAX_WINDOW_BYTES)

/** Windows of unreserved bytes that a sponsor is trusted with, all its lanes together. */
export const TRUSTED_WINDOWS = 1

/** A head that expires sooner than this, in seconds of block time, is refused: there must be time to settle. */
export const LEAST_HEAD_SECONDS = 30n * 86_400n

/** Unused lines in a log before they are weighed against its paid ones, and how many each paid one allows then. */
export const UNUSED_LINES_FREE = 16
export const UNUSED_LINES_PER_PAID = 2

/** How long what was read from the chain is believed, milliseconds: a thaw takes a week. */
export const CHAIN_VIEW_AGE = 3_000

/** How often it is looked whether those who are being served are still trusted, by the chain and by gateways, milliseconds. */
export const TRUST_INTERVAL = 4_000
export const GATEWAY_INTERVAL = 5_000

/** Debts that wait for a silent gateway: the newest. */
export const DEBTS_WAITING = 1_000

/** Debts that are kept over a restart: the largest; and how long one may wait for others to be kept with, milliseconds. */
export const DEBTS_KEPT = 4_096
export const DEBT_SAVE_DELAY = 1_000
export const DEBT_HALF_LIFE = DEBT_HALF_LIFE_MILLISECONDS

/** Two lanes that alternate by the day: yesterday's is settled whole while today's is in use. */
export const DEFAULT_LANES = [0n, 1n] as const

/** How often the reserves of lanes with open sessions are read again, milliseconds. */
export const RESERVE_INTERVAL = 15_000

/** Terms are signed for this long, seconds, and anew at half of it; how often that is looked at, milliseconds. */
export const TERMS_SECONDS = 86_400n
export const TERMS_INTERVAL = 30_000

/** How often the ledger is compared with the chain, milliseconds: an operator may settle for us at any time. */
export const RECONCILE_INTERVAL = 60_000

/** How long receipts and admissions wait for a database that does not answer, and how often it is asked, milliseconds. */
export const DATABASE_PATIENCE = 10_000
export const DATABASE_PAUSE = 200

/** How often it is tried to end in the ledger what ended while its database was gone, milliseconds. */
export const RELEASE_INTERVAL = 1_000

/** How often the worker looks for what can be settled, milliseconds. */
export const SETTLE_INTERVAL = 3_600_000

/** How long `stop` waits for streams to end with their last receipt, milliseconds. */
export const DRAIN_TIMEOUT = 5_000

/** A content that could not be announced is tried again after these, milliseconds; libp2p repeats those that could. */
export const PROVIDE_RETRY = 5_000
export const PROVIDE_TIMEOUT = 60_000

/** How often it is looked whether this node's addresses have changed since it announced them, milliseconds. */
export const ADDRESS_INTERVAL = 30_000

/** How long one question to a gateway may hold up an admission, milliseconds. */
export const GATEWAY_TIMEOUT = 5_000
