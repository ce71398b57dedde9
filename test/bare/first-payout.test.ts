// docs/OPERATORS.md, "From a bare machine to the first payout", line by line: on a bare Debian where this test may make one,
// otherwise with an empty HOME and nothing but Node in PATH. The chain, a gateway, a buyer and the network's first peers run beside.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { expect } from 'chai'
import type { Address } from 'viem'
import { readBalance, reserveMany } from '../../src/chain/index.ts'
import type { Started } from '../../src/devnet/bed.ts'
import { call } from '../faults/call.ts'
import { openShop, PRICE_PER_GIB, type Shop } from '../faults/shop.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const BYTES = 64 * 2 ** 20
const LIMIT_SECONDS = 600

const npmConfig = (key: string): string => execFileSync('npm', ['config', 'get', key], { encoding: 'utf8' }).trim()

/** What this machine reaches registries by; a chroot has its own files. */
const REGISTRY = { npm_config_registry: npmConfig('registry') }
/** Certificates that it trusts beside Node's own; null where there are none. */
const CERTIFICATES =
  [process.env.NODE_EXTRA_CA_CERTS, npmConfig('cafile')].find((path) => path !== undefined && existsSync(path)) ?? null
const trust = (path: string) => ({ NODE_EXTRA_CA_CERTS: path, npm_config_cafile: path })

/** Where the page is followed: lines of a shell, one after the other, in one environment. */
interface Machine {
  readonly what: string
  readonly environment: Record<string, string>
  /** Lines that this machine cannot run, because it has no packages of its own. */
  lacks(line: string): boolean
  /** Answers what it is called there. */
  take(file: string): string
  start(line: string): ChildProcess
}

