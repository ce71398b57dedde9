// Nodes of stock libp2p around the encrypters and muxers under test, and streams whose bytes are counted and kept.
import type { Connection, ConnectionEncrypter, Libp2p, Stream, StreamMuxerFactory } from '@libp2p/interface'
import type { NoiseComponents } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import type { TLSComponents } from '@libp2p/tls'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { READ_INTO, type ReadInto } from '../../../src/discovery/placing-yamux.ts'

export const SINK = '/sink/1.0.0'
export const ECHO = '/echo/1.0.0'
export const BYTES = 5_000_000

export type Encrypter = (components: TLSComponents & NoiseComponents) => ConnectionEncrypter
export type Muxer = () => StreamMuxerFactory

/** A stream's bytes in memory of their own, through whichever way the stream has. */
export interface Sink {
  readonly memory: Uint8Array
  readonly placed: boolean
  readonly at: number
  readonly full: Promise<void>
  release(): void
}

export interface TestNode {
  readonly node: Libp2p
  readonly sink: Promise<Sink>
}

function readInto(stream: Stream): ReadInto | undefined {
  return (stream as unknown as Record<symbol, ReadInto | undefined>)[READ_INTO]
}

function sinkOf(stream: Stream, bytes: number): Sink {
  const memory = new Uint8Array(bytes)
  const full = Promise.withResolvers<void>()
  let at = 0
  const filled = (count: number): void => {
    at += count
    if (at === bytes) full.resolve()
  }
  const into = readInto(stream)
  stream.addEventListener('close', () => full.reject(new Error(`The stream ended after ${at} bytes.`)))
  full.promise.catch(() => undefined)
  let release = (): void => undefined
  if (into !== undefined) release = into({ next: () => (at < bytes ? memory.subarray(at) : new Uint8Array(1)), filled })
  else {
    stream.addEventListener('message', ({ data }) => {
      memory.set(data.subarray(), at)
      filled(data.byteLength)
    })
  }
  return {
    ...{ memory, placed: into !== undefined, full: full.promise, release: () => release() },
    get at() {
      return at
    },
  }
}

/** Answers what it is sent. */
export async function echo(connection: Connection, bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  const stream = await connection.newStream(ECHO, { signal })
  const parts: Uint8Array[] = []
  let count = 0
  const whole = Promise.withResolvers<Uint8Array>()
  stream.addEventListener('message', ({ data }) => {
    parts.push(data.slice())
    count += data.byteLength
    if (count === bytes.length) whole.resolve(Buffer.concat(parts))
  })
  stream.send(bytes)
  return whole.promise
}

/** Nodes that `stop` ends. */
export function createPeers(): {
  start(encrypter: Encrypter, muxer: Muxer, options?: { delay?: number; bytes?: number }): Promise<TestNode>
  dial(from: TestNode, to: TestNode, signal: AbortSignal): Promise<Connection>
  connectionOf(peer: TestNode, signal: AbortSignal): Promise<Connection>
  stop(): Promise<void>
} {
  const nodes: Libp2p[] = []
  return {
    async start(encrypter, muxer, { delay = 0, bytes = BYTES } = {}) {
      const node = await createLibp2p({
        addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
        ...{ transports: [tcp()], connectionEncrypters: [encrypter], streamMuxers: [muxer] },
        connectionGater: { denyDialMultiaddr: () => false },
      })
      nodes.push(node)
      const sink = Promise.withResolvers<Sink>()
      await node.handle(SINK, async (stream) => {
        if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay))
        sink.resolve(sinkOf(stream, bytes))
      })
      await node.handle(ECHO, (stream) => {
        stream.addEventListener('message', ({ data }) => void stream.send(data))
      })
      return { node, sink: sink.promise }
    },
    dial: (from, to, signal) => from.node.dial(multiaddr(String(to.node.getMultiaddrs()[0])), { signal }),
    /** The dialled side knows a connection a moment later. */
    async connectionOf({ node }, signal) {
      for (;;) {
        const [connection] = node.getConnections()
        if (connection !== undefined) return connection
        signal.throwIfAborted()
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
    stop: async () => void (await Promise.all(nodes.splice(0).map((node) => node.stop()))),
  }
}
