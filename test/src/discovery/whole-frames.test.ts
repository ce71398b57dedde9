import type { Connection, Stream } from '@libp2p/interface'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { expect } from 'chai'
import { directTls } from '../../../src/discovery/direct-tls.ts'
import { placingYamux } from '../../../src/discovery/placing-yamux.ts'
import { FRAME_ROOM, WRITE_FRAME, type WriteFrame } from '../../../src/discovery/whole-frames.ts'
import { noise } from '../../swarm/content.ts'
import { BYTES, createPeers, echo, SINK, type TestNode } from './peers.ts'

const FRAME = 100_000

describe('whole frames', () => {
  const peers = createPeers()
  let signal: AbortSignal

  beforeEach(() => {
    signal = AbortSignal.timeout(30_000)
  })

  afterEach(() => peers.stop())

  const reasons: string[] = []
  const own = placingYamux({ warn: (reason) => void reasons.push(reason) })

  function writerOf(stream: Stream): WriteFrame {
    const write = (stream as unknown as Record<symbol, WriteFrame | undefined>)[WRITE_FRAME]
    if (write === undefined) throw new Error('The stream writes no frames.')
    return write
  }

  async function open(other: TestNode): Promise<{ connection: Connection; stream: Stream; write: WriteFrame }> {
    const one = await peers.start(directTls(), own)
    const connection = await peers.dial(one, other, signal)
    const stream = await connection.newStream(SINK, { signal })
    return { connection, stream, write: writerOf(stream) }
  }

  /** Memory that is written over as soon as the stream says that it may be. */
  function sendParts(stream: Stream, write: WriteFrame, bytes: Uint8Array): () => Promise<{ whole: number }> {
    return async () => {
      const memory = new Uint8Array(FRAME_ROOM + FRAME)
      let whole = 0
      for (let at = 0; at < bytes.length; at += FRAME) {
        const part = bytes.subarray(at, at + FRAME)
        memory.set(part, FRAME_ROOM)
        const written = write(memory, FRAME_ROOM, FRAME_ROOM + part.length)
        if (written === null) {
          stream.send(part.slice())
          await new Promise((resolve) => setTimeout(resolve, 1))
        } else {
          whole += 1
          await written
        }
        memory.fill(0xee)
      }
      return { whole }
    }
  }

  for (const [name, encrypter, muxer] of [
    ['itself', directTls(), own],
    ['stock TLS and yamux', tls(), yamux()],
  ] as const) {
    it(`arrive at ${name} between ordinary messages of this and of other streams, none of them in parts`, async () => {
      const other = await peers.start(encrypter, muxer)
      const { connection, stream, write } = await open(other)
      const bytes = noise(BYTES, 1)
      const sending = sendParts(stream, write, bytes)()
      const echoes = Array.from({ length: 30 }, async (_, seed) => {
        await new Promise((resolve) => setTimeout(resolve, seed * 3))
        const small = noise(seed % 3 === 0 ? 90_000 : 50, seed + 2)
        return Buffer.compare(await echo(connection, small, signal), small)
      })
      const { whole } = await sending
      const sink = await other.sink
      await sink.full
      expect(Buffer.compare(sink.memory, bytes)).to.equal(0)
      expect(await Promise.all(echoes)).to.deep.equal(echoes.map(() => 0))
      expect(whole).to.be.above(3)
      expect(reasons).to.deep.equal([])
    })
  }

  it('are refused beyond the window, and behind what waits in the stream', async () => {
    const other = await peers.start(directTls(), own)
    const { stream, write } = await open(other)
    const memory = new Uint8Array(FRAME_ROOM + 300_000)
    const before = memory.slice()
    expect(write(memory, FRAME_ROOM, memory.length), 'a window is 256 KiB').to.equal(null)
    expect(Buffer.compare(memory, before)).to.equal(0)
    stream.send(noise(BYTES, 4))
    expect(write(memory, FRAME_ROOM, FRAME_ROOM + 10)).to.equal(null)
    const sink = await other.sink
    await sink.full
    expect(Buffer.compare(sink.memory, noise(BYTES, 4))).to.equal(0)
  })

  it('end with the stream: none is taken after it', async () => {
    const other = await peers.start(directTls(), own)
    const { stream, write } = await open(other)
    stream.abort(new Error('enough'))
    expect(write(new Uint8Array(FRAME_ROOM + 10), FRAME_ROOM, FRAME_ROOM + 10)).to.equal(null)
  })

  it('reject when the connection breaks under them', async () => {
    const other = await peers.start(directTls(), own)
    const { connection, write } = await open(other)
    const first = write(new Uint8Array(FRAME_ROOM + FRAME), FRAME_ROOM, FRAME_ROOM + FRAME)
    connection.abort(new Error('broken'))
    const outcome = await first?.then(
      () => 'written',
      () => 'rejected',
    )
    expect(outcome).to.equal('rejected')
  })
})
