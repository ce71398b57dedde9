import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Upgrader } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import {
  createNode,
  createPeerKey,
  isPrivateAddress,
  type NodeInit,
  type PeerNode,
} from '../../../src/discovery/index.ts'
import { makeWebRtcCertificate } from '../../../src/discovery/web-rtc-certificate.ts'
import { guardUpgrader } from '../../../src/discovery/web-rtc-guard.ts'
import { addressPrefix } from '../../../src/transfer/address-prefix.ts'

const LISTEN = '/ip4/127.0.0.1/udp/0/webrtc-direct'
const ECHO = '/echo/1.0.0'

/** UDP promises nothing, and libjuice, which dials here, gives up some handshakes on a busy machine: a dial is tried again. */
const RETRIES = 3
const DIALLING = 6_000

describe('the certificate of WebRTC', () => {
  it('is the same for the same peer key, and another for another', async () => {
    const [one, other] = [await createPeerKey(), await createPeerKey()]
    const certificate = await makeWebRtcCertificate(one)
    expect(await makeWebRtcCertificate(one)).to.deep.equal(certificate)
    expect((await makeWebRtcCertificate(other)).certhash).to.not.equal(certificate.certhash)
  })

  it('signs itself, is valid whatever a clock says, and is what its hash says', async () => {
    for (const type of ['Ed25519', 'secp256k1'] as const) {
      const { pem, privateKey, certhash } = await makeWebRtcCertificate(await generateKeyPair(type))
      const certificate = new X509Certificate(pem)
      expect(certificate.verify(certificate.publicKey)).to.equal(true)
      expect(privateKey).to.match(/^-----BEGIN PRIVATE KEY-----/)
      expect(certificate.validFromDate.getTime()).to.equal(0)
      expect(certificate.validToDate.getUTCFullYear()).to.equal(9999)
      const digest = Buffer.from(certhash.slice(1), 'base64url').subarray(2).toString('hex')
      expect(digest).to.equal(certificate.fingerprint256.replaceAll(':', '').toLowerCase())
    }
  })
})

