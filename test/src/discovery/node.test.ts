import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import {
  createNode,
  createPeerKey,
  isPrivateAddress,
  loadPeerKey,
  type NodeInit,
  type PeerNode,
} from '../../../src/discovery/index.ts'
import { BitCdnError } from '../../../src/errors.ts'

const LOOPBACK = ['/ip4/127.0.0.1/tcp/0']
const CONTENT = 'ab'.repeat(32)

/** The error that a promise rejects with. */
async function failure(promise: Promise<unknown>): Promise<BitCdnError> {
  try {
    await promise
  } catch (error) {
    expect(error).to.be.instanceOf(BitCdnError)
    return error as BitCdnError
  }
  throw new Error('It did not fail.')
}

describe('a node', () => {
  const nodes: PeerNode[] = []

  async function start(init: Partial<NodeInit>): Promise<PeerNode> {
    const node = await createNode({ privateKey: await createPeerKey(), allowPrivate: true, ...init })
    nodes.push(node)
    return node
  }

  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.stop()))
  })

  it('tells others the outside address of a router beside its own', async () => {
    const outside = '/ip4/203.0.113.7/tcp/4001'
    const node = await start({ listen: LOOPBACK, announce: [outside] })
    const [own, ...rest] = node.addresses()
    expect(own).to.match(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\//)
    expect(rest).to.deep.equal([`${outside}/p2p/${node.peerId}`])
  })

  it('finds through the DHT who holds a content, each seeder once, and can connect to them', async () => {
    const first = await start({ listen: LOOPBACK, dht: 'server' })
    const bootstrap = first.addresses()
    const second = await start({ listen: LOOPBACK, dht: 'server', bootstrap })
    const signal = AbortSignal.timeout(50_000)
    const downloader = await start({ bootstrap })
    let found: string[] = []
    do {
      // who announced before it knew its neighbours is found after it announced again
      await Promise.all([first, second].map((node) => node.provide(CONTENT, { signal })))
      found = []
      for await (const seeder of downloader.findSeeders(CONTENT, { signal })) {
        found.push(seeder.id)
        const connection = await downloader.connect(seeder, { signal })
        expect(connection.encryption).to.equal('/tls/1.0.0')
      }
    } while (found.length < 2)
    expect(found.sort()).to.deep.equal([first, second].map((node) => node.peerId.toString()).sort())
  })

  it('says that a port is in use', async () => {
    const node = await start({ listen: LOOPBACK })
    const taken = (node.addresses()[0] ?? '').replace(/\/p2p\/.*/, '')
    const error = await failure(start({ listen: [taken] }))
    expect(error.code).to.equal('port-in-use')
    expect(error.message).to.contain(taken)
  })

  it('does not dial private addresses unless it may, whoever names them', async () => {
    const seeder = await start({ listen: LOOPBACK })
    const careful = await start({ allowPrivate: false })
    const signal = AbortSignal.timeout(10_000)
    const [address = ''] = seeder.addresses()
    const error = await failure(careful.connect(address, { signal }))
    expect([error.code, error.advice]).to.deep.equal([
      'no-sources',
      'Allow private addresses (--allow-private) if the peer is in your own network.',
    ])
    const found = { id: seeder.peerId.toString(), addresses: [address] }
    expect((await failure(careful.connect(found, { signal }))).code).to.equal('no-sources')
    expect(seeder.libp2p.getConnections()).to.have.length(0)
  })

  it('names the address that is none', async () => {
    const node = await start({})
    const signal = AbortSignal.timeout(5_000)
    expect((await failure(node.connect('/ip4/999.1.1.1/tcp/1', { signal }))).code).to.equal('usage')
    expect((await failure(node.connect('somebody', { signal }))).code).to.equal('usage')
  })
})

describe('private addresses', () => {
  const verdicts: [string, boolean][] = [
    ['/ip4/127.0.0.1/tcp/1', true],
    ['/ip4/10.1.2.3/tcp/1', true],
    ['/ip4/172.31.0.1/tcp/1', true],
    ['/ip4/172.32.0.1/tcp/1', false],
    ['/ip4/192.168.1.1/tcp/1', true],
    ['/ip4/169.254.169.254/tcp/80', true],
    ['/ip4/100.64.0.1/tcp/1', true],
    ['/ip4/0.0.0.0/tcp/1', true],
    ['/ip4/8.8.8.8/tcp/1', false],
    ['/ip6/::1/tcp/1', true],
    ['/ip6/::ffff:7f00:1/tcp/1', true],
    ['/ip6/fe80::1/tcp/1', true],
    ['/ip6/fd00::1/tcp/1', true],
    ['/ip6/64:ff9b::7f00:1/tcp/1', true],
    ['/ip6/2002:7f00:1::/tcp/1', true],
    ['/ip6/2606:4700::1/tcp/1', false],
    ['/dns4/localhost/tcp/1', true],
    ['/dns/intranet.example/tcp/1', true],
  ]
  for (const [address, expected] of verdicts) {
    it(`are ${expected ? '' : 'not '}such as ${address}`, () => {
      expect(isPrivateAddress(multiaddr(address))).to.equal(expected)
    })
  }
})

describe('a peer key', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bitcdn-key-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('is made once, for its owner alone, and found again', async () => {
    const path = join(folder, 'data', 'peer.key')
    const [one, other] = await Promise.all([loadPeerKey(path), loadPeerKey(path)])
    expect(one.equals(other)).to.equal(true)
    expect((await loadPeerKey(path)).equals(one)).to.equal(true)
    expect((await stat(path)).mode & 0o777).to.equal(0o600)
  })

  it('is not replaced when the file holds something else', async () => {
    const path = join(folder, 'peer.key')
    await writeFile(path, 'not a key')
    expect((await failure(loadPeerKey(path))).code).to.equal('file-invalid')
  })
})
