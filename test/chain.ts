import { randomBytes } from 'node:crypto'
import { type Address, createTestClient, http, parseEther } from 'viem'
import { generatePrivateKey, mnemonicToAccount, privateKeyToAccount } from 'viem/accounts'
import {
  type Chain,
  connectChain,
  type LocalAccount,
  mintTestUsd,
  type PublishedContent,
  publishContent,
  type TierTerms,
  transact,
} from '../src/chain/index.ts'
import { startChain } from '../src/devnet/chain.ts'

/** One test dollar in its smallest unit. */
export const USD = 1_000_000n

/** A real EVM in this process with BitCDN deployed on it, and accounts that have what they need. */
export interface TestChain {
  readonly rpcUrl: string
  readonly addresses: Chain['addresses']
  /** A connection that signs with `account`; without one it only reads. */
  as(account?: LocalAccount): Promise<Chain>
  /** A fresh account with coin for gas and test dollars (default: 10 of the coin, no dollars). */
  account(funds?: { coin?: bigint; usd?: bigint }): Promise<LocalAccount>
  fund(address: Address, funds: { coin?: bigint; usd?: bigint }): Promise<void>
  /** Publishes a content of random id by `publisher`. */
  publish(publisher: LocalAccount, content?: Partial<TestContent>): Promise<PublishedContent>
  /** Moves the chain's clock and mines a block. */
  passTime(seconds: number): Promise<void>
  close(): Promise<void>
}

export interface TestContent {
  contentId: string
  title: string
  pricePerGiB: bigint
  deliveryBps: number
  shares: readonly { holder: Address; amount: bigint }[]
  tiers: readonly TierTerms[]
}

/** A pass for ever at five dollars. */
export const LIFETIME_TIER: TierTerms = {
  price: 5n * USD,
  supplyCap: 0,
  duration: 0,
  uses: 0,
  royaltyBps: 500,
  transferable: true,
}

/** Call in `before` and `close` in `after`; it takes about a second. */
export async function startTestChain(): Promise<TestChain> {
  return testChainOn(await startChain({ port: 0 }))
}

/** The same on any EVM that BitCDN is deployed on and that unlocks the accounts of the well-known mnemonic. */
export async function testChainOn(devnet: {
  rpcUrl: string
  contracts: { registry: Address }
  close(): Promise<void>
}): Promise<TestChain> {
  const { rpcUrl, contracts } = devnet
  const as = (account?: LocalAccount): Promise<Chain> =>
    connectChain({ rpcUrl, addresses: { registry: contracts.registry }, account, finality: 'latest' })
  // the node unlocks and funds the accounts of this well-known mnemonic
  const bank = await as(mnemonicToAccount('test test test test test test test test test test test junk'))
  const clock = createTestClient({ mode: 'hardhat', transport: http(rpcUrl) })

  async function fund(address: Address, { coin = 0n, usd = 0n }: { coin?: bigint; usd?: bigint }): Promise<void> {
    if (coin > 0n) await transact(bank, { to: address, data: '0x', value: coin })
    if (usd > 0n) await mintTestUsd(bank, { to: address, amount: usd })
  }

  return {
    rpcUrl,
    addresses: bank.addresses,
    as,
    fund,
    async account({ coin = parseEther('10'), usd = 0n } = {}) {
      const account = privateKeyToAccount(generatePrivateKey())
      await fund(account.address, { coin, usd })
      return account
    },
    async publish(publisher, content = {}) {
      return publishContent(await as(publisher), {
        contentId: content.contentId ?? randomBytes(32).toString('hex'),
        title: content.title ?? 'A test content',
        pricePerGiB: content.pricePerGiB ?? 2n * USD,
        deliveryBps: content.deliveryBps ?? 2000,
        metainfoUri: 'magnet:?xt=urn:btmh:1220',
        shares: content.shares,
        tiers: content.tiers ?? [LIFETIME_TIER],
      })
    },
    async passTime(seconds) {
      await clock.increaseTime({ seconds })
      await clock.mine({ blocks: 1 })
    },
    close: () => devnet.close(),
  }
}
