import { once } from 'node:events'
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from 'node:net'
import { expect } from 'chai'
import { createNode, createPeerKey } from '../../../src/discovery/index.ts'
import { hasCode } from '../../../src/errors.ts'
import { DIALS_PER_MINUTE } from '../../../src/gateway/constants.ts'
import { createGateway } from '../../../src/gateway/index.ts'
import { createGatewayClient } from '../../../src/gateway-client/index.ts'
import { createLogger } from '../../../src/telemetry/index.ts'
import { type GatewayBed, PRICE, startGatewayBed } from './fixture.ts'

describe('the HTTP surface of a gateway', () => {
  let bed: GatewayBed
  before(async () => {
    bed = await startGatewayBed()
  })
  after(() => bed.close())

  it('says what it sells, where, and who signs', async () => {
    const { contentId, pass, token } = bed.content
    expect(await bed.client().info()).to.deep.equal({
      chainId: 31337,
      settlement: bed.chain.addresses.settlement,
      registry: bed.chain.addresses.registry,
      sponsor: bed.sponsor.address,
      signer: bed.sponsor.address,
      relayer: bed.sponsor.address,
      contents: [{ contentId, pass, token, pricePerGiB: String(PRICE), length: bed.content.length, name: 'film.mkv' }],
    })
  })

  it('serves the metainfo file of what it sells', async () => {
    const client = bed.client()
    expect(Buffer.from(await client.metainfo(bed.content.contentId))).to.deep.equal(bed.content.metainfo)
    const error = await client.metainfo('ab'.repeat(32)).catch((reason: unknown) => reason)
    expect(hasCode(error, 'unknown-content')).to.equal(true)
  })

  it('dials back who asks whether it can be reached, and nobody else', async () => {
    const node = await createNode({
      privateKey: await createPeerKey(),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      allowPrivate: true,
    })
    const other = createTcpServer((socket) => socket.end('220 mail\r\n')).listen(0, '127.0.0.1')
    const closed = createTcpServer().listen(0, '127.0.0.1')
    await Promise.all([once(other, 'listening'), once(closed, 'listening')])
    const portOf = (server: Server): number => (server.address() as AddressInfo).port
    const gone = portOf(closed)
    closed.close()
    await once(closed, 'close')
    let dialled = 0
    const neighbour = createTcpServer(() => (dialled += 1)).listen(0, '127.0.0.2')
    await once(neighbour, 'listening')
    try {
      const asked = [
        String(node.libp2p.getMultiaddrs()[0]),
        `/ip4/127.0.0.1/tcp/${gone}`,
        `/ip4/127.0.0.1/tcp/${portOf(other)}`,
        `/ip4/127.0.0.2/tcp/${portOf(neighbour)}`,
        `/dns4/localhost/tcp/${portOf(neighbour)}`,
        `/ip4/127.0.0.1/tcp/${portOf(other)}/ws`,
      ]
      const { from, addresses } = await bed.client().reach(asked)
      expect(from).to.equal('127.0.0.1')
      expect(addresses.map(({ address }) => address)).to.deep.equal(asked)
      const fates = ['reached', 'refused', 'another-program', 'another-address', 'not-tcp', 'not-tcp']
      expect(addresses.map(({ fate }) => fate)).to.deep.equal(fates)
      expect(dialled, 'connections of a neighbour').to.equal(0)
      const answers = await Promise.all(
        Array.from({ length: DIALS_PER_MINUTE + 2 }, () =>
          bed
            .client()
            .reach([])
            .catch((error) => error),
        ),
      )
      expect(answers.filter((answer) => hasCode(answer, 'refused'))).to.have.length(3)
    } finally {
      await node.stop()
      other.close()
      neighbour.close()
    }
  })

  it('does not dial what lies beside a proxy, whatever is written in front of its address', async () => {
    let dialled = 0
    const beside = createTcpServer(() => (dialled += 1)).listen(0, '127.0.0.1')
    await once(beside, 'listening')
    const address = `/ip4/127.0.0.1/tcp/${(beside.address() as AddressInfo).port}`
    try {
      const careful = await bed.open({ allowPrivate: false })
      const refused = await bed
        .client(undefined, careful)
        .reach([address])
        .catch((error: unknown) => error)
      expect(hasCode(refused, 'refused')).to.equal(true)
      const proxied = await bed.open({ trustProxy: true })
      const answer = await fetch(`${proxied.url}/v1/reach`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': '127.0.0.1, 127.0.0.7' },
        body: JSON.stringify({ addresses: [address] }),
      })
      expect(await answer.json()).to.deep.equal({
        from: '127.0.0.7',
        addresses: [{ address, fate: 'another-address' }],
      })
      expect(dialled).to.equal(0)
    } finally {
      beside.close()
    }
  })

  it('answers every failure in one form, and keeps its own to itself', async () => {
    for (const [path, status] of [
      ['/nowhere', 404],
      ['/v1/contents/zz.torrent', 400],
      ['/v1/contents/etc', 404],
      ['/v1/lanes/0x12/0/0', 400],
      [`/v1/lanes/${bed.sponsor.address}/-1/0`, 400],
      [`/v1/lanes/${bed.sponsor.address}/0/${2n ** 64n}`, 400],
    ] as const) {
      const response = await fetch(bed.gateway.url + path)
      expect(response.status, path).to.equal(status)
      const { error } = (await response.json()) as { error: Record<string, unknown> }
      expect(error.code, path).to.be.a('string')
      expect(error.message, path).to.be.a('string')
      expect(error.advice, path).to.be.a('string')
      expect(response.headers.get('cache-control')).to.equal('no-store')
    }
    const post = (body: string) =>
      fetch(`${bed.gateway.url}/v1/purchases`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      })
    expect((await post('{')).status).to.equal(400)
    expect((await post('[]')).status).to.equal(400)
    expect((await post('{"pass":5}')).status).to.equal(400)
    expect((await post(`"${'x'.repeat(300_000)}"`)).status).to.equal(413)
  })

  it('says nothing about its insides when it fails', async () => {
    const broken = { ...bed.log, laneLog: () => Promise.reject(new Error('SQLITE_IOERR /var/secret/path')) }
    const gateway = await bed.open({ log: broken })
    const response = await fetch(`${gateway.url}/v1/lanes/${bed.sponsor.address}/0/0`)
    expect(response.status).to.equal(500)
    expect(await response.text()).to.not.include('secret')
    expect(bed.logged.join('')).to.include('SQLITE_IOERR')
  })

  it('lets nobody ask without end', async () => {
    const gateway = await bed.open({ limits: { requestsPerMinute: 3 } })
    const statuses: number[] = []
    for (let i = 0; i < 5; i++) statuses.push((await fetch(`${gateway.url}/v1/info`)).status)
    expect(statuses).to.deep.equal([200, 200, 200, 429, 429])
  })

  it('answers what it has begun before it closes', async () => {
    const { contentId } = bed.content
    const waiting = Promise.withResolvers<null>()
    const begun = Promise.withResolvers<void>()
    const laneLog = () => {
      begun.resolve()
      return waiting.promise
    }
    const gateway = await bed.open({ log: { ...bed.log, laneLog } })
    const asked = fetch(`${gateway.url}/v1/lanes/${bed.sponsor.address}/0/0`)
    await begun.promise
    const stopped = gateway.stop()
    waiting.resolve(null)
    expect((await asked).status).to.equal(404)
    await stopped
    const late = await bed
      .client(undefined, gateway)
      .metainfo(contentId)
      .catch((reason: unknown) => reason)
    expect(hasCode(late, 'gateway-unreachable')).to.equal(true)
  })

  it('closes a connection that does not finish its headers', async () => {
    const { hostname, port } = new URL(bed.gateway.url)
    const started = Date.now()
    const socket = connect(Number(port), hostname)
    socket.write('GET /v1/info HTTP/1.1\r\nHost: x\r\n')
    await new Promise<void>((resolve) => {
      socket.on('close', () => resolve())
      socket.on('data', () => undefined)
      socket.on('error', () => undefined)
    })
    expect(Date.now() - started).to.be.lessThan(9_000)
  })

  it('names the port that is taken', async () => {
    const { port } = new URL(bed.gateway.url)
    const error = await bed.open({ port: Number(port) }).catch((reason: unknown) => reason)
    expect(hasCode(error, 'port-in-use')).to.equal(true)
    expect((error as Error).message).to.include(port)
  })

  it('does not start with a key that the sponsor never authorised', async () => {
    const stranger = await bed.chain.account()
    const gateway = createGateway(
      {
        chain: await bed.chain.as(stranger),
        log: bed.log,
        signer: stranger,
        contents: [bed.content],
        logger: createLogger({ name: 'gateway', level: 'silent' }),
      },
      { port: 0, sponsor: bed.sponsor.address },
    )
    expect(hasCode(await gateway.start().catch((reason: unknown) => reason), 'refused')).to.equal(true)
  })
})

describe('the client of a gateway', () => {
  it('says that nobody answers, with a hint and no stack of sockets', async () => {
    const error = await createGatewayClient({ url: 'http://127.0.0.1:9' })
      .info()
      .catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'gateway-unreachable', retry: true })
    expect((error as Error).message).to.include('http://127.0.0.1:9')
  })

  it('stops when it is told to', async () => {
    const client = createGatewayClient({ url: 'http://127.0.0.1:9' })
    const error = await client.info({ signal: AbortSignal.abort() }).catch((reason: unknown) => reason)
    expect(hasCode(error, 'interrupted')).to.equal(true)
  })

  it('refuses what is no URL', () => {
    expect(() => createGatewayClient({ url: 'ftp://x' })).to.throw('gateway URL')
  })
})
