// What bytes cost: the same rule for raw receipts, vouchers and every sum that people see.

/** Prices are for so many bytes. */
export const GIB = 2n ** 30n

/** floor(sum × pricePerGiB / 2^30): summed first, priced then, rounded down once. */
export function amountFor(bytes: readonly bigint[], pricePerGiB: bigint): bigint {
  let sum = 0n
  for (const count of bytes) sum += count
  return (sum * pricePerGiB) / GIB
}

/** The bytes that a receipt pays: never above what its line allows. */
export function paidBytes(bytesServed: bigint, maxBytes: bigint): bigint {
  return bytesServed < maxBytes ? bytesServed : maxBytes
}

/**
 * Splits an amount over the lines that earned it, in proportion to their bytes. The parts add up to exactly `amount`:
 * each is the difference of two rounded running sums. Without any bytes the last line takes all.
 */
export function shareAmount(amount: bigint, bytes: readonly bigint[]): bigint[] {
  let total = 0n
  for (const count of bytes) total += count
  if (total === 0n) return bytes.map((_, i) => (i === bytes.length - 1 ? amount : 0n))
  let running = 0n
  let given = 0n
  return bytes.map((count) => {
    running += count
    const upTo = (amount * running) / total
    const part = upTo - given
    given = upTo
    return part
  })
}