describe('a node that listens for WebRTC', () => {
  const nodes: PeerNode[] = []
  const warnings: string[] = []
  const warned = (warning: Error): void => {
    if ((warning as Error & { code?: string }).code?.startsWith('BITCDN') === true) warnings.push(warning.message)
  }

  const start = async (init: Partial<NodeInit>): Promise<PeerNode> => {
    const node = await createNode({ privateKey: await createPeerKey(), allowPrivate: true, ...init })
    nodes.push(node)
    return node
  }

  const failure = (promise: Promise<unknown>): Promise<Error & { code?: string; advice?: string }> =>
    promise.then(
      () => Promise.reject(new Error('It did not fail.')),
      (error: Error) => error,
    )

  /** The dialled side knows a connection a moment later. */
  const connected = async ({ libp2p }: PeerNode, signal: AbortSignal): Promise<void> => {
    while (libp2p.getConnections().length === 0) {
      signal.throwIfAborted()
      await new Promise((settle) => setTimeout(settle, 20))
    }
  }

  const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  const addressOf = (node: PeerNode, part: string): string => {
    const address = node.addresses().find((one) => one.includes(part))
    if (address === undefined) throw new Error(`No address with ${part}: ${node.addresses().join(', ')}`)
    return address
  }

  before(() => void process.on('warning', warned))
  after(() => void process.off('warning', warned))
  afterEach(async () => {
    warnings.length = 0
    await Promise.all(nodes.splice(0).map((node) => node.stop()))
  })

  it('is met there, by its identity, at the same address after a restart', async () => {
    const privateKey = await createPeerKey()
    const port = await freePort()
    const listen = [`/ip4/127.0.0.1/udp/${port}/webrtc-direct`]
    let before = ''
    for (const round of ['first', 'second']) {
      const node = await createNode({ privateKey, listen, allowPrivate: true })
      await node.handle(ECHO, (stream) => {
        stream.addEventListener('message', ({ data }) => void stream.send(data))
      })
      const [address = ''] = node.addresses()
      expect(address).to.match(/\/udp\/\d+\/webrtc-direct\/certhash\/u[\w-]+\/p2p\//)
      if (round === 'first') before = address
      else expect(address).to.equal(before)
      const other = await start({})
      const signal = AbortSignal.timeout(15_000)
      const connection = await other.connect(before, { signal })
      expect(connection.remotePeer.equals(node.peerId)).to.equal(true)
      const stream = await connection.newStream(ECHO, { signal })
      const back = new Promise<string>((settle) =>
        stream.addEventListener('message', ({ data }) => settle(Buffer.from(data.subarray()).toString())),
      )
      stream.send(Buffer.from('through'))
      expect(await back).to.equal('through')
      const [seen] = node.libp2p.getConnections().map(({ remoteAddr }) => remoteAddr)
      expect(addressPrefix(seen ?? multiaddr('/memory/x'))).to.equal('127.0.0.0/24')
      expect(isPrivateAddress(multiaddr(before))).to.equal(true)
      await node.stop()
    }
    expect(warnings).to.deep.equal([])
  })

  it('listens on the UDP port of the same number as its first TCP port', async () => {
    const listen = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws']
    const node = await start({ listen, reach: { webRtc: true } })
    const [, , , , port] = addressOf(node, '/tcp/').split('/')
    const there = node.addresses().filter((address) => address.includes('/webrtc-direct/'))
    expect(there.map((address) => address.split('/').slice(0, 6).join('/'))).to.deep.equal([
      `/ip4/127.0.0.1/udp/${port}/webrtc-direct`,
    ])
    expect((await start({ listen })).addresses().join()).to.not.include('webrtc')
  })

  it('says so and goes on where that port is taken, and does not start where it was asked for', async () => {
    const other = await start({ listen: ['/ip4/127.0.0.1/tcp/0'] })
    const taken = createSocket('udp4')
    const port = Number(addressOf(other, '/tcp/').split('/')[4])
    await other.stop()
    await new Promise<void>((settle) => taken.bind(port, '127.0.0.1', settle))
    try {
      const node = await start({ listen: [`/ip4/127.0.0.1/tcp/${port}`], reach: { webRtc: true } })
      await nextTurn()
      expect(node.addresses().length).to.equal(1)
      expect(warnings.join()).to.include('Browsers cannot reach this node').and.include('Another program')
      const error = await failure(start({ listen: [`/ip4/127.0.0.1/udp/${port}/webrtc-direct`] }))
      expect(error.code).to.equal('port-in-use')
    } finally {
      taken.close()
    }
  })

  it('is met in both families where it listens everywhere', async function () {
    this.retries(RETRIES)
    const port = await freePort()
    const listen = [`/ip4/0.0.0.0/tcp/${port}`, `/ip6/::/tcp/${port}`]
    const node = await start({ listen, reach: { webRtc: true } })
    const hosts = Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address) ?? [])
    for (const host of [`/ip4/127.0.0.1/udp/${port}/`, `/ip6/::1/udp/${port}/`]) {
      if (!hosts.includes(host.split('/')[2] ?? '')) continue
      const signal = AbortSignal.timeout(DIALLING)
      const connection = await (await start({})).connect(addressOf(node, host), { signal })
      expect(connection.status).to.equal('open')
    }
    expect(warnings).to.deep.equal([])
  })

  it('takes one port, which it is told of', async () => {
    const [one, other] = ['/ip4/127.0.0.1/udp/4001/webrtc-direct', '/ip6/::1/udp/4001/webrtc-direct']
    expect((await failure(start({ listen: [one, other] }))).code).to.equal('usage')
    const node = await start({ listen: ['/ip4/127.0.0.1/tcp/0', LISTEN], reach: { webRtc: true } })
    expect(node.addresses().filter((address) => address.includes('/webrtc-direct/')).length).to.equal(1)
    const first = await start({ listen: ['/ip4/127.0.0.1/tcp/0', '/ip6/::1/tcp/0'], reach: { webRtc: true } })
    expect(first.addresses().filter((address) => address.includes('/webrtc-direct/')).length).to.equal(1)
    expect(addressOf(first, '/webrtc-direct/')).to.match(/^\/ip4/)
  })

  it('announces the outside address of a router with its certificate', async () => {
    const announce = ['/ip4/203.0.113.7/udp/4001/webrtc-direct', '/ip4/203.0.113.7/tcp/4001']
    const node = await start({ listen: [LISTEN, '/ip4/127.0.0.1/tcp/0'], announce })
    const [, certificate] = /\/certhash\/([^/]+)/.exec(addressOf(node, '/ip4/127.0.0.1/udp/')) ?? []
    expect(addressOf(node, '/ip4/203.0.113.7/udp/')).to.include(`/webrtc-direct/certhash/${certificate}/`)
    expect(addressOf(node, '/ip4/203.0.113.7/tcp/')).to.not.include('certhash')
  })

  it('is dialled there by those who name that address, and by nobody who was told of it', async () => {
    const node = await start({ listen: [LISTEN] })
    const [address = ''] = node.addresses()
    const signal = AbortSignal.timeout(15_000)
    const told = { id: node.peerId.toString(), addresses: [address] }
    expect((await failure((await start({})).connect(told, { signal }))).code).to.equal('no-sources')
    expect((await (await start({})).connect(address, { signal })).status).to.equal('open')
    const careful = await start({ allowPrivate: false })
    const error = await failure(careful.connect(address, { signal }))
    expect(error.message).to.include('private ones are not dialled')
    const known = await start({ bootstrap: [address] })
    await connected(known, signal)
  })

  it('is not dialled with another certificate than that of the address', async () => {
    const [one, other] = [await start({ listen: [LISTEN] }), await start({ listen: [LISTEN] })]
    const [address = '', foreign = ''] = [one.addresses()[0], other.addresses()[0]]
    const mixed = address.replace(/certhash\/[^/]+/, foreign.match(/certhash\/[^/]+/)?.[0] ?? '')
    const signal = AbortSignal.timeout(20_000)
    expect((await failure((await start({})).connect(mixed, { signal }))).code).to.equal('no-sources')
  })

  it('takes for the other end who answers, not who sent the first packet', async function () {
    this.retries(RETRIES)
    const node = await start({ listen: [LISTEN] })
    const [address = ''] = node.addresses()
    const port = Number(address.split('/')[4])
    const [front, liar, way] = [await boundSocket(), await boundSocket(), await boundSocket()]
    let dialler: { port: number; address: string } | null = null
    let answered = false
    front.on('message', (packet, from) => {
      const by = answered ? way : liar
      if (answered || dialler === null) by.send(packet, port, '127.0.0.1')
      dialler = from
    })
    liar.on('message', () => {
      answered = true
    })
    // what is answered to the liar is lost
    way.on('message', (packet) => dialler !== null && front.send(packet, dialler.port, dialler.address))
    try {
      const through = address.replace(`/udp/${port}/`, `/udp/${front.address().port}/`)
      const signal = AbortSignal.timeout(DIALLING)
      await (await start({})).connect(through, { signal })
      await connected(node, signal)
      const [seen] = node.libp2p.getConnections().map(({ remoteAddr }) => remoteAddr.toString())
      expect(seen).to.include(`/udp/${way.address().port}/webrtc-direct/`)
    } finally {
      await Promise.all(nodes.splice(0).map((each) => each.stop()))
      for (const socket of [front, liar, way]) socket.close()
    }
  })

  it('makes nothing for more unfinished connections than it may, and for the next when one of them is over', async () => {
    const node = await start({ listen: ['/ip4/127.0.0.1/tcp/0'] })
    const { upgrader } = (node.libp2p as unknown as { components: { upgrader: Upgrader } }).components
    const guarded = guardUpgrader(upgrader, { pending: 2, most: 10 })
    const { signal } = new AbortController()
    const [first, second, third] = [0, 0, 0].map(() => guarded.createInboundAbortSignal(signal))
    expect([first?.aborted, second?.aborted, third?.aborted]).to.deep.equal([false, false, true])
    third?.clear()
    expect(guarded.createInboundAbortSignal(signal).aborted).to.equal(true)
    first?.clear()
    const fourth = guarded.createInboundAbortSignal(signal)
    expect(fourth.aborted).to.equal(false)
    for (const each of [second, fourth]) each?.clear()
  })
})

