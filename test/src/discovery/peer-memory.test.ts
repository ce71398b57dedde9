import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import { Key } from 'interface-datastore'
import { createPeerMemory } from '../../../src/discovery/peer-memory.ts'

describe('what a node remembers of others', () => {
  let self: PeerId
  before(async () => {
    self = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
  })

  const peer = (name: string): Key => new Key(`/peers/${name}`)
  const record = (name: string): Key => new Key(`/dht/provider/cid/${name}`)
  const value = (byte: number): Uint8Array => new Uint8Array([byte])

  async function names(memory: ReturnType<typeof createPeerMemory>, prefix: string): Promise<string[]> {
    const found: string[] = []
    for await (const key of memory.queryKeys({ prefix })) found.push(key.toString())
    return found
  }

  it('keeps the peers that were asked for last', async () => {
    const memory = createPeerMemory({ self, maxPeers: 3 })
    for (const name of ['a', 'b', 'c']) await memory.put(peer(name), value(1))
    await memory.get(peer('a'))
    await memory.put(peer('d'), value(4))
    expect(await names(memory, '/peers')).to.deep.equal(['/peers/c', '/peers/a', '/peers/d'])
    expect(await memory.has(peer('b'))).to.equal(false)
    expect(await Promise.resolve(memory.get(peer('d')))).to.deep.equal(value(4))
  })

  it('keeps the records that were written last, and its own for ever', async () => {
    const memory = createPeerMemory({ self, maxRecords: 2 })
    await memory.put(record(self.toString()), value(0))
    for (const name of ['a', 'b', 'a', 'c']) await memory.put(record(name), value(1))
    expect(await names(memory, '/dht/provider')).to.deep.equal([
      `/dht/provider/cid/${self}`,
      '/dht/provider/cid/a',
      '/dht/provider/cid/c',
    ])
    expect(await names(memory, '/dht/record')).to.deep.equal([])
    await memory.delete(record(self.toString()))
    expect(await memory.has(record(self.toString()))).to.equal(false)
  })

  it('keeps bytes of its own, not the slab that they are a part of', async () => {
    const memory = createPeerMemory({ self })
    const slab = new Uint8Array(65_536)
    await memory.put(peer('a'), slab.subarray(100, 200))
    const { buffer } = await memory.get(peer('a'))
    expect(buffer.byteLength).to.equal(100)
  })

  it('says as libp2p expects it that there is none', () => {
    expect(() => createPeerMemory({ self }).get(peer('a')))
      .to.throw()
      .with.property('name', 'NotFoundError')
  })
})
