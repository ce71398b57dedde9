/** Price of a pass when the creator names none, in whole coins of the stablecoin. */
export const DEFAULT_PRICE = '5'

/** Part of each payment that tops up the delivery budget, in 1/10,000. At 5.00 and 0.05 per GiB it pays for 20 GiB. */
export const DEFAULT_DELIVERY_BPS = 2_000

/** What a seeder is paid per GiB (2^30 bytes) when nobody names a price, in whole coins. */
export const DEFAULT_PRICE_PER_GIB = '0.05'

/** What a gateway's key may spend from the sponsor's pool when the creator names no allowance, in whole coins. */
export const DEFAULT_ALLOWANCE = '100'

/** Shares of a content in their smallest unit: a million shares of 18 decimals. */
export const SHARE_SUPPLY = 1_000_000n * 10n ** 18n
