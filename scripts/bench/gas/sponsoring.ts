// What a sponsor pays to move its money: into its pool, into reserves, and out again.
import { type GasChain, used } from './chain.ts'
import { authorization, permit } from './signing.ts'

const USD = 1_000_000n
const PRICE = 10_000_000n
const WEEK = 7 * 86_400 + 1

export async function measureSponsoring(chain: GasChain): Promise<void> {
  const { ethers, networkHelpers, row, settlement, token } = chain
  const address = await settlement.getAddress()
  const sponsor = await chain.account(10n ** 12n)
  const seeder = (await chain.account()).address
  const own = settlement.connect(sponsor)
  await used(token.connect(sponsor).approve(settlement, 10n ** 30n))

  row('deposit, first', await used(own.deposit(sponsor, 100n * USD)))
  row('deposit, warm', await used(own.deposit(sponsor, 100n * USD)))
  for (const use of ['first', 'warm']) {
    const { v, r, s } = await permit(token, sponsor, address, 100n * USD)
    row(`permit deposit, ${use}`, await used(own.depositWithPermit(sponsor, 100n * USD, 4_102_444_800n, v, r, s)))
  }
  for (const use of ['first', 'warm']) {
    const salt = ethers.id(`deposit ${use}`)
    const nonce = await settlement.depositNonce(sponsor, salt)
    const signed = await authorization(token, sponsor, { to: address, value: 100n * USD, nonce, salt })
    const relayed = settlement.connect(chain.relayer).depositWithAuthorization(sponsor, 100n * USD, signed)
    row(`authorised deposit through a relayer, ${use}`, await used(relayed))
  }

  row('reserve, first', await used(own.reserve(seeder, 1n, PRICE, 10n * USD)))
  row('reserve, warm', await used(own.reserve(seeder, 1n, PRICE, 10n * USD)))
  row('reserveMany, 10 lanes, first', await used(own.reserveMany(sponsor, lanes(seeder))), { n: 10 })
  row('reserveMany, 10 lanes, warm', await used(own.reserveMany(sponsor, lanes(seeder))), { n: 10 })
  row('authorizeSigner, first', await used(own.authorizeSigner(seeder, 10n * USD)))
  row('authorizeSigner, warm', await used(own.authorizeSigner(seeder, 10n * USD)))
  row('revokeSigner', await used(own.revokeSigner(seeder)))
  row('thawReserve', await used(own.thawReserve(seeder, 1n, PRICE, 5n * USD)))
  row('thaw', await used(own.thaw(50n * USD)))
  await networkHelpers.time.increase(WEEK)
  row('releaseReserve', await used(own.releaseReserve(seeder, 1n, PRICE)))
  row('withdrawThawed', await used(own.withdrawThawed(sponsor)))
}

function lanes(seeder: string) {
  return Array.from({ length: 10 }, (_, i) => ({
    seeder,
    lane: BigInt(i + 2),
    pricePerGiB: PRICE,
    amount: USD,
  }))
}
