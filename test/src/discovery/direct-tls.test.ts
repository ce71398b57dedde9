import net from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import type { ConnectionEncrypter, Libp2p, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { type TLSComponents, tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { createLibp2p } from 'libp2p'
import { directTls } from '../../../src/discovery/direct-tls.ts'

const ECHO = '/echo/1.0.0'

type Encrypter = (components: TLSComponents) => ConnectionEncrypter

describe('direct TLS', () => {
  const nodes: Libp2p[] = []
  let signal: AbortSignal

  beforeEach(() => {
    signal = AbortSignal.timeout(20_000)
  })

  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.stop()))
  })

  /** A node whose handlers send back what comes. */
  async function start(encrypter: Encrypter, listen = true, timeout?: number): Promise<Libp2p> {
    const idle = timeout === undefined ? {} : { inboundSocketInactivityTimeout: timeout }
    const node = await createLibp2p({
      addresses: { listen: listen ? ['/ip4/127.0.0.1/tcp/0'] : [] },
      transports: [tcp(idle)],
      connectionEncrypters: [encrypter],
      streamMuxers: [yamux()],
      connectionGater: { denyDialMultiaddr: () => false },
    })
    nodes.push(node)
    await node.handle(ECHO, (stream) => {
      stream.addEventListener('message', ({ data }) => void stream.send(data))
      stream.addEventListener('remoteCloseWrite', () => void stream.close())
    })
    return node
  }

  const addressOf = (node: Libp2p) => multiaddr(String(node.getMultiaddrs()[0]))

  /** What comes back for `bytes` sent in one go. */
  async function echo(stream: Stream, bytes: Uint8Array): Promise<Buffer> {
    const parts: Uint8Array[] = []
    const complete = Promise.withResolvers<void>()
    let count = 0
    stream.addEventListener('message', ({ data }) => {
      const part = Uint8Array.from(data.subarray())
      parts.push(part)
      count += part.length
      if (count >= bytes.length) complete.resolve()
    })
    stream.addEventListener('close', ({ error }) => complete.reject(error ?? new Error('The stream ended.')))
    stream.send(bytes)
    await complete.promise
    return Buffer.concat(parts)
  }

  const mute = (reason: string): void => expect.fail(`stock TLS was used: ${reason}`)
  const direct = directTls({ warn: mute })
  const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 31 + (index >> 8)) & 0xff))

  for (const [name, server, client] of [
    ['itself', direct, direct],
    ['a stock peer that dials', direct, tls()],
    ['a stock peer that is dialled', tls(), direct],
  ] as const) {
    it(`understands ${name}: keys, early muxer, bytes both ways`, async () => {
      const [one, other] = [await start(server), await start(client, false)]
      const connection = await other.dial(addressOf(one), { signal })
      expect(connection.encryption).to.equal('/tls/1.0.0')
      expect(connection.multiplexer).to.equal('/yamux/1.0.0')
      expect(connection.remotePeer.equals(one.peerId)).to.equal(true)
      const stream = await connection.newStream(ECHO, { signal })
      expect((await echo(stream, bytes)).equals(bytes)).to.equal(true)
      expect(one.getConnections()[0]?.remotePeer.equals(other.peerId)).to.equal(true)
    })
  }

  it('refuses a peer that is not the one that was dialled', async () => {
    const one = await start(direct)
    const other = await start(direct, false)
    const stranger = await start(direct)
    const [address = ''] = String(addressOf(one)).split('/p2p/')
    const error = await other
      .dial(multiaddr(`${address}/p2p/${stranger.peerId}`), { signal })
      .catch((why: Error) => why)
    expect(error).to.be.instanceOf(Error)
    expect(other.getConnections()).to.deep.equal([])
  })

  it('hands over no byte of a peer without a certificate', async () => {
    const one = await start(direct)
    const opened: unknown[] = []
    one.addEventListener('connection:open', ({ detail }) => opened.push(detail))
    const raw = net.connect({ host: '127.0.0.1', port: Number(String(addressOf(one)).split('/')[4]) })
    // multistream-select, which leads to TLS
    for (const line of ['/multistream/1.0.0\n', '/tls/1.0.0\n']) raw.write(`${String.fromCharCode(line.length)}${line}`)
    let heard = 0
    const agreed = Promise.withResolvers<void>()
    raw.on('data', (chunk) => {
      heard += chunk.length
      if (heard >= 32) agreed.resolve()
    })
    await agreed.promise
    raw.removeAllListeners('data')
    const socket = tlsConnect({ socket: raw, rejectUnauthorized: false, ALPNProtocols: ['/yamux/1.0.0'] })
    const closed = Promise.withResolvers<void>()
    socket.on('error', () => undefined)
    socket.on('close', closed.resolve)
    socket.write(Buffer.alloc(12))
    await closed.promise
    expect(opened).to.deep.equal([])
  })

  it('ends on both sides when one side aborts or closes', async () => {
    for (const [name, end] of [
      ['reset', async (connection: { abort(error: Error): void }) => connection.abort(new Error('enough'))],
      ['closed', async (connection: { close(): Promise<void> }) => await connection.close()],
    ] as const) {
      const [one, other] = [await start(direct), await start(direct, false)]
      const connection = await other.dial(addressOf(one), { signal })
      const stream = await connection.newStream(ECHO, { signal })
      await echo(stream, Buffer.from('hello'))
      const [inbound] = one.getConnections()
      const closed = new Promise((resolve) => inbound?.addEventListener('close', resolve))
      await end(connection)
      await closed
      expect(inbound?.status, name).to.be.oneOf(['closed', 'reset', 'aborted'])
      expect(one.getConnections()).to.deep.equal([])
    }
  })

  it('ends a handshake when the signal does', async () => {
    const silent = net.createServer((socket) => {
      socket.on('error', () => undefined)
      let greeted = false
      socket.on('data', () => {
        // agrees to TLS and never says a word of it
        if (!greeted)
          for (const line of ['/multistream/1.0.0\n', '/tls/1.0.0\n'])
            socket.write(`${String.fromCharCode(line.length)}${line}`)
        greeted = true
      })
    })
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as net.AddressInfo
    const other = await start(direct, false)
    const stop = new AbortController()
    silent.on('connection', (socket) => socket.on('data', (chunk) => chunk.includes(0x16) && stop.abort()))
    const error = await other
      .dial(multiaddr(`/ip4/127.0.0.1/tcp/${port}`), { signal: stop.signal })
      .catch((why: Error) => why)
    expect(error).to.be.instanceOf(Error)
    await new Promise((resolve) => silent.close(resolve))
  })

  it('counts traffic in both directions as activity of the socket', async () => {
    const [one, other] = [await start(direct, true, 1_000), await start(direct, false)]
    const connection = await other.dial(addressOf(one), { signal })
    const stream = await connection.newStream(ECHO, { signal })
    const until = performance.now() + 2_500
    while (performance.now() < until) await echo(stream, Buffer.from('x'))
    expect(connection.status).to.equal('open')
  })

  it('leaves connections without its seams to stock TLS, and says so', async () => {
    const reasons: string[] = []
    const veiled: Encrypter = (components) => {
      const encrypter = directTls({ warn: (reason) => reasons.push(reason) })(components)
      const veil = <T extends object>(connection: T): T => {
        const seam = connection as { socket: object }
        seam.socket = new Proxy(seam.socket, { getPrototypeOf: () => Object.prototype })
        return connection
      }
      return {
        protocol: encrypter.protocol,
        secureInbound: (connection, options) => encrypter.secureInbound(veil(connection), options),
        secureOutbound: (connection, options) => encrypter.secureOutbound(veil(connection), options),
      }
    }
    const [one, other] = [await start(veiled), await start(direct, false)]
    const connection = await other.dial(addressOf(one), { signal })
    const stream = await connection.newStream(ECHO, { signal })
    expect((await echo(stream, bytes)).equals(bytes)).to.equal(true)
    expect(reasons).to.deep.equal(['the connection shows no TCP socket'])
  })
})
