// What an operator's lists name is not served, from the moment on at which they name it.
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { reserveMany } from '../../src/chain/index.ts'
import type { Persona, Started } from '../../src/devnet/bed.ts'
import { signTakedowns } from '../../src/seeder/index.ts'
import { call } from './call.ts'
import { openShop, PRICE_PER_GIB, type Shop } from './shop.ts'

const BYTES = 24_000_000

describe('what is denied', function () {
  this.timeout(240_000)
  let shop: Shop
  let who: Persona
  let buyer: Persona
  let never: string
  let folder: string
  let unsold: string
  let contentId: string
  let lists: Server
  let served: { status: number; body: string }
  let url: string

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bitcdn-denying-'))
    unsold = join(folder, 'unsold.txt')
    writeFileSync(unsold, '')
    shop = await openShop({ bytes: BYTES, seeders: 0, gatewayFlags: ['--deny', unsold] })
    contentId = shop.packaged.metainfo.contentId
    who = await shop.bed.persona('careful')
    buyer = await shop.buyer('buyer')
    const reservations = [0n, 1n].map((lane) => ({
      ...{ seeder: who.address, lane, pricePerGiB: PRICE_PER_GIB, amount: 100_000n },
    }))
    await reserveMany(shop.creator.chain, { reservations })
    never = join(shop.bed.folder, 'never.txt')
    writeFileSync(never, '# nothing yet\n')
    lists = createServer((_, response) => response.writeHead(served.status).end(served.body))
    await new Promise<void>((settle) => lists.listen(0, '127.0.0.1', settle))
    url = `http://127.0.0.1:${(lists.address() as AddressInfo).port}/takedowns.json`
  })
  after(async () => {
    lists?.closeAllConnections()
    lists?.close()
    await shop?.close()
    rmSync(folder, { recursive: true })
  })

  const seed = (...more: string[]): Promise<Started> =>
    shop.startSeeder(who, shop.file, ['--monitor', '127.0.0.1:0', '--no-claim', ...more])
  const get = (folder: string, ...more: string[]) =>
    call([...shop.get(buyer, join(shop.bed.folder, folder)), '--no-seed', '--patience', '2', '--json', ...more])
  const metric = async ({ ready }: Started, name: string): Promise<string | undefined> =>
    (await (await fetch(`${ready.monitor}/metrics`)).text()).split('\n').find((line) => line.startsWith(name))
  const refusals = () =>
    readFileSync(join(who.home, 'refused.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>)
  const doctor = async () => {
    const [, rpc = '', , registry = ''] = shop.bed.chainFlags()
    const at = ['--rpc', rpc, '--registry', registry, '--gateway', shop.gatewayUrl, '--home', who.home]
    const ran = await call(['doctor', '--json', '--finality', 'latest', ...at])
    return { code: ran.code, findings: ran.json().findings as { code: string; what: string }[] }
  }
  const list = async (sequence: number, deny: string[], by = shop.creator) =>
    JSON.stringify(await signTakedowns(by.account, { sequence, expiry: Math.floor(Date.now() / 1000) + 864_000, deny }))
  const startFails = async (...more: string[]) => {
    const args = ['seed', shop.torrent, '--data', shop.file, '--gateway', shop.gatewayUrl, '--home', who.home]
    return call([...args, '--listen', '/ip4/127.0.0.1/tcp/0', ...shop.peers, ...shop.bed.chainFlags(), ...more])
  }

  it('stops a download under way when the list names it, logs it, counts it, and the doctor says so', async () => {
    const started = await seed('--deny', never, '--limit-up', '1500kB')
    const name = String((started.ready.contents as { name: string }[])[0]?.name)
    const downloading = get('cut')
    while (!((await metric(started, 'bitcdn_served_bytes_total '))?.match(/ [1-9]\d{6,}$/) ?? false))
      await new Promise((settle) => setTimeout(settle, 100))
    appendFileSync(never, `${contentId} # by order\n`)
    const got = await downloading
    expect(got.code, got.out).to.equal(8)
    const served = Number((await metric(started, 'bitcdn_served_bytes_total '))?.split(' ')[1])
    expect(served).to.be.below(BYTES)
    const acknowledged = Number((await metric(started, 'bitcdn_acknowledged_bytes_total '))?.split(' ')[1])
    expect(acknowledged, 'it signed for what it had').to.equal(served)
    expect(refusals()[0]).to.include({ did: 'stopped', contentId, list: 'never.txt', by: 'content' })
    expect((await get('cut')).code, 'nor does a new one begin').to.equal(8)
    expect(await metric(started, 'bitcdn_denied_total')).to.match(/\{list="never.txt"\} \d+$/)
    const { code, findings } = await doctor()
    expect(code).to.equal(11)
    expect(findings[0]?.code).to.equal('content-denied')
    expect(findings[0]?.what).to.include(`${name} (it is on never.txt)`)
    writeFileSync(never, '# nothing any more\n')
    let again = await get('cut')
    while (again.code === 8) again = await get('cut')
    expect(again.code, again.err + again.out).to.equal(0)
    await started.program.stop()
  })

  it('is not sold by a gateway whose list names it, and again when it does not', async () => {
    const sold = async () => {
      const { contents } = (await (await fetch(`${shop.gatewayUrl}/v1/info`)).json()) as { contents: unknown[] }
      return contents.length
    }
    const until = async (count: number): Promise<void> => {
      while ((await sold()) !== count) await new Promise((settle) => setTimeout(settle, 100))
    }
    const started = await seed()
    expect(await sold()).to.equal(1)
    writeFileSync(unsold, shop.creator.address)
    await until(0)
    const got = await get('unsold')
    expect(got.code, got.out).to.equal(8)
    expect(got.out).to.include('does not sell')
    writeFileSync(unsold, '')
    await until(1)
    await started.program.stop()
    const log = readFileSync(join(shop.gatewayKey.home, 'refused.jsonl'), 'utf8')
    expect(JSON.parse(log)).to.include({ did: 'stopped', contentId, list: 'unsold.txt' })
  })

  it('is not served by a download either', async () => {
    const started = await seed()
    const folder = join(shop.bed.folder, 'got')
    for (const deny of [contentId, '2'.repeat(64)]) {
      writeFileSync(never, deny)
      const args = [...shop.get(buyer, `${folder}-${deny[0]}`), '--seed-for', '1s']
      const got = await call(args, { env: { BITCDN_DENY: never } })
      expect(got.code, got.err).to.equal(0)
      const words = 'film.bin is not served: it is on never.txt'
      if (deny === contentId) expect(got.err).to.include(words)
      else expect(got.err).to.not.include(words)
    }
    await started.program.stop()
  })

  it('does not start with what is denied alone, or with a list that it cannot read', async () => {
    writeFileSync(never, `${shop.creator.address}\n`)
    const denied = await startFails('--deny', never)
    expect(denied.code, denied.err).to.equal(7)
    expect(denied.err).to.include('its publisher is on never.txt')
    writeFileSync(never, 'nonsense\n')
    const unread = await startFails('--deny', never)
    expect(unread.code).to.equal(3)
    expect(unread.err).to.include('never.txt, line 1')
  })

  it('takes signed lists from a server, and nothing that is forged, older or expired, also after a restart', async () => {
    const signed = ['--takedowns', url, '--takedown-signer', shop.creator.address]
    served = { status: 503, body: '' }
    expect((await startFails(...signed)).code, 'no list, nothing held').to.equal(3)
    served = { status: 200, body: await list(5, ['2'.repeat(64)]) }
    const started = await seed(...signed)
    await started.program.stop()
    expect(existsSync(join(who.home, 'takedowns', `${shop.creator.address.toLowerCase()}.json`))).to.equal(true)
    const wrong: [string, string][] = [
      [await list(4, []), 'older than what is held'],
      [await list(5, []), 'another list of the sequence 5'],
      [await list(6, [], shop.gatewayKey), 'nobody trusts'],
      [(await list(6, [])).replace('"sequence":6', '"sequence":7'), 'signature'],
    ]
    for (const [body, words] of wrong) {
      served = { status: 200, body }
      const { code, err } = await startFails(...signed)
      expect(code, err).to.equal(9)
      expect(err).to.include(words)
    }
    served = { status: 503, body: '' }
    const offline = await seed(...signed)
    await offline.program.stop()
    served = { status: 200, body: await list(6, [contentId]) }
    const all = await startFails(...signed)
    expect(all.code, all.err).to.equal(7)
    expect(all.err).to.include(`it is on ${shop.creator.address}`)
    served = { status: 503, body: '' }
    expect((await startFails(...signed)).code, 'what was fetched counts on').to.equal(7)
  })
})
