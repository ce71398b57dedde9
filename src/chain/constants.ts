/** How long one JSON-RPC request may take, milliseconds. */
export const RPC_TIMEOUT = 10_000

/** How often a question is asked where endpoints fail, and once more for each further endpoint. */
export const RPC_ATTEMPTS = 5

/** The pause before the second attempt, milliseconds; it doubles, and up to half of it is left to chance. */
export const RPC_PAUSE = 100

/** How deep a transaction must lie on chains that know no finality tag: two epochs. */
export const FINAL_DEPTH = 64

/** A transaction that is not mined after this long gets a higher bid, milliseconds. */
export const BUMP_AFTER = 48_000

/** Nodes replace a transaction for a tenth more (some for an eighth), in both fields. */
export const BUMP_PERCENT = 13n

/** Bids stop at this multiple of the first one where nobody set a limit. */
export const BID_CAP = 5n

/** Looks without a trace of a transaction, its nonce used for good, until it is signed anew where no node proves more. */
export const LOOKS_BEFORE_LOST = 5

/** Unused nonces below a waiting transaction that are filled at one look. */
export const MOST_FILLED = 16

/** How long a sent transaction may stay unmined before the wait ends, milliseconds. It may still be mined later. */
export const TRANSACTION_TIMEOUT = 120_000

/** Between two looks for a receipt, milliseconds; a local chain answers at the first one. */
export const RECEIPT_POLLING = 250

/** The longest pause between two looks at a transaction that is written down, milliseconds. */
export const CARRY_POLLING = 2_000

/** EIP-7825: no transaction may ask for more gas. */
export const TRANSACTION_GAS_CAP = 16_777_216n

/** How often a transaction is signed anew when another process of the same wallet took its nonce. */
export const NONCE_ATTEMPTS = 3

/** What is added to an estimate, in hundredths: state may move between the estimate and the block. */
export const GAS_MARGIN_PERCENT = 25n

/** Logs are read in ranges of at most this many blocks: public endpoints refuse wider ones. */
export const LOG_RANGE = 9_000n

/** How long a permit or an authorisation that is signed here stays good, seconds of block time. */
export const PERMIT_SECONDS = 3600n
