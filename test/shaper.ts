// A link between two programs of this machine: a TCP relay that delays and paces what passes, both ways alike. Started as a
// program, it prints its port.
//   node test/shaper.ts '{"to":4001,"delay":50,"rate":62500000,"jitter":0,"seed":"1"}'
import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'
import { createRandom } from './parity/random.ts'

export interface LinkInit {
  /** Port on 127.0.0.1 that it relays to. */
  readonly to: number
  /** Milliseconds one way: half of a round trip. */
  readonly delay: number
  /** Bytes a second each way, all connections together; 0 for no limit. */
  readonly rate: number
  /** Milliseconds more at random, never out of order. */
  readonly jitter?: number
  readonly seed?: string
}

export interface Link {
  readonly port: number
  close(): Promise<void>
}

/** What waits in the link beyond what is in flight: a router's queue. */
const QUEUE_MILLISECONDS = 50

export async function openLink(init: LinkInit): Promise<Link> {
  const { to, delay, rate, jitter = 0 } = init
  const random = createRandom(init.seed ?? '1', 0)
  const sockets = new Set<Socket>()
  const ways = { there: { free: 0 }, back: { free: 0 } }

  /** Each chunk leaves when the line is free and the one before is gone, and arrives a delay later: in order, like TCP. */
  function carry(from: Socket, into: Socket, way: { free: number }): void {
    const queue: { readonly at: number; deliver(): void }[] = []
    let waiting = false
    let last = 0

    function deliverDue(): void {
      const now = performance.now()
      while (queue.length > 0 && queue[0]!.at <= now) queue.shift()!.deliver()
      waiting = queue.length > 0
      if (waiting) setTimeout(deliverDue, Math.max(0, queue[0]!.at - now))
    }
    function later(at: number, deliver: () => void): void {
      last = Math.max(last, at)
      queue.push({ at: last, deliver })
      if (waiting) return
      waiting = true
      setTimeout(deliverDue, Math.max(0, last - performance.now()))
    }

    from.on('data', (chunk: Buffer) => {
      const now = performance.now()
      way.free = Math.max(way.free, now) + (rate === 0 ? 0 : (chunk.length * 1000) / rate)
      later(way.free + delay + (jitter * random.below(1_000)) / 1_000, () => into.write(chunk))
      const ahead = way.free - now
      if (ahead <= QUEUE_MILLISECONDS) return
      from.pause()
      setTimeout(() => from.resume(), ahead - QUEUE_MILLISECONDS)
    })
    from.on('end', () => later(performance.now() + delay, () => into.end()))
    from.on('error', () => into.destroy())
    from.on('close', () => later(performance.now() + delay, () => into.end()))
  }

  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    // the handshake of TCP takes a round trip too
    setTimeout(() => {
      const far = createConnection({ port: to, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
      for (const socket of [near, far]) {
        sockets.add(socket)
        socket.on('close', () => sockets.delete(socket))
      }
      carry(near, far, ways.there)
      carry(far, near, ways.back)
      near.resume()
    }, 2 * delay)
    near.pause()
    near.on('error', () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as { port: number }).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

if (process.argv[1] === import.meta.filename) {
  const link = await openLink(JSON.parse(process.argv[2] ?? '{}') as LinkInit)
  process.stdout.write(`${link.port}\n`)
  // The parent is gone: nobody else would stop this process.
  process.stdin.on('close', () => process.exit(0)).resume()
}
