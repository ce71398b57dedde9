// What a seeder pays to settle: raw receipts and vouchers, N in one call. Warm: the lane, the pool and the seeder's credit
// were used before. First: none of this lane and this seeder was.
import type { Wallet } from 'ethers'
import {
  amountFor,
  type BatchGroup,
  type BatchLine,
  createDomain,
  createSessionKey,
  encodeBatch,
  firstHead,
  type Head,
  type Lane,
  nextHead,
  type SessionKey,
} from '../../../src/receipts/index.ts'
import { FUNDS, type GasChain, type Hex, LATER, mined, used } from './chain.ts'

const PRICE = 10_000_000n
const MAX_BYTES = 1n << 28n
const SERVED = 123_456_789n
const RESERVE = 10n ** 10n
const SIZES = [1, 10, 100, 300] as const
const MOST = 300

/** A sponsor's lane with the seeder, and who signs for it. */
interface Client {
  readonly wallet: Wallet
  readonly sponsor: SessionKey
  readonly signer: SessionKey
  readonly lane: Lane
  head: Head
}

interface ClientInit {
  readonly delegated?: boolean
  readonly reserved?: boolean
}

export async function measureSettling(chain: GasChain): Promise<void> {
  const { settlement, row } = chain
  const domain = createDomain({ chainId: 31337, settlement: (await settlement.getAddress()) as Hex })
  const seeder = await chain.account()

  const plain = await clients({})
  const delegated = await clients({ delegated: true })
  const reserved = await clients({ reserved: true })
  for (const all of [plain, delegated, reserved]) await settle(seeder, all.map(voucher))

  const rawTargets: Record<number, number> = { 1: 53_000, 10: 9_700, 100: 5_400, 300: 5_050 }
  await measure('raw receipts, one sponsor', SIZES, 1, plain, raw, rawTargets)
  await measure('raw receipts, 10 sponsors', [10, 100, 300], 10, plain, raw, { 300: 5_650 })
  await measure('raw receipts, one sponsor, delegate-signed', SIZES, 1, delegated, raw, { 300: 5_100 })
  await measure('vouchers, one a sponsor', SIZES, 0, plain, voucher, { 1: 48_500, 300: 20_000 })
  await measure('vouchers, one a sponsor, from reserves', SIZES, 0, reserved, voucher, { 1: 43_000 })
  const delegatedSizes = [1, 10, 99, 100, 300]
  await measure('vouchers, one a sponsor, delegate-signed', delegatedSizes, 0, delegated, voucher, { 99: 26_500 })
  await measureUnused()
  await measureWithdrawals()

  /** `groups` in one call share the N lines; 0 = one group for each. */
  async function measure(
    name: string,
    sizes: readonly number[],
    groups: number,
    from: readonly Client[],
    make: (client: Client, lines: number) => BatchGroup,
    targets: Record<number, number>,
  ): Promise<void> {
    for (const n of sizes) {
      const count = groups === 0 ? n : groups
      const gas = await settle(
        seeder,
        from.slice(0, count).map((client) => make(client, n / count)),
      )
      row(`${name}, warm`, gas, { n, target: targets[n] })
    }
    for (const n of sizes) {
      const count = groups === 0 ? n : groups
      const newcomer = await chain.account()
      const fresh: Client[] = []
      for (const client of from.slice(0, count)) fresh.push(await anew(client, newcomer, from === reserved))
      const gas = await settle(
        newcomer,
        fresh.map((client) => make(client, n / count)),
      )
      row(`${name}, first`, gas, { n })
    }
  }

  /**
   * What lines without a receipt add to a group with as many receipts. Where they are nearly alone it is more, because
   * then the least that a transaction pays for its calldata (EIP-7623) is above what it computes.
   */
  async function measureUnused(): Promise<void> {
    for (const n of SIZES) {
      const without = await settle(seeder, [raw(plain[0]!, n)])
      const added = (await settle(seeder, [raw(plain[0]!, n, n)])) - without
      row('unused lines among as many raw receipts', added, { n, target: 720 })
    }
  }

  async function measureWithdrawals(): Promise<void> {
    const batch = encodeBatch([voucher(plain[0]!)])
    row('settle one voucher and pay it out at once', await used(settlement.connect(seeder).settleTo(batch, seeder)))
    await settle(seeder, [voucher(plain[0]!)])
    row('withdraw the credit', await used(settlement.connect(seeder).withdraw(seeder)))
  }

  async function clients(init: ClientInit): Promise<Client[]> {
    const made: Client[] = []
    for (let i = 0; i < MOST; i++) made.push(await client(init))
    return made
  }

  async function client({ delegated: byDelegate, reserved: withReserve }: ClientInit): Promise<Client> {
    const wallet = await chain.account()
    const sponsor = createSessionKey(wallet.privateKey as Hex)
    const signer = byDelegate ? createSessionKey(chain.privateKey()) : sponsor
    await used(settlement.deposit(wallet, FUNDS))
    if (byDelegate) await used(settlement.connect(wallet).authorizeSigner(signer.address, FUNDS))
    const lane: Lane = { sponsor: sponsor.address, seeder: seeder.address as Hex, lane: 1n, pricePerGiB: PRICE }
    if (withReserve) await reserve(wallet, lane)
    return { wallet, sponsor, signer, lane, head: firstHead(lane) }
  }

  async function anew(client: Client, newcomer: Wallet, withReserve: boolean): Promise<Client> {
    const lane = { ...client.lane, seeder: newcomer.address as Hex }
    if (withReserve) await reserve(client.wallet, lane)
    return { ...client, lane, head: firstHead(lane) }
  }

  async function reserve(wallet: Wallet, lane: Lane): Promise<void> {
    await used(settlement.connect(wallet).reserve(lane.seeder, lane.lane, lane.pricePerGiB, RESERVE))
  }

  function raw(of: Client, receipts: number, unused = 0): BatchGroup {
    const lines: BatchLine[] = []
    for (let i = 0; i < receipts + unused; i++) {
      const key = createSessionKey(chain.privateKey())
      const session = of.head
      of.head = nextHead(session, { sessionKey: key.address, maxBytes: MAX_BYTES })
      if (i >= receipts) lines.push({ maxBytes: MAX_BYTES, sessionKey: key.address })
      else {
        const signature = key.sign(domain.receipt({ session, bytesServed: SERVED }))
        lines.push({ maxBytes: MAX_BYTES, bytesServed: SERVED, signature })
      }
    }
    const signature = of.signer.sign(domain.sessionLog(of.lane, of.head, LATER))
    return { kind: 'raw', ...about(of), expiry: LATER, signature, lines }
  }

  function voucher(of: Client): BatchGroup {
    const from = of.head
    const line = { sessionKey: createSessionKey(chain.privateKey()).address, maxBytes: MAX_BYTES }
    of.head = nextHead(from, line)
    const amount = amountFor([SERVED], PRICE)
    const signature = of.signer.sign(domain.voucher({ ...of.lane, from, to: of.head, amount }))
    return { kind: 'voucher', ...about(of), to: of.head, amount, signature }
  }

  function about({ lane, signer, sponsor }: Client) {
    const delegate = signer === sponsor ? null : signer.address
    return { sponsor: lane.sponsor, lane: lane.lane, pricePerGiB: lane.pricePerGiB, delegate, least: null }
  }

  async function settle(by: Wallet, groups: readonly BatchGroup[]): Promise<bigint> {
    const receipt = await mined(settlement.connect(by).settle(by, encodeBatch(groups)))
    const names = receipt.logs.map((log) => settlement.interface.parseLog(log)?.name)
    if (names.some((name) => name !== 'Settled')) throw new Error(`Not every group was settled: ${names.join(', ')}.`)
    return receipt.gasUsed
  }
}