describe('a machine without the native part of WebRTC', () => {
  /** What a program prints for which node-datachannel cannot be found. */
  const run = (program: string): string[] => {
    const discovery = new URL('../../../src/discovery/index.ts', import.meta.url)
    const code = `
      import { registerHooks } from 'node:module'
      registerHooks({
        resolve(name, context, next) {
          if (!name.startsWith('node-datachannel')) return next(name, context)
          console.log('asked for')
          throw Object.assign(new Error('Cannot find package ' + name), { code: 'ERR_MODULE_NOT_FOUND' })
        },
      })
      process.on('warning', ({ code, message }) => console.log(code, message))
      const { createNode, createPeerKey } = await import('${discovery}')
      const start = async (init) =>
        createNode({ privateKey: await createPeerKey(), listen: ['/ip4/127.0.0.1/tcp/0'], allowPrivate: true, ...init })
      const failed = ({ code, message, advice }) => console.log(code, message, advice)
      ${program}
      await new Promise((resolve) => setTimeout(resolve, 50))
      process.exit(0)`
    const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', code]
    return execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 50_000 }).trim().split('\n')
  }

  it('runs everything else, and nobody looks for it', () => {
    expect(run(`console.log((await start()).addresses().length)`)).to.deep.equal(['1'])
  })

  it('is told of it where browsers are let in by default', () => {
    const said = run(`console.log((await start({ reach: { webRtc: true } })).addresses().length)`).join('\n')
    expect(said).to.include('BITCDN_NO_WEB_RTC Browsers cannot reach this node: WebRTC is not to be had here')
    expect(said).to.match(/^1$/m)
  })

  it('does not start a node that was to listen there, and says what to do', () => {
    const said = run(`await start({ listen: ['${LISTEN}'] }).catch(failed)`).join('\n')
    expect(said).to.match(/^usage WebRTC is not to be had here: .*node-datachannel.*without \/webrtc-direct\.$/m)
  })

  it('dials others, and says why not this one', () => {
    const address =
      '/ip4/127.0.0.1/udp/4001/webrtc-direct/certhash/uEiAyt0C-3gq0h5dJo56iqFuYBppdxfDx9P6q39Np5zouog/p2p/12D3KooWD7ydx3gXiyUamCn41G1ExbRFzwQDzpSxpShgH9emYkPL'
    const dial = `await (await start()).connect('${address}', { signal: AbortSignal.timeout(9000) }).catch(failed)`
    expect(run(dial).join('\n')).to.match(/^usage WebRTC is not to be had here/m)
  })
})

async function boundSocket(): Promise<Socket> {
  const socket = createSocket('udp4')
  await new Promise<void>((settle) => socket.bind(0, '127.0.0.1', settle))
  return socket
}

async function freePort(): Promise<number> {
  const socket = await boundSocket()
  const { port } = socket.address()
  await new Promise<void>((settle) => socket.close(settle))
  return port
}
