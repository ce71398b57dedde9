/*
 * Writes vectors.json: `node test/parity/generate.ts`. The same file is checked from TypeScript (vectors.test.ts) and
 * from Solidity (test/contracts). Deterministic; integers are decimal strings, hashes and heads 0x-hex.
 *
 *   domain      { name, version, chainId, verifyingContract, separator }. To check it on a chain: set the code of a
 *               deployed BandwidthSettlement at `verifyingContract` (hardhat_setCode; OpenZeppelin's EIP712 computes the
 *               domain anew at another address) on chain id 31337. Or sign for a live contract: makeBatches(domain).
 *   typeHashes  EIP-712 type string -> its hash
 *   laneKeys    { sponsor, seeder, lane, pricePerGiB, key, firstHead }
 *   logs        { from, lines: [{ sessionKey, maxBytes }], heads: one after each line }
 *   sessionLogs { sponsor, seeder, lane, pricePerGiB, expiry, head, digest, signer, signature }
 *   receipts    { session, bytesServed, digest, signer, signature }
 *   vouchers    { sponsor, seeder, lane, pricePerGiB, from, to, amount, digest, signer, signature }
 *   amounts     { bytes: [], pricePerGiB, amount }
 *   batches     { name, seeder, steps, after }: play the steps in order on one contract. Scenarios share no address.
 *     steps     deposit { sponsor, amount } · reserve { sponsor, seeder, lane, pricePerGiB, amount } (by the sponsor)
 *               authorize { sponsor, key, allowance } · revoke { sponsor, key } (by the sponsor) · wait { seconds }
 *               settle { batch, outcomes, reverts, credit } (by the seeder): outcomes has one
 *               { sponsor, laneKey, amount, reason, head } per group: reason 'None' is a Settled event with this amount
 *               and head, another one a Skipped event with this amount and SkipReason, and head the lane's unmoved one.
 *               `credit` is the seeder's after the call.
 *     after     pools [{ sponsor, pool }] · lanes [{ lane, head, reserved }]
 */
import { writeFileSync } from 'node:fs'
import { type Address, getAddress, type Hex, keccak256, stringToBytes } from 'viem'
import {
  amountFor,
  createDomain,
  encodeType,
  firstHead,
  headsAfter,
  type Lane,
  laneKey,
  signHead,
  signReceipt,
  signVoucher,
} from '../../src/receipts/index.ts'
import { keyOf, LATER, makeBatches } from './batches.ts'

export const VECTOR_DOMAIN = {
  chainId: 31337,
  settlement: getAddress('0x00000000000000000000000000000000b17cd000'),
} as const

const toHex = (bytes: Uint8Array): Hex => `0x${Buffer.from(bytes).toString('hex')}`

export async function makeVectors(): Promise<string> {
  const domain = createDomain(VECTOR_DOMAIN)
  const sponsor = keyOf('sponsor')
  const seeder = keyOf('seeder').address
  const lanes: Lane[] = [
    { sponsor: sponsor.address, seeder, lane: 0n, pricePerGiB: 0n },
    { sponsor: sponsor.address, seeder, lane: 1n, pricePerGiB: 10_000_000n },
    { sponsor: sponsor.address, seeder, lane: 1n, pricePerGiB: 10_000_001n },
    { sponsor: sponsor.address, seeder, lane: 2n ** 64n - 1n, pricePerGiB: 2n ** 64n - 1n },
    { sponsor: seeder, seeder: sponsor.address, lane: 1n, pricePerGiB: 10_000_000n },
  ]
  const lines = [1n, 0n, 64n << 20n, 2n ** 48n - 1n].map((maxBytes, i) => ({
    sessionKey: keyOf(`line ${i}`).address as Address,
    maxBytes,
  }))
  const logs = lanes.map((lane) => ({ lane, from: firstHead(lane), lines, heads: headsAfter(firstHead(lane), lines) }))

  const sessionLogs = []
  const vouchers = []
  for (const { lane, heads } of logs) {
    for (const expiry of [0n, LATER, 2n ** 40n - 1n]) {
      const head = heads[1]!
      const signed = await signHead(domain, sponsor, lane, { head, expiry })
      sessionLogs.push({ ...lane, ...signed, digest: toHex(domain.sessionLog(lane, head, expiry)) })
    }
    for (const amount of [0n, 1_234_567n, 2n ** 128n - 1n]) {
      const voucher = { ...lane, from: heads[0]!, to: heads[3]!, amount }
      vouchers.push({ ...(await signVoucher(domain, sponsor, voucher)), digest: toHex(domain.voucher(voucher)) })
    }
  }
  const receipts = [0n, 1n, 131_072n, 64n << 20n, 2n ** 48n - 1n].flatMap((bytesServed) =>
    logs.map(({ heads }, i) => {
      const key = keyOf(`line ${i}`)
      const receipt = { session: heads[0]!, bytesServed }
      return { ...signReceipt(domain, key, receipt), signer: key.address, digest: toHex(domain.receipt(receipt)) }
    }),
  )
  const amounts = [
    { bytes: [1n << 30n], pricePerGiB: 10_000_000n },
    { bytes: [1n << 29n, (1n << 29n) - 1n], pricePerGiB: 1n },
    { bytes: [1n, 2n, 3n], pricePerGiB: 2n ** 64n - 1n },
    { bytes: [2n ** 48n - 1n], pricePerGiB: 2n ** 64n - 1n },
    { bytes: [], pricePerGiB: 5n },
  ].map((asked) => ({ ...asked, amount: amountFor(asked.bytes, asked.pricePerGiB) }))

  const types = (['SessionLog', 'Receipt', 'Voucher'] as const).map(encodeType)
  const vectors = {
    domain: {
      name: 'BitCDN',
      version: '1',
      chainId: VECTOR_DOMAIN.chainId,
      verifyingContract: VECTOR_DOMAIN.settlement,
      separator: domain.separator,
    },
    typeHashes: Object.fromEntries(types.map((type) => [type, keccak256(stringToBytes(type))])),
    laneKeys: lanes.map((lane) => ({ ...lane, key: laneKey(lane), firstHead: firstHead(lane) })),
    logs,
    sessionLogs,
    receipts,
    vouchers,
    amounts,
    batches: await makeBatches(domain),
  }
  return `${JSON.stringify(vectors, (_, value) => (typeof value === 'bigint' ? String(value) : value), 1)}\n`
}

if (import.meta.main) writeFileSync(new URL('./vectors.json', import.meta.url), await makeVectors())
