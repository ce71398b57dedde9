// Gas of the work that people pay for, beside the targets of docs/CONTRACTS.md. Whole transactions on Hardhat's EVM,
// divided by the number of receipts or vouchers in them; lanes, pools and credits were used before.
import type { HDNodeWallet } from 'ethers'
import { network } from 'hardhat'
import {
  amountFor,
  type BatchGroup,
  type BatchLine,
  createDomain,
  createSessionKey,
  type Domain,
  encodeBatch,
  firstHead,
  type Head,
  type Lane,
  nextHead,
  type SessionKey,
  signHead,
  signVoucher,
} from '../../src/receipts/index.ts'
import Devnet from '../ignition/Devnet.ts'

type Address = `0x${string}`

const PRICE = 10_000_000n
const MAX_BYTES = 1n << 28n
const SERVED = 123_456_789n
const LATER = 4_102_444_800n
const FUNDS = 10n ** 15n

const { ethers, ignition } = await network.create()
const contracts = await ignition.deploy(Devnet)
const { token, settlement, registry } = contracts as unknown as Record<string, Any>
// biome-ignore lint/suspicious/noExplicitAny: Ignition's contracts carry no types
type Any = any
const [payer, seeder] = await ethers.getSigners()
const seederAddress = seeder!.address as Address
const domain: Domain = createDomain({ chainId: 31337, settlement: await settlement.getAddress() })

await (await token.mint(payer!.address, 10n ** 24n)).wait()
await (await token.approve(settlement, 10n ** 24n)).wait()

/** One lane with a sponsor of its own that was settled once before. */
interface Client {
  lane: Lane
  sponsor: SessionKey
  signer: SessionKey
  head: Head
}

async function client(options: { delegate?: boolean; reserve?: boolean } = {}): Promise<Client> {
  const wallet = ethers.Wallet.createRandom().connect(ethers.provider)
  const sponsor = createSessionKey(wallet.privateKey as Address)
  const delegate = createSessionKey()
  await (await settlement.deposit(wallet.address, FUNDS)).wait()
  if (options.delegate || options.reserve)
    await (await payer!.sendTransaction({ to: wallet, value: 10n ** 18n })).wait()
  const own = settlement.connect(wallet)
  if (options.delegate) await (await own.authorizeSigner(delegate.address, FUNDS)).wait()
  const lane: Lane = { sponsor: sponsor.address, seeder: seederAddress, lane: 1n, pricePerGiB: PRICE }
  if (options.reserve) await (await own.reserve(seederAddress, 1n, PRICE, FUNDS / 2n)).wait()
  const made = { lane, sponsor, signer: options.delegate ? delegate : sponsor, head: firstHead(lane) }
  await settle([await voucher(made)])
  return made
}

async function raw(of: Client, receipts: number, unused = 0): Promise<BatchGroup> {
  const lines: BatchLine[] = []
  for (let i = 0; i < receipts + unused; i++) {
    const key = createSessionKey()
    const session = of.head
    of.head = nextHead(session, { sessionKey: key.address, maxBytes: MAX_BYTES })
    if (i >= receipts) lines.push({ maxBytes: MAX_BYTES, sessionKey: key.address })
    else {
      const signature = key.sign(domain.receipt({ session, bytesServed: SERVED }))
      lines.push({ maxBytes: MAX_BYTES, bytesServed: SERVED, signature })
    }
  }
  const { signature } = await signHead(domain, of.signer, of.lane, { head: of.head, expiry: LATER })
  return { kind: 'raw', ...about(of), expiry: LATER, signature, lines }
}

async function voucher(of: Client): Promise<BatchGroup> {
  const from = of.head
  of.head = nextHead(from, { sessionKey: createSessionKey().address, maxBytes: MAX_BYTES })
  const amount = amountFor([SERVED], PRICE)
  const { signature } = await signVoucher(domain, of.signer, { ...of.lane, from, to: of.head, amount })
  return { kind: 'voucher', ...about(of), to: of.head, amount, signature }
}

function about(of: Client) {
  const { sponsor, lane, pricePerGiB } = of.lane
  return { sponsor, lane, pricePerGiB, delegate: of.signer === of.sponsor ? null : of.signer.address, least: null }
}

async function settle(groups: BatchGroup[]): Promise<bigint> {
  const call = await settlement.connect(seeder).settle(seederAddress, encodeBatch(groups))
  const receipt = await call.wait()
  const skipped = receipt.logs.filter((log: Any) => settlement.interface.parseLog(log)?.name === 'Skipped').length
  if (skipped > 0) throw new Error(`${skipped} groups were skipped`)
  return receipt.gasUsed
}

