import { expect } from 'chai'
import { createSiweMessage } from 'viem/siwe'
import type { LocalAccount } from '../../../src/chain/index.ts'
import { type GatewayBed, startGatewayBed } from './fixture.ts'

type Fields = Parameters<typeof createSiweMessage>[0]

describe('signing in at a gateway', () => {
  let bed: GatewayBed
  let account: LocalAccount
  before(async () => {
    bed = await startGatewayBed()
    account = await bed.chain.account()
  })
  after(() => bed.close())

  const post = async (path: string, body: unknown): Promise<{ status: number; json: Record<string, unknown> }> => {
    const response = await fetch(bed.gateway.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { status: response.status, json: (await response.json()) as Record<string, unknown> }
  }
  const nonce = async (): Promise<string> => String((await post('/v1/auth/nonce', {})).json.nonce)
  const attempt = async (changes: Partial<Fields> = {}, signer = account) => {
    const message = createSiweMessage({
      address: account.address,
      chainId: 31337,
      domain: new URL(bed.gateway.url).host,
      uri: bed.gateway.url,
      version: '1',
      nonce: changes.nonce ?? (await nonce()),
      issuedAt: new Date(),
      expirationTime: new Date(Date.now() + 60_000),
      ...changes,
    } as Fields)
    const signature = await signer.signMessage({ message })
    return { message, signature, answer: await post('/v1/auth/verify', { message, signature }) }
  }

  it('answers a signed message with a token', async () => {
    const { answer } = await attempt()
    expect(answer.status).to.equal(200)
    expect(answer.json.token).to.be.a('string').with.length.greaterThan(40)
    expect(Date.parse(String(answer.json.expiresAt))).to.be.greaterThan(Date.now())
  })

  it('tells its own time with the nonce, for wallets whose clock is wrong', async () => {
    const { json } = await post('/v1/auth/nonce', {})
    const [from, to] = [Date.parse(String(json.issuedAt)), Date.parse(String(json.expirationTime))]
    expect(Math.abs(from - Date.now())).to.be.lessThan(60_000)
    expect(to - from).to.equal(300_000)
    const times = { issuedAt: new Date(from), expirationTime: new Date(to) }
    expect((await attempt({ nonce: String(json.nonce), ...times })).answer.status).to.equal(200)
  })

  it('takes a nonce once', async () => {
    const { message, signature, answer } = await attempt()
    expect(answer.status).to.equal(200)
    const again = await post('/v1/auth/verify', { message, signature })
    expect(again.status).to.equal(409)
    expect(again.json.token).to.equal(undefined)
  })

  it('takes a nonce once, also when the first attempt failed', async () => {
    const used = await nonce()
    expect((await attempt({ nonce: used, chainId: 1 })).answer.status).to.equal(409)
    expect((await attempt({ nonce: used })).answer.status).to.equal(409)
  })

  it('refuses a message for somebody else', async () => {
    const stranger = await bed.chain.account()
    const words = async (changes: Partial<Fields>, signer = account): Promise<string> => {
      const { answer } = await attempt(changes, signer)
      expect(answer.status).to.equal(409)
      return String((answer.json.error as { message: string }).message)
    }
    expect(await words({ domain: 'phish.example' })).to.include('phish.example')
    expect(await words({ chainId: 1 })).to.include('chain 1')
    expect(await words({ nonce: 'neverissued12345' })).to.include('nonce')
    expect(await words({ expirationTime: new Date(Date.now() - 1000) })).to.include('not valid')
    expect(await words({ notBefore: new Date(Date.now() + 60_000) })).to.include('not valid')
    expect(await words({}, stranger)).to.include('not signed')
    expect(await words({ expirationTime: undefined } as never)).to.include('expiration')
  })

  it('answers 401 without a token that it gave', async () => {
    for (const authorization of ['', 'Bearer ', 'Bearer nonsense', 'Basic abc']) {
      const response = await fetch(`${bed.gateway.url}/v1/sessions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: '{}',
      })
      expect(response.status).to.equal(401)
    }
  })

  it('lets a client sign in anew when the gateway has forgotten it', async () => {
    const { client } = await bed.buyer()
    const terms = await bed.terms(await bed.chain.account())
    const question = {
      contentId: bed.content.contentId,
      download: 'again',
      remaining: 10n,
      requests: [{ terms, sessionKey: account.address, maxBytes: 10n }],
    }
    expect((await client.openSessions(question)).sessions).to.have.length(1)
    const { port } = new URL(bed.gateway.url)
    await bed.gateway.stop()
    const fresh = await bed.open({ port: Number(port) })
    expect(fresh.url).to.equal(bed.gateway.url)
    expect((await client.openSessions({ ...question, download: 'and again' })).sessions).to.have.length(1)
  })

  it('writes neither tokens nor signatures into its log', async () => {
    const { signature, answer } = await attempt()
    const log = bed.logged.join('')
    expect(log).to.not.include(String(answer.json.token))
    expect(log).to.not.include(signature)
  })
})