function bareDebian(folder: string): Machine | null {
  if (process.getuid?.() !== 0 || spawnSync('debootstrap', ['--version']).status !== 0) return null
  const root = join(folder, 'debian')
  const made = spawnSync('debootstrap', ['--variant=minbase', 'bookworm', root], { encoding: 'utf8', timeout: 400_000 })
  if (made.status !== 0) throw new Error(`debootstrap: ${made.stdout}${made.stderr}`)
  copyFileSync('/etc/resolv.conf', join(root, 'etc/resolv.conf'))
  for (const name of readdirSync('/etc/apt/apt.conf.d').filter((each) => /proxy|registry/.test(each)))
    copyFileSync(join('/etc/apt/apt.conf.d', name), join(root, 'etc/apt/apt.conf.d', name))
  mkdirSync(join(root, 'root'), { recursive: true })
  if (CERTIFICATES !== null) copyFileSync(CERTIFICATES, join(root, 'root/ca.crt'))
  const mounts = `mount -t proc proc '${root}/proc' && mount --rbind /dev '${root}/dev' && exec chroot '${root}' "$@"`
  return {
    what: 'a bare Debian 12 (debootstrap, minbase)',
    environment: {
      ...{ PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', ...REGISTRY },
      ...(CERTIFICATES === null ? {} : trust('/root/ca.crt')),
    },
    lacks: () => false,
    take(file) {
      copyFileSync(file, join(root, 'root', basename(file)))
      return `/root/${basename(file)}`
    },
    start(line) {
      const through = ['--mount', 'sh', '-ec', mounts, 'sh', '/bin/sh', '-c', `cd && ${line}`]
      return spawn('unshare', through, { env: this.environment, stdio: ['ignore', 'pipe', 'pipe'] })
    },
  }
}

function emptyHome(folder: string): Machine {
  const home = join(folder, 'home')
  const bin = join(home, 'bin')
  mkdirSync(bin, { recursive: true })
  for (const name of ['node', 'npm']) symlinkSync(join(dirname(process.execPath), name), join(bin, name))
  const own = CERTIFICATES === null ? {} : trust(CERTIFICATES)
  const environment = { PATH: `${bin}:/usr/bin:/bin`, HOME: home, npm_config_prefix: home, ...REGISTRY, ...own }
  return {
    what: 'an empty HOME with Node in PATH (no debootstrap, or not root)',
    environment,
    lacks: (line) => /^apt-get |^npm install --global node@/.test(line),
    take: (file) => file,
    start: (line) => spawn('/bin/sh', ['-c', line], { cwd: home, env: environment, stdio: ['ignore', 'pipe', 'pipe'] }),
  }
}

describe('the first payout of a bare machine', function () {
  this.timeout(1_500_000)
  let shop: Shop
  let folder: string
  let machine: Machine
  let tarball: string
  let sourceStarted: Started
  const lasting: { child: ChildProcess; ended: Promise<number>; said(): string }[] = []
  const values: Record<string, string> = {}
  let seeder: Address

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bitcdn-bare-'))
    chmodSync(folder, 0o755)
    machine = bareDebian(folder) ?? emptyHome(folder)
    execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: ROOT, stdio: 'ignore' })
    tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? ''
    shop = await openShop({ bytes: BYTES, seeders: 0, reserve: 0n })
    const source = await shop.bed.persona('source')
    sourceStarted = await shop.startSeeder(source, shop.file, ['--free', '--no-claim'])
    Object.assign(values, {
      CREATOR_ADDRESS: shop.creator.address,
      REGISTRY_ADDRESS: shop.bed.chain.contracts.registry,
      BOOTSTRAP_ADDRESS: String(shop.peers[1]),
    })
    Object.assign(machine.environment, {
      // a devnet: blocks are not finalized there, and everybody is on loopback
      ...{ BITCDN_FINALITY: 'latest', BITCDN_ALLOW_PRIVATE: '1', BITCDN_LISTEN: '/ip4/127.0.0.1/tcp/0' },
    })
  })
  after(async () => {
    for (const { child } of lasting) child.kill('SIGKILL')
    await shop?.close()
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  })

  it('is confirmed within ten minutes by the page alone', async () => {
    const commands = commandsOf('docs/OPERATORS.md', 'From a bare machine to the first payout')
    expect(commands.length).to.be.above(8)
    const begun = performance.now()
    const told: string[] = []
    for (const line of commands) {
      const at = performance.now()
      if (machine.lacks(line)) continue
      const out = await act(line)
      told.push(`${((performance.now() - at) / 1000).toFixed(1).padStart(7)} s  ${line}`)
      await answer(line, out)
    }
    const seconds = (performance.now() - begun) / 1000
    const balance = await readBalance(shop.creator.chain, seeder)
    expect(balance > 0n, 'the chain says that it was paid').to.equal(true)
    const earnings = JSON.parse((await act('bitcdn earnings --json')).trim().split('\n').at(-1) ?? '') as {
      paid: string
    }
    expect(BigInt(earnings.paid)).to.equal(balance)
    console.log(
      `${told.join('\n')}\n${seconds.toFixed(0)} s to the first confirmed payout (${balance} token units), on ${machine.what}`,
    )
    expect(seconds).to.be.at.most(LIMIT_SECONDS)
  })

  it('is not the last one: an update keeps the key, the peer identity and what is verified', async () => {
    const peerOf = (out: string): string => /\/p2p\/(\w+)/.exec(out)?.[1] ?? ''
    const before = lasting.at(-1)?.said() ?? ''
    let after = ''
    for (const line of commandsOf('docs/OPERATORS.md', 'Update')) {
      if (machine.lacks(line)) continue
      const out = await act(line)
      if (/^bitcdn seed /.test(line)) after = out
    }
    expect(await lasting[0]?.ended, before).to.equal(0)
    expect(peerOf(after)).to.equal(peerOf(before)).and.not.equal('')
    expect(after)
      .to.match(/^Seeder {5}0x/m)
      .and.include(seeder)
    expect(after, 'nothing is fetched or lost').to.match(/^Serves {5}film\.bin {2}67\.1 MB$/m)
    await act('bitcdn stop')
    expect(await lasting.at(-1)?.ended).to.equal(0)
  })

  /** One line as the page has it, with the reader's own values in the place of words in capitals. */
  async function act(line: string): Promise<string> {
    const command = line
      .replaceAll(/\b[A-Z]+_ADDRESS\b/g, (word) => values[word] ?? word)
      .replace('http://127.0.0.1:8545', shop.bed.chain.rpcUrl)
      .replace('http://127.0.0.1:8787', shop.gatewayUrl)
      .replace(/^npm install --global bitcdn$/, `npm install --global ${machine.take(join(folder, tarball))}`)
    const exported = /^export (\w+)=(.*)$/.exec(command)
    if (exported !== null) {
      machine.environment[exported[1] ?? ''] = exported[2] ?? ''
      return ''
    }
    const child = machine.start(command)
    let out = ''
    const hear = (text: Buffer): void => {
      out += text
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    const ended = new Promise<number>((settle) => child.once('close', (code) => settle(code ?? 1)))
    if (/^bitcdn seed /.test(line)) {
      lasting.push({ child, ended, said: () => out })
      await Promise.race([
        until(() => /^Serves /m.test(out), 'it serves'),
        ended.then((code) => {
          throw new Error(`${command} ended with ${code}\n${out}`)
        }),
      ])
      return out
    }
    const code = await ended
    if (code !== 0) throw new Error(`${command} ended with ${code}\n${out}`)
    return out
  }

  /** What others do when the page says so: whoever sells sends coin and reserves, and somebody downloads. */
  async function answer(line: string, out: string): Promise<void> {
    if (!/^bitcdn seed /.test(line)) return
    seeder = /Address\s+(0x[0-9a-fA-F]{40})/.exec(out)?.[1] as Address
    expect(seeder, out).to.match(/^0x/)
    const body = { jsonrpc: '2.0', id: 1, method: 'hardhat_setBalance', params: [seeder, '0xde0b6b3a7640000'] }
    const headers = { 'content-type': 'application/json' }
    await fetch(shop.bed.chain.rpcUrl, { method: 'POST', headers, body: JSON.stringify(body) })
    const buyer = await shop.buyer('buyer')
    const reservations = [0n, 1n].map((lane) => ({ seeder, lane, pricePerGiB: PRICE_PER_GIB, amount: 100_000n }))
    await reserveMany(shop.creator.chain, { reservations })
    await until(() => /fetched, and serves it now/.test(lasting.at(-1)?.said() ?? ''), 'the content is fetched')
    await sourceStarted.program.stop()
    const [peer = ''] = [...out.matchAll(/^Address\s+(\/ip4\S+)/gm)].map(([, address]) => address)
    const get = [...shop.get(buyer, join(buyer.home, 'downloads')), '--no-seed', '--peer', peer, '--json']
    const got = await call(get)
    expect(got.code, got.err + got.out).to.equal(0)
    expect((got.json().seeders as { seeder: string }[]).map((each) => each.seeder)).to.include(seeder)
  }
})

function commandsOf(page: string, heading: string): string[] {
  const parts = readFileSync(join(ROOT, page), 'utf8').split(/^## /m)
  const section = parts.find((part) => part.startsWith(`${heading}\n`)) ?? ''
  return [...section.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) => block.trim().split('\n'))
}

async function until(done: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 180_000
  while (!done()) {
    if (performance.now() > deadline) throw new Error(`not yet after three minutes: ${what}`)
    await new Promise((settle) => setTimeout(settle, 100))
  }
}
