import { UNIT_BYTES } from '../content/piece.ts'

const MIB = 1024 * 1024

/** What one want asks for at most: enough for one write, little enough to be fetched elsewhere when it does not come. */
export const SLICE_BYTES = 8 * UNIT_BYTES

/** So many pieces that a source holds are compared when the rarest is begun. */
export const RARITY_WINDOW = 512

/** Sources that hold nothing one lacks do not count among those that are asked at the same time, but there are no more of them. */
export const MAX_IDLE_SEEDERS = 24

/** Requests that a web seed is sent at one time, how many bytes of small pieces one asks for, and the longest piece. */
export const WEB_SEED_REQUESTS = 4
export const WEB_SEED_RUN_BYTES = 4 * MIB
export const WEB_SEED_PIECE_BYTES = 16 * MIB

/** Peers get so long, at first, to reach the rate below which web seeds help; it is an average over so long. */
export const FLOOR_MILLISECONDS = 2_000

/** Writes at one time. A file is written by one at a time anyway; more threads would only wait for each other. */
export const MAX_WRITES = 2

/** Wants of a seeder whose rate is not known yet, and how many a slow one gets in a second: they are shorter then. */
export const FIRST_SLICE_BYTES = 2 * UNIT_BYTES
export const SLICES_PER_SECOND = 8

/** SHA-256. */
export const DIGEST_BYTES = 32

/** The roots of a slice's units. */
export const ROOTS_BYTES = (SLICE_BYTES / UNIT_BYTES) * DIGEST_BYTES

/** Slices of one download that are awaited, checked or written at one time: what bounds its memory. */
export const MAX_SLOTS = 64

/** Wants that wait at one seeder: few at first, as many as its rate fills in a second later. */
export const FIRST_WANTS = 4
export const MAX_WANTS_IN_FLIGHT = 16

/** Seeders that are asked at the same time. */
export const MAX_SEEDERS = 8

/**
 * A line may be for at most this much; what open lines may still be signed for is at most 1.1 times what is left, and the
 * slack. A line is for 1.1 times a seeder's share, so that seeders of one speed need no second; slow ones give theirs up.
 */
export const MAX_LINE_BYTES = 1024 * MIB
export const MIN_LINE_BYTES = 4 * MIB
export const LINE_SLACK_PERCENT = 110
export const OPEN_SLACK_BYTES = 64 * MIB

/** A line is followed by another when less than this part of it is left: gateway and seeder take a while to answer. */
export const RENEW_SHARE = 1 / 4

/** A seeder's later lines are for what it sends in this time, but for a window at least. */
export const LINE_SECONDS = 15
export const SHORT_LINE_BYTES = MIB

/** How long a seeder without a line waits before it asks again, when the open lines cover what is left. */
export const LINE_MILLISECONDS = 250

/** Receipts go out after this long even when less than a quarter of the window was verified. */
export const SIGN_MILLISECONDS = 1_000

/** In the end, a slice that is awaited for longer than this is asked for at another seeder too. */
export const HEDGE_MILLISECONDS = 600

/** The same for a slice that the other seeder would take long for, too. */
export const LATE_HEDGE_MILLISECONDS = 4 * HEDGE_MILLISECONDS

/** Seeders that one slice is awaited from at most: the second may turn out as slow as the first. */
export const MAX_RIVALS = 3

/** A seeder that owes slices and sends nothing for this long is left. */
export const STALL_MILLISECONDS = 8_000

/** Rates are averages over about this time. */
export const RATE_MILLISECONDS = 500

/** How often clocks are looked at and progress is told. */
export const TICK_MILLISECONDS = 100
export const PROGRESS_MILLISECONDS = 250

/** How often what was written is made to survive a power cut, and journalled: what came since is fetched again after a kill. */
export const FLUSH_MILLISECONDS = 2_000

/** How often the DHT is asked again, and how long a download waits for a seeder when it has none. */
export const FIND_MILLISECONDS = 5_000
export const PATIENCE_MILLISECONDS = 20_000

/** Seeders that are connected and bring nothing are waited for so much longer: a gateway or a chain may be slow. */
export const STUCK_MILLISECONDS = 40_000

/** A seeder that broke off is tried again after these. */
export const RETRY_MILLISECONDS = [300, 1_000, 3_000, 9_000] as const

/** Connecting, handshakes and the first answer. */
export const CONNECT_MILLISECONDS = 12_000

/** At the end: how long to wait until a seeder says that it holds the last receipt. */
export const HELD_MILLISECONDS = 4_000

/** Then for wants that were cancelled, and for a seeder to say goodbye. */
export const GOODBYE_MILLISECONDS = 700

/** Lines that are asked for within this time go to the gateway in one question. */
export const BATCH_MILLISECONDS = 10
