// Canaries: keys, passwords and tokens that are known here and used everywhere. Whatever the programs leave behind is
// then searched for them.
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { join } from 'node:path'
import { expect } from 'chai'
import { Wallet } from 'ethers'
import { approveOperator, mintTestUsd, reserveMany } from '../../src/chain/index.ts'
import type { Persona, Started } from '../../src/devnet/bed.ts'
import { type SignerProcess, startSigner } from '../src/chain/signer.ts'
import { type Called, call } from './call.ts'
import { openShop, PRICE_PER_GIB, type Shop } from './shop.ts'

const RPC_TOKEN = 'canary-rpc-path-7f3a'
const RPC_KEY = 'canary-rpc-query-91bc'
const PASSWORD = 'canary password of a key'
const VARIABLE = 'canary-in-the-environment'
const SIGNER_PASSWORD = 'open sesame'

describe('keys, passwords and tokens', function () {
  this.timeout(240_000)
  const canaries = new Map<string, string>([
    ['token in the path of the RPC URL', RPC_TOKEN],
    ['key in the query of the RPC URL', RPC_KEY],
    ['password of a keystore', PASSWORD],
    ['variable of the environment', VARIABLE],
    ['password of the signer', SIGNER_PASSWORD],
    ['password of the signer, encoded', encodeURIComponent(SIGNER_PASSWORD)],
    ['password of the signer, in a header', Buffer.from(`me:${SIGNER_PASSWORD}`).toString('base64')],
  ])
  /** What was left behind, by where it was found. */
  const left = new Map<string, string>()
  const bearers = new Set<string>()
  const servers: Server[] = []
  let provider: { url: string; mood: 'well' | 'refuses' | 'garbage' }
  let shop: Shop
  let signer: SignerProcess
  let seeder: Persona
  let running: Started[]

  before(async () => {
    process.env.BITCDN_CANARY = VARIABLE
    shop = await openShop({ bytes: 5_000_000, seeders: 0, reserve: 0n })
    provider = await startProvider(shop.bed.chain.rpcUrl)
    await shop.gateway.program.stop()
    const { gatewayKey, creator, bed } = shop
    seeder = await bed.persona('seeder')
    signer = await startSigner(bed.folder, 'locked', keyOf(gatewayKey))
    for (const who of [creator, gatewayKey, seeder]) canaries.set(`key of ${who.name}`, keyOf(who).slice(2))
    settings(gatewayKey, { signer: signer.url.replace('//', `//me:${encodeURIComponent(SIGNER_PASSWORD)}@`) })
    const relayed = await startRecorder(shop.gatewayUrl)
    const { port } = new URL(shop.gatewayUrl) // free again
    const gateway = await bed.start(gatewayKey, 'gateway-2', [
      ...['gateway', shop.torrent, '--sponsor', creator.address, '--port', port, '--log-level', 'trace'],
      ...['--public-url', relayed],
    ])

    const passwordFile = join(bed.folder, 'password')
    writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o600 })
    const sealed = await new Wallet(keyOf(seeder)).encrypt(PASSWORD, undefined as never)
    writeFileSync(join(seeder.home, 'keys', 'default.key'), sealed, { mode: 0o600 })
    settings(seeder, { passwordFile, gateway: relayed })
    const data = join(seeder.home, 'content', 'film.bin')
    mkdirSync(join(seeder.home, 'content'))
    cpSync(shop.file, data)
    const args = ['seed', shop.torrent, '--data', data, '--listen', '/ip4/127.0.0.1/tcp/0', '--log-level', 'trace']
    running = [gateway, await bed.start(seeder, 'seeder', [...args, '--claim-interval', '1', ...shop.peers])]
    await approveOperator(seeder.chain, { operator: gatewayKey.address })
  })

  after(async () => {
    delete process.env.BITCDN_CANARY
    await signer?.stop()
    await shop?.close()
    for (const server of servers) server.close()
  })

  it('work: content is bought, delivered, paid for and backed up with them', async () => {
    const { creator } = shop
    const buyer = await boughtBy('buyer')
    const lane = { seeder: seeder.address, lane: 0n, pricePerGiB: PRICE_PER_GIB, amount: 100_000n }
    await reserveMany(creator.chain, { reservations: [lane] })
    const folder = join(buyer.home, 'got')
    await keep('get', ['get', shop.packaged.metainfo.contentId, '-o', folder, ...shop.peers], buyer)
    for (const program of running) watch(program)
    await keep('claim --dry-run', ['claim', '--all', '--dry-run'], seeder)
    const claimed = await keep('claim', ['claim', '--all', '--json'], seeder)
    expect(claimed.json()).to.include({ vouchers: 1 })
    await keep('status', ['status'], seeder)
    await keep('status --json', ['status', '--json'], seeder)
    await keep('earnings', ['earnings', '--json'], seeder)
    const backup = join(shop.bed.folder, 'backup.tar')
    await keep('backup', ['backup', backup], seeder)
    left.set('the backup', readFileSync(backup, 'latin1'))
    await keep('key show', ['key', 'show', '--json'], seeder)
    expect(bearers.size, 'nobody signed in with a bearer token').to.be.greaterThan(0)
    for (const token of bearers) canaries.set('bearer token', token)
  })

  it('fail: with every kind of answer that repeats them', async () => {
    for (const mood of ['refuses', 'garbage'] as const) {
      provider.mood = mood
      await fail(`claim while the provider ${mood}`, ['claim', '--all'], seeder)
      await fail(`status while the provider ${mood}`, ['status', '--json'], seeder)
    }
    await new Promise((ok) => setTimeout(ok, 3_000)) // the seeder's own claims fail meanwhile, into its log
    provider.mood = 'well'
    const key = keyOf(shop.creator)
    await fail('a key as the name of a key', ['status', '--key', join(shop.bed.folder, 'password')], seeder)
    const bad = join(shop.bed.folder, 'bad.key')
    writeFileSync(bad, `${key}${key.slice(2)}`, { mode: 0o600 })
    await fail('a key file that is too long', ['claim', '--key', bad], seeder)
    await fail('an RPC URL of another kind', ['status', '--rpc', `ftp://host/${RPC_TOKEN}`], seeder)
    await signer.stop()
    await fail('a signer that is gone', ['deposit', '1', '--json'], shop.gatewayKey)
    for (const program of running) await program.program.stop()
  })

  it('stand in nothing that was left behind', () => {
    for (const name of readdirSync(shop.bed.logs)) {
      left.set(`the log ${name}`, readFileSync(join(shop.bed.logs, name), 'utf8'))
    }
    for (const who of [seeder, shop.gatewayKey, shop.creator]) {
      for (const [file, content] of filesOf(who.home)) {
        if (/\.key$|config\.json$|content/.test(file)) continue
        left.set(`${who.name}'s ${file}`, content)
      }
    }
    expect(left.size).to.be.greaterThan(20)
    expect([...left.keys()].some((where) => where.includes('ledger.sqlite'))).to.equal(true)
    const found = [...left].flatMap(([where, text]) =>
      [...canaries].filter(([, secret]) => text.includes(secret)).map(([what]) => `${what} in ${where}`),
    )
    expect(found).to.deep.equal([])
  })

  it('would be found, had they been left behind', () => {
    left.set('a program of its own', readFileSync(join(seeder.home, 'config.json'), 'utf8'))
    expect([...canaries.values()].some((secret) => left.get('a program of its own')!.includes(secret))).to.equal(true)
  })

  function settings(who: Persona, more: Record<string, string>): void {
    const { registry } = shop.bed.chain.contracts
    const config = { rpc: provider.url, registry, finality: 'latest', allowPrivate: true, ...more }
    writeFileSync(join(who.home, 'config.json'), JSON.stringify(config), { mode: 0o600 })
  }

  async function boughtBy(name: string): Promise<Persona> {
    const buyer = await shop.bed.persona(name)
    canaries.set(`key of ${name}`, keyOf(buyer).slice(2))
    settings(buyer, { gateway: JSON.parse(readFileSync(join(seeder.home, 'config.json'), 'utf8')).gateway })
    await mintTestUsd(shop.creator.chain, { to: buyer.address, amount: 5_000_000n })
    await keep('pass buy', ['pass', 'buy', shop.packaged.metainfo.contentId], buyer)
    return buyer
  }

  async function keep(what: string, args: string[], who: Persona): Promise<Called> {
    const ran = await call([...args, '--home', who.home], { env: { BITCDN_DEBUG: '1' } })
    left.set(what, ran.out + ran.err)
    expect(ran.code, `${what}\n${ran.out}${ran.err}`).to.equal(0)
    return ran
  }

  async function fail(what: string, args: string[], who: Persona): Promise<void> {
    const ran = await call([...args, '--home', who.home], { env: { BITCDN_DEBUG: '1' } })
    left.set(`${what}${args.includes('--json') ? ' (JSON)' : ''}`, ran.out + ran.err)
    expect(ran.code, `${what}\n${ran.out}${ran.err}`).to.be.within(2, 9)
  }

  /** What other users of the machine may see of a process, and what its children would be given. */
  function watch({ program }: Started): void {
    if (process.platform !== 'linux') return
    for (const file of ['cmdline', 'environ']) {
      left.set(`${file} of ${program.name}`, readFileSync(`/proc/${program.pid}/${file}`, 'utf8'))
    }
  }

  /** An RPC provider that wants a token, and repeats it in its failures as providers do. */
  async function startProvider(target: string): Promise<typeof provider> {
    const state: typeof provider = { url: '', mood: 'well' }
    const port = await listen(async (request, body) => {
      if (!request.url!.includes(RPC_TOKEN) || !request.url!.includes(RPC_KEY)) return [401, 'no token']
      const words = `project ${RPC_TOKEN} with ${RPC_KEY} has no access to ${request.url}`
      if (state.mood === 'garbage') return [500, `<html>${words}</html>`]
      if (state.mood === 'refuses') {
        return [
          200,
          JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(body).id ?? 1, error: { code: -32005, message: words } }),
        ]
      }
      const response = await fetch(target, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
      return [response.status, await response.text()]
    })
    state.url = `http://127.0.0.1:${port}/v3/${RPC_TOKEN}?apikey=${RPC_KEY}`
    return state
  }

  /** In front of the gateway: notes the bearer tokens that it gives out. */
  async function startRecorder(target: string): Promise<string> {
    const port = await listen(async (request, body) => {
      const { authorization } = request.headers
      if (authorization !== undefined) bearers.add(authorization.replace('Bearer ', ''))
      const headers = Object.fromEntries(
        Object.entries(request.headers).filter(([name]) => ['authorization', 'content-type', 'host'].includes(name)),
      ) as Record<string, string>
      const init = { method: request.method!, headers, ...(body === '' ? {} : { body }) }
      const response = await fetch(new URL(request.url!, target), init)
      return [response.status, Buffer.from(await response.arrayBuffer()), response.headers.get('content-type')]
    })
    return `http://127.0.0.1:${port}`
  }

  type Answer = [status: number, body: string | Buffer, type?: string | null]

  async function listen(answer: (request: IncomingMessage, body: string) => Promise<Answer>): Promise<number> {
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const [status, body, type] = await answer(request, Buffer.concat(chunks).toString('utf8'))
      response.writeHead(status, { 'content-type': type ?? 'application/json' }).end(body)
    })
    servers.push(server)
    await new Promise<void>((ok) => server.listen(0, '127.0.0.1', ok))
    return (server.address() as { port: number }).port
  }
})

function keyOf(who: Persona): `0x${string}` {
  return `0x${readFileSync(join(who.home, 'keys', 'default.key'), 'utf8').trim()}`
}

function filesOf(folder: string): [string, string][] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile() && statSync(path).size < 50_000_000)
    .map((path) => [path, readFileSync(path, 'latin1')])
}
