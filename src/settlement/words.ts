import type { SkipReason } from './ports.ts'

/** Why the contract passed over a group, and what helps. A skipped group changed nothing and stays claimable. */
export const SKIP_WORDS: Record<SkipReason, string> = {
  none: 'the contract gave no reason',
  unpaid: 'the sponsor’s reserve and pool do not cover it; it can be claimed after a top-up',
  signature: 'the lane’s head has moved or a signature does not fit; the lane is compared with the chain',
  expired: 'the log’s signature has expired; ask the sponsor’s gateway for a voucher',
  revoked: 'the sponsor no longer honours the key that signed; ask its gateway for a voucher by a current key',
  'head-unmoved': 'these lines are settled already',
}

export const NEXT_ROUND = 'more lines wait than are claimed at once; these are claimed in the next round'