async function gas(sent: Promise<Any>): Promise<bigint> {
  return (await (await sent).wait()).gasUsed
}

let missed = 0
function row(work: string, used: bigint, target: bigint): void {
  if (used > target) missed++
  console.log(
    `${work.padEnd(58)}${String(used).padStart(9)}${String(target).padStart(9)}${used > target ? '  over' : ''}`,
  )
}

console.log(`${'work'.padEnd(58)}${'gas'.padStart(9)}${'target'.padStart(9)}`)

const one = await client()
for (const [n, target] of [
  [300, 5_050n],
  [100, 5_400n],
  [10, 9_700n],
  [1, 53_000n],
] as const) {
  row(`raw receipts, N=${n}, one sponsor, each`, (await settle([await raw(one, n)])) / BigInt(n), target)
}
const ten = await Promise.all(Array.from({ length: 10 }, () => client()))
row(
  'raw receipts, 10 sponsors × 30, each',
  (await settle(await Promise.all(ten.map((c) => raw(c, 30))))) / 300n,
  5_650n,
)
const byDelegate = await client({ delegate: true })
row('raw receipts, N=300, delegate-signed, each', (await settle([await raw(byDelegate, 300)])) / 300n, 5_100n)
row('one voucher', await settle([await voucher(one)]), 48_500n)
const reserved = await client({ reserve: true })
row('one voucher, from a reserve', await settle([await voucher(reserved)]), 43_000n)
const many: Client[] = []
for (let i = 0; i < 300; i++) many.push(await client())
row('vouchers of 300 sponsors, each', (await settle(await Promise.all(many.map(voucher)))) / 300n, 20_000n)
const delegates: Client[] = []
for (let i = 0; i < 99; i++) delegates.push(await client({ delegate: true }))
row(
  'vouchers of 99 sponsors, delegate-signed, each',
  (await settle(await Promise.all(delegates.map(voucher)))) / 99n,
  26_500n,
)
const without = await settle([await raw(one, 10)])
row('an unused line among raw receipts', ((await settle([await raw(one, 10, 50)])) - without) / 50n, 720n)

// --- publishing and buying ------------------------------------------------------------------------------------------

const publisher = payer!
const tier = { price: 5_000_000n, supplyCap: 0, duration: 0, uses: 0, royaltyBps: 500, transferable: true }
const params = {
  contentId: ethers.id('content'),
  sponsor: ethers.ZeroAddress,
  pricePerGiB: PRICE,
  deliveryBps: 2_000,
  title: 'A film of the sea',
  metainfoURI: `magnet:?xt=urn:btmh:1220${'ab'.repeat(32)}&xt=urn:btih:${'cd'.repeat(20)}&dn=film.mkv`,
  shares: [] as { holder: string; amount: bigint }[],
  tiers: [tier],
}
row('publish with one tier', await gas(registry.publish(params)), 340_000n)
const holders: HDNodeWallet[] = Array.from({ length: 3 }, () => ethers.Wallet.createRandom())
const shares = holders.map(({ address }, i) => ({ holder: address, amount: BigInt(i + 1) * 10n ** 23n }))
row(
  'publish with one tier and three holders',
  await gas(registry.publish({ ...params, contentId: ethers.id('2'), shares })),
  400_000n,
)
const content = await registry.contents(publisher.address, params.contentId)
const shareToken: Any = await ethers.getContractAt('RevenueShareToken', content.token)
const pass: Any = await ethers.getContractAt('AccessPass', content.pass)

await gas(token.approve(pass, 10n ** 24n))
await gas(token.approve(shareToken, 10n ** 24n))
await gas(pass.buy(0, publisher.address, tier.price, LATER))
row('a purchase by a returning buyer', await gas(pass.buy(0, publisher.address, tier.price, LATER)), 200_000n)
row('distribute', await gas(shareToken.distribute(10n ** 9n)), 59_000n)
await gas(shareToken.transfer(seederAddress, 10n ** 20n))
await gas(shareToken.claim(publisher.address))
await gas(shareToken.connect(seeder).claim(seederAddress))
await gas(shareToken.distribute(10n ** 9n))
row('claim', await gas(shareToken.claim(publisher.address)), 58_000n)
row('transfer of shares between holders', await gas(shareToken.transfer(seederAddress, 10n ** 20n)), 48_000n)

if (missed > 0) console.log(`${missed} above the target`)
