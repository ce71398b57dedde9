/** How long one JSON-RPC request may take, milliseconds. */
export const RPC_TIMEOUT = 10_000

/** How long a sent transaction may stay unmined before the wait ends, milliseconds. It may still be mined later. */
export const TRANSACTION_TIMEOUT = 120_000

/** Between two looks for a receipt, milliseconds; a local chain answers at the first one. */
export const RECEIPT_POLLING = 250

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
