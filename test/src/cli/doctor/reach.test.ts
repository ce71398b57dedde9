// How a seeder looks from outside: a real gateway behind a real proxy, which says that the question came from elsewhere.
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer as createTcpServer } from 'node:net'
import { expect } from 'chai'
import { checkReach, type Reached } from '../../../../src/cli/doctor/reach.ts'
import { createReport } from '../../../../src/cli/doctor/report.ts'
import { createNode, createPeerKey } from '../../../../src/discovery/index.ts'
import { TRANSFER_PROTOCOL } from '../../../../src/transfer/index.ts'
import { type GatewayBed, startGatewayBed } from '../../gateway/fixture.ts'

/** Loopback, and no address of an interface: as an outside address of a router is. */
const OUTSIDE = '127.0.0.9'

describe('reach from outside', () => {
  let bed: GatewayBed
  let proxied: string
  const proxy = createServer((incoming, answer) => {
    const headers = { ...incoming.headers, 'x-forwarded-for': OUTSIDE }
    const { method, url = '' } = incoming
    const onward = request(new URL(url, bed.gateway.url), { method, headers, port: gatewayPort })
    onward.on('response', (response) => {
      answer.writeHead(response.statusCode ?? 500, response.headers)
      response.pipe(answer)
    })
    incoming.pipe(onward)
  })
  let gatewayPort = 0
  before(async () => {
    bed = await startGatewayBed()
    gatewayPort = Number(new URL((await bed.open({ trustProxy: true })).url).port)
    proxy.listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    proxied = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  })
  after(async () => {
    proxy.close()
    await bed.close()
  })

  async function look(addresses: string[]): Promise<Reached & { codes: string[]; words: string }> {
    const report = createReport()
    const reached = await checkReach(
      { addresses, allowPrivate: true, gateways: [proxied] },
      ...([report, AbortSignal.timeout(20_000)] as const),
    )
    const findings = report.findings()
    return { ...reached, codes: findings.map(({ code }) => code), words: findings.map(({ what }) => what).join(' ') }
  }

  it('is direct where the gateway gets an answer', async () => {
    const node = await createNode({
      privateKey: await createPeerKey(),
      listen: [`/ip4/${OUTSIDE}/tcp/0`],
      allowPrivate: true,
    })
    try {
      const address = String(node.libp2p.getMultiaddrs()[0])
      const { way, confirmed, seenAs, codes } = await look([address])
      expect({ way, confirmed, seenAs, codes }).to.deep.equal({
        ...{ way: 'direct', confirmed: [address], seenAs: OUTSIDE, codes: [] },
      })
    } finally {
      await node.stop()
    }
  })

  it('is told of where the router leads nothing in, and where another program answers', async () => {
    const web = createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, OUTSIDE)
    await once(web, 'listening')
    const peer = (await createPeerKey()).publicKey.toString()
    const closed = `/ip4/${OUTSIDE}/tcp/1/p2p/${peer}`
    const taken = `/ip4/${OUTSIDE}/tcp/${(web.address() as AddressInfo).port}/p2p/${peer}`
    try {
      const { way, codes, words } = await look([closed, taken])
      expect({ way, codes }).to.deep.equal({ way: 'none', codes: ['unreachable-outside'] })
      expect(words).to.include(`${closed} (refused)`).and.include(`${taken} (another program answers)`)
      const relayed = await look([closed, `/ip4/8.8.8.8/tcp/4001/p2p/${peer}/p2p-circuit/p2p/${peer}`])
      expect(relayed.way).to.equal('relay')
    } finally {
      web.close()
    }
  })

  it('tells from a UDP port for browsers nothing about those who come by TCP', async () => {
    const listen = [`/ip4/${OUTSIDE}/udp/0/webrtc-direct`]
    const node = await createNode({ privateKey: await createPeerKey(), listen, allowPrivate: true })
    await node.handle(TRANSFER_PROTOCOL, (stream) => void stream.close())
    try {
      const [address = ''] = node.addresses()
      const closed = `/ip4/${OUTSIDE}/tcp/1/p2p/${node.peerId}`
      const { way, codes, words } = await look([closed, address])
      expect({ way, codes }).to.deep.equal({ way: 'none', codes: ['unreachable-outside'] })
      expect(words).to.include(`${closed} (refused)`).and.not.include(address)
      expect((await look([address])).way).to.equal('direct')
    } finally {
      await node.stop()
    }
  })
})
