import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { signerFromAccount, verifyTerms } from '../../../src/receipts/index.ts'
import { createTerms, type Terms } from '../../../src/seeder/terms.ts'
import { DOMAIN } from '../../swarm/desk.ts'
import { failure } from '../content/failure.ts'

const DAY = 86_400n

describe('the terms of a seeder', () => {
  let now = 0n
  let silent = false
  let terms: Terms

  beforeEach(async () => {
    now = 1_700_000_000n
    silent = false
    const account = privateKeyToAccount(generatePrivateKey())
    const time = async (): Promise<bigint> => {
      if (silent) throw new Error('The chain is silent.')
      return now
    }
    terms = createTerms(
      { domain: DOMAIN, signer: signerFromAccount(account), time },
      {
        seeder: account.address,
        lanes: [0n],
        pricePerGiB: 7n,
        peerId: peerIdFromPrivateKey(await generateKeyPair('Ed25519')),
      },
    )
  })

  it('are valid for a day of the chain, and signed', async () => {
    const signed = await terms.current()
    expect(signed.expiry).to.equal(now + DAY)
    expect(verifyTerms(DOMAIN, signed)).to.equal(true)
  })

  it('are signed anew when half of the day is over, with a later place', async () => {
    const first = await terms.current()
    now += DAY / 2n - 1n
    await terms.renew()
    expect(await terms.current()).to.equal(first)
    now += 1n
    await terms.renew()
    const second = await terms.current()
    expect(second.expiry).to.equal(now + DAY)
    expect(second.sequence > first.sequence).to.equal(true)
  })

  it('stand while the chain is silent, and are tried again when there are none', async () => {
    silent = true
    expect(String(await failure(terms.current()))).to.include('silent')
    silent = false
    const first = await terms.current()
    silent = true
    await failure(terms.renew())
    expect(await terms.current()).to.equal(first)
  })
})
