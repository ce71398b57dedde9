import { expect } from 'chai'
import type { LocalAccount } from '../../../src/chain/index.ts'
import { hasCode } from '../../../src/errors.ts'
import type { GatewayClient } from '../../../src/gateway-client/index.ts'
import { type AuthorizedSession, createSessionKey } from '../../../src/receipts/index.ts'
import { type GatewayBed, MIB, startGatewayBed } from './fixture.ts'

describe('bytes that were never signed for, as a gateway hears of them', () => {
  let bed: GatewayBed
  before(async () => {
    bed = await startGatewayBed()
  })
  after(() => bed.close())

  let downloads = 0
  async function lines(client: GatewayClient, seeder: LocalAccount, count: number): Promise<AuthorizedSession[]> {
    const made: AuthorizedSession[] = []
    for (let i = 0; i < count; i++) {
      const { sessions } = await client.openSessions({
        ...{ contentId: bed.content.contentId, download: `download ${downloads++}`, remaining: 100n * MIB },
        requests: [{ terms: await bed.terms(seeder), sessionKey: createSessionKey().address, maxBytes: 20n * MIB }],
      })
      made.push(sessions[0]!)
    }
    return made
  }
  const refusal = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'granted',
      (error: unknown) => (hasCode(error, 'refused') ? error.message : String(error)),
    )

  it('gives no more lines to a holder whom two seeders accuse, however much one of them says', async () => {
    const { client } = await bed.buyer()
    const [one, two] = [await bed.chain.account(), await bed.chain.account()]
    const [ofOne, ofTwo] = [await lines(client, one, 5), await lines(client, two, 2)]
    const tell = (seeder: LocalAccount, sessions: readonly AuthorizedSession[]) =>
      bed.client(seeder).tellDebts(
        seeder.address,
        sessions.map(({ session }) => ({ session, bytes: 1n << 40n })),
      )
    await tell(one, ofOne)
    await tell(one, ofOne)
    expect(await refusal(lines(client, one, 1)), 'one word is not enough').to.equal('granted')
    await tell(one, ofTwo)
    expect(await refusal(lines(client, one, 1)), 'about lines of others it has no say').to.equal('granted')
    await tell(two, ofTwo)
    expect(await refusal(lines(client, one, 1))).to.include('unsigned')
    const other = await bed.buyer()
    expect(await refusal(lines(other.client, one, 1)), 'nobody else').to.equal('granted')
  })

  it('hears it from the seeder and its operator alone', async () => {
    const { client } = await bed.buyer()
    const [seeder, stranger] = [await bed.chain.account(), await bed.chain.account()]
    const [line] = await lines(client, seeder, 1)
    const told = bed.client(stranger).tellDebts(seeder.address, [{ session: line!.session, bytes: MIB }])
    expect(await refusal(told)).to.include('nor its operator')
  })
})
