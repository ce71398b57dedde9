import { UNIT_BYTES } from '../content/piece.ts'

const KIB = 1024
const MIB = 1024 * KIB

/** The libp2p protocol id: one stream per downloader, seeder and content. */
export const TRANSFER_PROTOCOL = '/bitcdn/transfer/1.0.0'

/** The longest control message, bytes, except for those below. */
export const MAX_MESSAGE_BYTES = 64 * KIB

/** `hello` carries lines of a log, `accept` a bitfield. */
export const MAX_OPENING_BYTES = MIB

/** `info` and `layers`: the metainfo itself may be 10 MiB; the rest is the message around it. */
export const MAX_METADATA_BYTES = 10 * MIB + 128

/** A receiver takes data frames of any whole number of units up to this. */
export const MAX_DATA_BYTES = MIB

/**
 * What our seeder puts into one data frame at most. An eighth of the window is sent at once: small frames while receipts are
 * close to each other, long ones, which cost less, when they are far apart.
 */
export const MAX_DATA_FRAME_BYTES = 8 * UNIT_BYTES
export const FRAME_DIVISOR = 8

/** Bytes beyond the last durable receipt that a session may get at first; doubles with each receipt in time. */
export const FIRST_WINDOW_BYTES = MIB
export const MAX_WINDOW_BYTES = 16 * MIB

/** A downloader signs when it has verified this part of the window. */
export const SIGN_DIVISOR = 4

/**
 * Receipts closer than this part of what may be unsigned now and one second to the one before are not read: each costs a flush of the disk,
 * and while half of the window is left, nobody waits for it.
 */
export const SPACING_DIVISOR = 2
export const SPACING_MILLISECONDS = 1_000

/**
 * A window beyond the first one is no wider than this many times what was signed in the session: a receipt for a few bytes
 * widens nothing, and what is signed backs a quarter of the window, at which the next receipt comes.
 */
export const WINDOW_GROWTH = 4

/**
 * Unsigned bytes of all sessions of one seeder together. Those that a peer does not back by as many that it signed for share
 * a quarter.
 */
export const UNSIGNED_BUDGET_BYTES = 256 * MIB
export const STARTERS_BUDGET_PART = 1 / 4

/** Of that quarter one address prefix or pass holder may have this part: cheats leave room for others to begin. */
export const SUBJECT_PART = 1 / 8

/**
 * While somebody who pays waits for bytes, and for this time after, all others who begin share what this part of the bytes
 * signed for has earned, and a little in any case; what they sign for they get back. A seeder is paid for 90 % of a busy
 * uplink of 750 KiB/s and more, whoever else comes.
 */
export const CONTENTION_MILLISECONDS = 2_000
export const STARTERS_PART = 1 / 16
export const STARTERS_BYTES_PER_SECOND = 32 * KIB

/** What they may have saved: so many windows can begin at once. */
export const STARTERS_BURST_BYTES = 4 * FIRST_WINDOW_BYTES

/** Who has waited for a turn and did not ask again for this long is passed over. */
export const TURN_MILLISECONDS = 1_000

/** A receipt that comes later than this after the first byte it answers for does not widen the window. */
export const TIMELY_MILLISECONDS = 10_000

/** Bytes unsigned for this long leave the budget and become debt. */
export const DEBT_MILLISECONDS = 30_000

/** One sponsor, pass or address prefix with more debt than this is refused; half of it is forgotten every hour. */
export const MAX_DEBT_BYTES = 64 * MIB
export const DEBT_HALF_LIFE_MILLISECONDS = 3_600_000

/** Wants that a seeder queues for one stream. More is a fault of the downloader. */
export const MAX_WANTS = 256

/** Info and layers requests that one stream may have waiting. */
export const MAX_METADATA_REQUESTS = 8

/** Streams that one seeder serves at once. */
export const MAX_STREAMS = 1_536

/** From opening a stream to its hello: the downloader may ask a gateway for its session in between. */
export const HELLO_MILLISECONDS = 60_000

/** Without any message or byte for this long a stream is given up. */
export const IDLE_MILLISECONDS = 60_000

/** Where streams or memory run out, one that made nothing of its place for this long gives it to somebody else. */
export const STALLED_MILLISECONDS = 5_000

/** How long an answer may take that needs nothing but the other side's memory and disk. */
export const ANSWER_MILLISECONDS = 15_000

/** After `close` a seeder waits this long for the last receipt. */
export const LAST_RECEIPT_MILLISECONDS = 2_000

/** Receipts with a wrong signature (or for bytes never sent) after which a downloader is disconnected. */
export const MAX_BAD_RECEIPTS = 3
