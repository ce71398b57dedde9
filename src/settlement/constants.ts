// What settling costs, in gas, rounded up from the contract's committed figures: batches are cut by these before the
// node is asked for the exact number.

/** EIP-7825: no transaction may use more. */
export const TRANSACTION_GAS_CAP = 16_777_216n
/** A batch is cut here, so that an estimate that is a little low still fits. */
export const BATCH_GAS = (TRANSACTION_GAS_CAP * 9n) / 10n

/** The transaction itself and the seeder's credit. */
export const GAS_PER_BATCH = 50_000n
/** Moving one lane: head, account, signature, event, calldata. */
export const GAS_PER_GROUP = 20_000n
/** The first move of a lane writes an empty slot. */
export const GAS_FIRST_MOVE = 17_100n
export const GAS_PER_DELEGATE = 6_500n
export const GAS_PER_RECEIPT = 5_050n
export const GAS_PER_UNUSED_LINE = 720n

/** Lines of raw claims that are held at once: what is beyond waits for the next round. */
export const RAW_LINES_PER_ROUND = 65_536

/** A session without a stream for this long is over: seconds. */
export const DEFAULT_IDLE_SECONDS = 600
/** How long a gateway may take for one voucher: milliseconds. */
export const VOUCHER_TIMEOUT = 15_000
/** A transaction that no node knows is given up after this long: milliseconds. */
export const SUBMISSION_GRACE = 120_000
/** A signed head that expires sooner is not sent: seconds. */
export const EXPIRY_MARGIN = 600n
/** A log's signature that expires sooner makes its claim urgent: seconds. */
export const HEAD_MARGIN = 7n * 86_400n
/** The same for a thaw, a release or a revocation, which take seven days in all: seconds. */
export const END_MARGIN = 48n * 3_600n
