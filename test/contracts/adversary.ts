// Attacks that nobody listed beforehand: each is tried with everything in place, and what the thief, the victim and the
// contracts hold is counted afterwards.
import { expect } from 'chai'
import { networkHelpers, USD } from './fixture.ts'
import { SEASON } from './published.ts'
import { world } from './world.ts'

const { loadFixture, mine } = networkHelpers
const LATER = 4_102_444_800n

describe('A refund', () => {
  it('that is seen coming cannot be made dearer by renewing the pass first', async () => {
    const { pass, token, shareToken, creating, publisher, buying, buyer } = await loadFixture(world)
    await token.connect(publisher).approve(pass, 1_000n * USD) // more than one refund, as wallets propose
    await buying.approve(publisher.address, 3n)
    const { paid } = await pass.pass(3n)
    const wealth = async () => (await token.balanceOf(publisher)) + (await shareToken.claimable(publisher))
    const before = await wealth()
    // the holder sees the refund in the mempool; the shares' part of each renewal is income of a partner of his
    for (let i = 0; i < 20; i++) await buying.renew(3n, 3n * USD, LATER)
    await mine()
    const gained = (await wealth()) - before // the publisher's own part of what the holder paid
    await expect(creating.refund(3n, paid)).to.be.revertedWithCustomError(pass, 'AccessPass_RefundAboveMax')
    expect((await wealth()) - before).to.equal(gained)
    expect([paid, SEASON, buyer.address]).to.include(3n * USD)
  })
})
