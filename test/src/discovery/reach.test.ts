import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import { createNode, createPeerKey, type NodeInit, type PeerNode } from '../../../src/discovery/index.ts'
import { isRelayed } from '../../../src/discovery/reach.ts'

const ECHO = '/echo/1.0.0'

describe('a node that nobody can dial', () => {
  const nodes: PeerNode[] = []
  let relay: PeerNode
  const start = async (init: Partial<NodeInit>): Promise<PeerNode> => {
    const node = await createNode({ privateKey: await createPeerKey(), allowPrivate: true, ...init })
    nodes.push(node)
    return node
  }

  beforeEach(async () => {
    relay = await start({ listen: ['/ip4/127.0.0.1/tcp/0'], dht: 'server', reach: { relaysOthers: true } })
  })
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.stop()))
  })

  async function addressOf(node: PeerNode): Promise<string> {
    const until = performance.now() + 10_000
    for (;;) {
      const [address] = node.addresses()
      if (address !== undefined) return address
      if (performance.now() > until) throw new Error('It has no address.')
      await new Promise((settle) => setTimeout(settle, 20))
    }
  }

  for (const named of [true, false]) {
    it(`is reached through a relay that ${named ? 'was named' : 'it met'}`, async () => {
      const [at = ''] = relay.addresses()
      const hidden = await start({ ...(named ? {} : { bootstrap: [at] }), reach: { relays: named ? [at] : [] } })
      await hidden.handle(ECHO, (stream) => {
        stream.addEventListener('message', ({ data }) => void stream.send(data))
      })
      const address = await addressOf(hidden)
      expect(address).to.include('/p2p-circuit').and.include(hidden.peerId.toString())
      const other = await start({})
      const signal = AbortSignal.timeout(15_000)
      const connection = await other.connect(address, { signal })
      expect(isRelayed(connection)).to.equal(true)
      expect(connection.remotePeer.equals(hidden.peerId), 'safe with the far end, not with the relay').to.equal(true)
      const stream = await connection.newStream(ECHO, { signal, runOnLimitedConnection: true })
      const back = new Promise<string>((settle) =>
        stream.addEventListener('message', ({ data }) => settle(Buffer.from(data.subarray()).toString())),
      )
      stream.send(Buffer.from('through'))
      expect(await back).to.equal('through')
    })
  }

  it('starts without its relay, and has a place there when it is back', async () => {
    const [at = ''] = relay.addresses()
    const key = await createPeerKey()
    const port = Number(at.split('/')[4])
    await relay.stop()
    nodes.splice(nodes.indexOf(relay), 1)
    const address = `/ip4/127.0.0.1/tcp/${port}/p2p/${peerIdFromPrivateKey(key)}`
    const hidden = await start({ reach: { relays: [address] }, redial: 100 })
    expect(hidden.addresses()).to.deep.equal([])
    await start({
      privateKey: key,
      listen: [`/ip4/127.0.0.1/tcp/${port}`],
      dht: 'server',
      reach: { relaysOthers: true },
    })
    expect(await addressOf(hidden)).to.include(`${address}/p2p-circuit`)
  })
})
