// js-libp2p with its defaults, for comparison: one stream carries the file, nothing is hashed, nobody is paid.
//   stock-libp2p.ts send FILE | receive FILE ADDRESS
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const over = once(process.stdin, 'end')
const PROTOCOL = '/file/1.0.0'
const [role, path = '', address = ''] = process.argv.slice(2)
const node = await createLibp2p({
  addresses: { listen: role === 'send' ? ['/ip4/127.0.0.1/tcp/0'] : [] },
  ...{ transports: [tcp()], connectionEncrypters: [tls()], streamMuxers: [yamux()] },
})

if (role === 'send') {
  await node.handle(PROTOCOL, async (stream) => {
    for await (const chunk of createReadStream(path)) {
      if (!stream.send(chunk)) while (stream.writableNeedsDrain) await once(stream, 'drain')
    }
    await stream.close()
  })
  process.stdout.write(`${node.getMultiaddrs()[0]}\n`)
} else {
  process.stdout.write('ready\n')
  await once(process.stdin, 'data')
  const file = await open(path, 'w')
  const stream = await node.dialProtocol(multiaddr(address), PROTOCOL)
  for await (const data of stream) for (const part of data instanceof Uint8Array ? [data] : data) await file.write(part)
  await file.close()
  process.stdout.write('done\n')
}
process.stdin.resume()
await over
await node.stop()
process.exit(0)
