// Who is idled at, in a process of its own: prints where it listens, then for every line from its standard input what it
// holds and how late its event loop was since the line before.
//   host.ts bitcdn INIT | libp2p | tls
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { createServer } from 'node:tls'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { type SeederInit, startSeeder } from '../../../test/swarm/seeder.ts'
import { selfSigned } from './certificate.ts'

const [kind, argument = '{}'] = process.argv.slice(2)
const MANY = 4_096
/** Streams or sockets that are open. */
let open = 0

async function listen(): Promise<string> {
  if (kind === 'bitcdn') {
    const seeder = await startSeeder(JSON.parse(argument) as SeederInit)
    return seeder.address
  }
  if (kind === 'libp2p') {
    const node = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      ...{ transports: [tcp()], connectionEncrypters: [tls()], streamMuxers: [yamux()] },
      connectionManager: {
        maxConnections: MANY,
        inboundConnectionThreshold: MANY,
        maxIncomingPendingConnections: MANY,
      },
    })
    await node.handle('/idle/1.0.0', async (stream) => {
      open += 1
      for await (const _ of stream);
    })
    return String(node.getMultiaddrs()[0])
  }
  const server = createServer({ ...selfSigned(), requestCert: true, rejectUnauthorized: false }, (socket) => {
    open += 1
    socket.on('error', () => undefined).resume()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return String((server.address() as { port: number }).port)
}

process.stdout.write(`${await listen()}\n`)
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
const input = createInterface({ input: process.stdin })
input.on('line', () => {
  global.gc?.()
  const p99 = delay.percentile(99) / 1e6
  delay.reset()
  process.stdout.write(`${JSON.stringify({ kib: process.memoryUsage.rss() / 1024, p99, open })}\n`)
})
input.on('close', () => process.exit(0))
