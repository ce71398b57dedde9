// A real browser downloads from a real seeder: over WebRTC Direct and over WebSockets, for nothing and for money.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { makeContent, type TestContent } from '../swarm/content.ts'
import { DOMAIN } from '../swarm/desk.ts'
import { type SeederProcess, spawnSeeder } from '../swarm/processes.ts'
import type { SeederInit } from '../swarm/seeder.ts'
import { createSponsor } from '../swarm/sponsor.ts'
import { seederKey } from '../swarm/swarm.ts'
import { type Browser, startBrowser } from './browser/browser.ts'

const BYTES = 5 * 1024 * 1024 + 77_777

describe('a page in Chromium', function () {
  this.timeout(120_000)
  const seeders: SeederProcess[] = []
  let content: TestContent
  let browser: Browser
  let hash: string

  before(async () => {
    content = await makeContent(BYTES)
    hash = createHash('sha256')
      .update(await readFile(content.path))
      .digest('hex')
    const sponsor = createSponsor(DOMAIN)
    browser = await startBrowser(async (terms, sessionKey, maxBytes) => {
      const request = { contentId: content.metainfo.contentId, download: 'page', remaining: maxBytes }
      const { sessions } = await sponsor.open(
        { ...request, requests: [{ terms, sessionKey, maxBytes }] },
        AbortSignal.timeout(10_000),
      )
      const [session] = sessions
      if (session === undefined) throw new Error('No session was granted.')
      return session
    })
  })
  after(async () => {
    await browser?.close()
    await content?.remove()
  })
  afterEach(async () => {
    await Promise.all(seeders.splice(0).map((seeder) => seeder.kill('SIGTERM')))
  })

  async function startSeeder(name: string, special: Partial<SeederInit> = {}): Promise<SeederProcess> {
    const seeder = await spawnSeeder({
      ...{ torrent: content.torrent, path: content.path, folder: join(content.folder, name), key: seederKey(0) },
      ...{ free: true, listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'], node: { reach: { webRtc: true } } },
      ...special,
    })
    seeders.push(seeder)
    return seeder
  }

  function addressOf({ addresses }: SeederProcess, way: string): string {
    const found = addresses.find((address) => address.includes(way))
    if (found === undefined) throw new Error(`It has no address with ${way}: ${addresses.join(', ')}`)
    return found
  }

  const fetchContent = (address: string, pays = false) =>
    browser.fetchContent({ address, contentId: content.metainfo.contentId, pays })

  for (const [way, part] of [
    ['WebRTC Direct', '/webrtc-direct/'],
    ['WebSockets', '/ws/'],
  ] as const) {
    it(`downloads and verifies a content over ${way}`, async () => {
      const answer = await fetchContent(addressOf(await startSeeder('free'), part))
      expect(answer.over).to.include(part)
      expect(answer).to.include({ hash, verified: BYTES })
      expect(answer.wrong).to.deep.equal([])
    })

    it(`pays for what it has verified over ${way}`, async () => {
      const seeder = await startSeeder(`paid-${part.replaceAll('/', '')}`, { free: false })
      const answer = await fetchContent(addressOf(seeder, part), true)
      expect(answer).to.include({ hash, verified: BYTES, signed: BYTES, held: BYTES })
    })
  }

  it('finds a seeder at the address that it had before it was started again', async () => {
    const first = await startSeeder('again')
    const address = addressOf(first, '/webrtc-direct/')
    const port = Number(address.split('/')[4])
    await first.kill('SIGTERM')
    await startSeeder('again', { listen: `/ip4/127.0.0.1/tcp/${port}` })
    expect(await fetchContent(address)).to.include({ hash, over: address })
  })

  it('does not take a seeder for another one at the same place', async () => {
    const first = await startSeeder('one')
    const address = addressOf(first, '/webrtc-direct/')
    const port = Number(address.split('/')[4])
    await first.kill('SIGTERM')
    await startSeeder('another', { listen: `/ip4/127.0.0.1/tcp/${port}` })
    const error = await fetchContent(address).then(
      () => null,
      (reason: Error) => reason,
    )
    expect(error).to.be.instanceOf(Error)
  })

  it('sees which unit a seeder has changed, and signs nothing for it', async () => {
    const seeder = await startSeeder('liar', { free: false, flip: 3 })
    const answer = await fetchContent(addressOf(seeder, '/webrtc-direct/'), true)
    expect(answer.wrong.length).to.be.greaterThan(0)
    for (const offset of answer.wrong) expect(offset % content.metainfo.pieceLength).to.equal(3 * 128 * 1024)
    expect(answer.signed).to.be.lessThan(BYTES)
    expect(answer.hash).to.not.equal(hash)
  })
})
