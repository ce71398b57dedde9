import type { Connection, SecuredConnection } from '@libp2p/interface'
import { noise as noiseEncrypter } from '@libp2p/noise'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { expect } from 'chai'
import { directSocketOf, directTls } from '../../../src/discovery/direct-tls.ts'
import { placingYamux } from '../../../src/discovery/placing-yamux.ts'
import { noise } from '../../swarm/content.ts'
import { echo as ask, BYTES, createPeers, type Encrypter, SINK, type TestNode } from './peers.ts'

describe('placing yamux', () => {
  const peers = createPeers()
  let signal: AbortSignal

  beforeEach(() => {
    signal = AbortSignal.timeout(30_000)
  })

  afterEach(() => peers.stop())

  const { start } = peers
  const dial = (from: TestNode, to: TestNode): Promise<Connection> => peers.dial(from, to, signal)
  const connectionOf = (node: TestNode): Promise<Connection> => peers.connectionOf(node, signal)
  const echo = (connection: Connection, bytes: Uint8Array): Promise<Uint8Array> => ask(connection, bytes, signal)
  const mute = (reason: string): void => expect.fail(`bytes were not placed: ${reason}`)
  const window = { initialStreamWindowSize: 16_777_216, maxStreamWindowSize: 16_777_216 }
  const own = placingYamux({ warn: mute })
  const wide = placingYamux({ warn: mute, streamOptions: window })

  for (const [name, encrypter, muxer, otherEncrypter, otherMuxer, placed] of [
    ['itself', directTls(), own, directTls(), own, true],
    ['itself with windows of 16 MiB', directTls(), wide, directTls(), wide, true],
    ['stock TLS and yamux', directTls(), own, tls(), yamux(), true],
    ['stock Noise and yamux, without placing', noiseEncrypter(), own, noiseEncrypter(), yamux(), false],
  ] as const) {
    for (const dials of [true, false]) {
      it(`understands ${name}, ${dials ? 'dialling' : 'dialled'}: bulk both ways, and small streams beside it`, async () => {
        const one = await start(encrypter, muxer)
        const other = await start(otherEncrypter, otherMuxer)
        const connection = dials ? await dial(one, other) : await dial(other, one)
        const mine = await connectionOf(one)
        const theirs = await connectionOf(other)
        const [there, back] = [noise(BYTES, 1), noise(BYTES, 2)]
        const toOther = await mine.newStream(SINK, { signal })
        const toOne = await theirs.newStream(SINK, { signal })
        toOther.send(there)
        toOne.send(back)
        const small = noise(200_000, 3)
        const [atOne, atOther] = [await one.sink, await other.sink]
        expect(Buffer.compare(await echo(connection, small), small)).to.equal(0)
        await Promise.all([atOne.full, atOther.full])
        expect(Buffer.compare(atOther.memory, there)).to.equal(0)
        expect(Buffer.compare(atOne.memory, back)).to.equal(0)
        expect(atOne.placed).to.equal(placed)
        expect(Buffer.compare(await echo(connection, small), small)).to.equal(0)
      })
    }
  }

  it('gives a reader that comes late what came before it', async () => {
    const bytes = 3_000_000
    const [one, other] = [await start(directTls(), own, { delay: 300, bytes }), await start(directTls(), own)]
    const connection = await dial(other, one)
    const stream = await connection.newStream(SINK, { signal })
    stream.send(noise(bytes, 6))
    const sink = await one.sink
    await sink.full
    expect(sink.placed).to.equal(true)
    expect(Buffer.compare(sink.memory, noise(bytes, 6))).to.equal(0)
  })

  it('writes nothing to a reader that has gone, while the connection lives on', async () => {
    const [one, other] = [await start(directTls(), wide), await start(directTls(), wide)]
    const connection = await dial(other, one)
    const stream = await connection.newStream(SINK, { signal })
    stream.send(noise(BYTES, 6))
    const sink = await one.sink
    // Somewhere in the only frame, between two turns of the loop, as when another stream's failure ends a download.
    while (sink.at === 0) await new Promise((resolve) => setImmediate(resolve))
    sink.release()
    const { at } = sink
    expect(at).to.be.below(BYTES)
    sink.memory.fill(0xee, at)
    expect((await echo(connection, noise(100_000, 7))).length).to.equal(100_000)
    expect(sink.at).to.equal(at)
    expect(sink.memory.subarray(at).every((byte) => byte === 0xee)).to.equal(true)
  })

  it('ends a connection whose frames are none, on both sides', async () => {
    const [one, other] = [await start(directTls(), own), await start(directTls(), own)]
    const connection = await dial(other, one)
    const mine = await connectionOf(one)
    const ended = Promise.withResolvers<void>()
    connection.addEventListener('close', () => ended.resolve())
    const muxer = (mine as unknown as { muxer: { send(bytes: Uint8Array): void } }).muxer
    muxer.send(new Uint8Array(12).fill(9))
    await ended.promise
    expect(connection.status).to.not.equal('open')
  })

  it('leaves connections whose sockets take no buffer to libp2p, and says so', async () => {
    const reasons: string[] = []
    const placing = placingYamux({ warn: (reason) => void reasons.push(reason) })
    const hiding: Encrypter = (components) => {
      const encrypter = directTls()(components)
      const hide = (secured: SecuredConnection): SecuredConnection => {
        const socket = directSocketOf(secured.connection)?.socket as unknown as { _handle: object }
        Object.defineProperty(socket._handle, 'useUserBuffer', { value: undefined })
        return secured
      }
      return {
        protocol: encrypter.protocol,
        secureInbound: async (connection, options) => hide(await encrypter.secureInbound(connection, options)),
        secureOutbound: async (connection, options) => hide(await encrypter.secureOutbound(connection, options)),
      }
    }
    const [one, other] = [await start(hiding, placing), await start(directTls(), own)]
    const connection = await dial(other, one)
    const stream = await connection.newStream(SINK, { signal })
    stream.send(noise(BYTES, 6))
    const sink = await one.sink
    await sink.full
    expect(sink.placed).to.equal(false)
    expect(Buffer.compare(sink.memory, noise(BYTES, 6))).to.equal(0)
    expect(reasons).to.deep.equal(['the TLS socket takes no buffer to read to'])
  })
})
