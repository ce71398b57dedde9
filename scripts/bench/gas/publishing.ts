// What publishers, buyers and share holders pay.
import type { Wallet } from 'ethers'
import type { AccessPass } from '../../../types/ethers-contracts/passes/AccessPass.ts'
import type { RevenueShareToken } from '../../../types/ethers-contracts/revenue/RevenueShareToken.ts'
import { type GasChain, LATER, mined, used } from './chain.ts'
import { authorization, permit } from './signing.ts'

const TIER = { price: 5_000_000n, supplyCap: 0, duration: 0, uses: 0, royaltyBps: 500, transferable: true }
const INCOME = 10n ** 9n
const PURCHASE = 200_000

interface Step {
  readonly depth: number
  readonly op: string
  readonly gas: number | string
}

export async function measurePublishing(chain: GasChain): Promise<void> {
  const { ethers, publisher, registry, row, token } = chain
  const params = {
    contentId: ethers.id('content'),
    sponsor: ethers.ZeroAddress,
    pricePerGiB: 10_000_000n,
    deliveryBps: 2_000,
    title: 'A film of the sea',
    metainfoURI: `magnet:?xt=urn:btmh:1220${'ab'.repeat(32)}&xt=urn:btih:${'cd'.repeat(20)}&dn=film.mkv`,
    shares: [] as { holder: string; amount: bigint }[],
    tiers: [TIER],
  }
  const published = await mined(registry.publish(params))
  row('publish, one tier', published.gasUsed, { target: 340_000 })
  const [createToken, createPass] = await partsOf(published.hash)
  row('create a share token, within publish', createToken!, { target: 135_000 })
  row('create an access pass, within publish', createPass!, { target: 90_000 })
  const three = { ...params, contentId: ethers.id('three holders'), shares: sharesOf(3) }
  row('publish, one tier and three holders', await used(registry.publish(three)))
  row('setRelease, first', await used(registry.setRelease('game', params.contentId)))
  row('setRelease, warm', await used(registry.setRelease('game', params.contentId)))

  const alone = await contractsOf(params.contentId)
  await measurePurchases(alone.pass)
  await measureIncome(alone.share, 1)
  const crowd = { ...params, contentId: ethers.id('200 holders'), shares: sharesOf(200) }
  await used(registry.publish(crowd))
  await measureIncome((await contractsOf(crowd.contentId)).share, 200)
  await measureShares(alone.share)

  async function measurePurchases(pass: AccessPass): Promise<void> {
    const address = await pass.getAddress()
    const buyers: Wallet[] = []
    for (let i = 0; i < 4; i++) {
      const buyer = await chain.account(1_000_000_000n)
      await used(token.connect(buyer).approve(pass, 10n ** 30n))
      buyers.push(buyer)
    }
    const [first, second, permitting, gasless] = buyers as [Wallet, Wallet, Wallet, Wallet]
    const buy = (buyer: Wallet) => used(pass.connect(buyer).buy(0, buyer, TIER.price, LATER))
    row('purchase, first of the content', await buy(first))
    row('purchase, first of a buyer', await buy(second))
    row('purchase, returning buyer', await buy(second), { target: PURCHASE })
    for (const use of ['first', 'returning']) {
      const { v, r, s } = await permit(token, permitting, address, TIER.price)
      const bought = pass.connect(permitting).buyWithPermit(0, permitting, TIER.price, LATER, v, r, s)
      row(`purchase by permit, ${use} buyer`, await used(bought), { target: use === 'first' ? undefined : PURCHASE })
    }
    for (const use of ['first', 'returning']) {
      const salt = ethers.id(`purchase ${use}`)
      const terms = [0, gasless.address, TIER.price, LATER] as const
      const nonce = await pass.authorizationNonce(...terms, salt)
      const signed = await authorization(token, gasless, { to: address, value: TIER.price, nonce, salt })
      const relayed = pass.connect(chain.relayer).buyWithAuthorization(...terms, signed)
      row(`purchase by relayer, ${use} buyer`, await used(relayed), { target: use === 'first' ? undefined : PURCHASE })
    }
  }

  async function measureIncome(share: RevenueShareToken, holders: number): Promise<void> {
    await used(token.approve(share, 10n ** 30n))
    const name = `distribute, ${holders} ${holders === 1 ? 'holder' : 'holders'}`
    row(`${name}, first`, await used(share.distribute(INCOME)))
    await used(share.distribute(INCOME))
    row(`${name}, warm`, await used(share.distribute(INCOME)), { target: 59_000 })
  }

  async function measureShares(share: RevenueShareToken): Promise<void> {
    const holder = await chain.account()
    await used(token.mint(holder, 1n))
    row('transfer of shares, to a new holder', await used(share.transfer(holder, 10n ** 20n)))
    await used(share.distribute(INCOME))
    row('transfer of shares, between holders', await used(share.transfer(holder, 10n ** 20n)), { target: 48_000 })
    row('claim, first', await used(share.connect(holder).claim(holder)))
    await used(share.distribute(INCOME))
    row('claim, warm', await used(share.connect(holder).claim(holder)), { target: 58_000 })
  }

  function sharesOf(holders: number): { holder: string; amount: bigint }[] {
    const amount = 10n ** 24n / BigInt(holders)
    return Array.from({ length: holders }, () => ({ holder: new ethers.Wallet(chain.privateKey()).address, amount }))
  }

  async function contractsOf(contentId: string) {
    const content = await registry.contents(publisher.address, contentId)
    return {
      share: (await ethers.getContractAt('RevenueShareToken', content.token)) as unknown as RevenueShareToken,
      pass: (await ethers.getContractAt('AccessPass', content.pass)) as unknown as AccessPass,
    }
  }

  /** Cloning and initialising the token, then the pass, as parts of a whole `publish`: what the registry's own steps cost. */
  async function partsOf(hash: string): Promise<bigint[]> {
    const silent = { disableMemory: true, disableStack: true, disableStorage: true }
    const { structLogs } = await ethers.provider.send('debug_traceTransaction', [hash, silent])
    const own = (structLogs as Step[]).filter((step) => step.depth === 1)
    const costs = (op: string) =>
      own.flatMap((step, i) => (step.op === op ? [BigInt(step.gas) - BigInt(own[i + 1]!.gas)] : []))
    const [clones, calls] = [costs('CREATE2'), costs('CALL')]
    if (clones.length !== 2 || calls.length !== 2)
      throw new Error('publish no longer clones twice and initialises twice.')
    return clones.map((clone, i) => clone + calls[i]!)
  }
}
