// A proxy below a downloader that counts what it gets.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface Sample {
  readonly at: number
  readonly bytes: number
}

export interface Wire {
  readonly port: number
  /** Bytes to the downloader so far, and at moments before. */
  readonly bytes: number
  readonly samples: readonly Sample[]
  close(): Promise<void>
}

/** Passes connections on to `port` and counts what comes back. */
export async function countWire(port: number): Promise<Wire> {
  const sockets = new Set<Socket>()
  const samples: Sample[] = []
  let bytes = 0
  const server = createServer({ noDelay: true }, (down) => {
    const up = connect({ port, host: '127.0.0.1', noDelay: true })
    for (const socket of [down, up]) sockets.add(socket.on('error', () => undefined))
    up.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    down.pipe(up).pipe(down)
    for (const [one, other] of [[up, down] as const, [down, up] as const]) one.once('close', () => other.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const timer = setInterval(() => samples.push({ at: performance.now(), bytes }), 50)
  return {
    port: (server.address() as { port: number }).port,
    samples,
    get bytes() {
      return bytes
    },
    async close() {
      clearInterval(timer)
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
