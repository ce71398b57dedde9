/** What the devnet's creator asks for. Amounts in units of a stablecoin of 6 decimals. */

export const GIB = 1n << 30n

/** 0.05 per GiB. */
export const PRICE_PER_GIB = 50_000n

/** Who else owns a part of the income; the creator keeps the other 60 %. */
export const SHARES = [
  { name: 'partner', bps: 3_000 },
  { name: 'friend', bps: 1_000 },
] as const

/** 5.00, or more for a content so large that a fifth of it would not pay for its delivery twice over. */
export function salePrice(bytes: number): bigint {
  const delivery = (BigInt(bytes) * PRICE_PER_GIB) / GIB
  const least = 5_000_000n
  const needed = delivery * 5n * 8n
  return needed > least ? needed : least
}
