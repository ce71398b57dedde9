import { createNode, createPeerKey } from '../discovery/index.ts'

/** The first node of the devnet's DHT: the one that everybody knows at start. It holds no content. */
export async function createBootstrap(): Promise<{ address: string; stop(): Promise<void> }> {
  const node = await createNode({
    privateKey: await createPeerKey(),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    allowPrivate: true,
    dht: 'server',
  })
  const [address = ''] = node.addresses()
  return { address, stop: () => node.stop() }
}
