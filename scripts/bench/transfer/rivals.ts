// Who moves the content: this project in several shapes, and those rivals that this machine has.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { generateCertificate } from '@libp2p/tls/utils'
import type { TestContent } from '../../../test/swarm/content.ts'
import { seederKey } from '../../../test/swarm/swarm.ts'
import type { Command } from './processes.ts'
import { startTracker } from './tracker.ts'

export interface Rival {
  /** Its name in the table, before the page state. */
  readonly name: string
  readonly seeders: number
  readonly receivers: number
  /** Whether it moves a folder of files, too. */
  readonly folders: boolean
  /** What it is compared with: the row of this name. */
  readonly base: string
  send(content: TestContent, folder: string, at: number): Promise<Command>
  receive(content: TestContent, folder: string, addresses: readonly string[]): Command
}

type Case = readonly [suffix: string, seeders: number, receivers: number]

const HERE = import.meta.dirname
const COMPILE_CACHE = join(HERE, '../../../test/compile-cache.ts')
const PYTHON = '/usr/bin/python3'
const CASES: readonly Case[] = [
  ['', 1, 1],
  [' 4 to 1', 4, 1],
  [' 1 to 8', 1, 8],
]

/** What {@link rivals} may be told. */
export interface RivalsInit {
  /** Another checkout of this project, to compare with. */
  readonly against?: string | undefined
}

/** In the order of the table. */
export function rivals({ against }: RivalsInit): Rival[] {
  const ours = CASES.map((one) => bitcdn('bitcdn', one))
  const [single] = CASES as [Case]
  return [
    ...ours,
    bitcdn('bitcdn unpaid', single, { free: true }),
    bitcdn('bitcdn plain reads', single, { reads: 'plain' }),
    bitcdn('bitcdn stock TLS', single, { tls: 'stock' }),
    ...(against === undefined ? [] : CASES.map((one) => bitcdn('bitcdn before', one, { checkout: against }))),
    ...(hasLibtorrent() ? CASES.map(libtorrent) : []),
    ...(hasProgram('aria2c', '--version') ? [aria2(single)] : []),
    ...(hasProgram('nginx', '-v') && hasProgram('curl', '--version') ? [nginx(single)] : []),
    ...(webtorrentEntry() === null ? [] : [webtorrent(single)]),
    libp2p(single),
    bareNode(single),
  ]
}

/** Those of the list above that this machine lacks. */
export function missing(): string[] {
  return [
    ...(hasLibtorrent() ? [] : ['libtorrent (python3-libtorrent)']),
    ...(hasProgram('aria2c', '--version') ? [] : ['aria2']),
    ...(hasProgram('nginx', '-v') && hasProgram('curl', '--version') ? [] : ['nginx with curl']),
    ...(webtorrentEntry() === null ? ['webtorrent (npm install --global webtorrent)'] : []),
  ]
}

interface Shape {
  readonly tls?: 'direct' | 'stock'
  readonly reads?: 'placed' | 'plain'
  readonly free?: boolean
  readonly checkout?: string
}

function bitcdn(label: string, [suffix, seeders, receivers]: Case, shape: Shape = {}): Rival {
  const { checkout, ...rest } = shape
  const peer = checkout === undefined ? join(HERE, 'peer.ts') : resolve(checkout, 'scripts/bench/transfer/peer.ts')
  const command = (role: object): Command => {
    // as `bitcdn` runs
    const flags = ['--max-semi-space-size=8', '--heap-growing-percent=40', '--import', COMPILE_CACHE]
    return { program: process.execPath, args: [...flags, peer, JSON.stringify({ tls: 'direct', ...rest, ...role })] }
  }
  return {
    ...{ name: `${label}${suffix}`, base: `bitcdn${suffix}`, seeders, receivers, folders: true },
    async send({ torrent, path }, folder, at) {
      return command({ role: 'send', torrent, path, folder, key: seederKey(at) })
    },
    receive: ({ torrent }, folder, sources) => command({ role: 'receive', torrent, folder, sources }),
  }
}

function libtorrent([suffix, seeders, receivers]: Case): Rival {
  const command = (...args: string[]): Command => ({ program: PYTHON, args: [join(HERE, 'rival.py'), ...args] })
  return {
    ...{ name: `libtorrent${suffix}`, base: `bitcdn${suffix}`, seeders, receivers, folders: true },
    send: async ({ torrent, path }) => command('send', torrent, dirname(path)),
    receive: ({ torrent }, folder, addresses) => command('receive', torrent, folder, ...addresses),
  }
}

let tracker: Promise<string> | null = null

/** Plain TCP, every piece hashed, without payment. It finds its seeder through a tracker. */
function aria2([suffix, seeders, receivers]: Case): Rival {
  const options =
    '--enable-dht=false --bt-enable-lpd=false --enable-peer-exchange=false --file-allocation=none -q'.split(' ')
  return {
    ...{ name: `aria2${suffix}`, base: `bitcdn${suffix}`, seeders, receivers, folders: false },
    async send({ torrent, path }) {
      tracker ??= startTracker()
      const port = await freePort()
      const args = [...options, `--bt-tracker=${await tracker}`, `--listen-port=${port}`, '--seed-ratio=0', '-V', '-d']
      return {
        program: 'aria2c',
        args: [...args, dirname(path), torrent],
        address: `127.0.0.1:${port}`,
        tracker: await tracker,
      }
    },
    receive({ torrent }, folder, [tracker = '']) {
      const script = 'echo ready; read go; aria2c "$@" && echo done; read end || true'
      const args = [...options, `--bt-tracker=${tracker}`, '--seed-time=0', '-d', folder, torrent]
      return { program: 'sh', args: ['-c', script, 'sh', ...args] }
    },
  }
}

/** TLS 1.3 with a certificate of this project's kind; nothing is hashed and nobody is paid. */
function nginx([suffix, seeders, receivers]: Case): Rival {
  return {
    ...{ name: `nginx${suffix}`, base: `bitcdn${suffix}`, seeders, receivers, folders: false },
    async send({ path }, folder) {
      const { cert, key } = await generateCertificate(await generateKeyPair('Ed25519'))
      await writeFile(join(folder, 'cert.pem'), cert)
      await writeFile(join(folder, 'key.pem'), key, { mode: 0o600 })
      const address = `127.0.0.1:${await freePort()}`
      const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (kind) => `${kind}_temp_path ${join(folder, kind)};`,
      )
      const server = `listen ${address} ssl; root ${dirname(path)}; ssl_protocols TLSv1.3;
        ssl_certificate ${join(folder, 'cert.pem')}; ssl_certificate_key ${join(folder, 'key.pem')};`
      const user = process.getuid?.() === 0 ? 'user root;' : ''
      const config = `daemon off; master_process off; ${user} pid ${join(folder, 'pid')}; error_log stderr crit;
        events {} http { access_log off; ${paths.join(' ')} server { ${server} } }`
      await writeFile(join(folder, 'nginx.conf'), config)
      return { program: 'nginx', args: ['-p', folder, '-c', join(folder, 'nginx.conf')], address }
    },
    receive({ path }, folder, [address]) {
      const name = path.slice(dirname(path).length + 1)
      const script = 'echo ready; read go; curl -sSfk --tlsv1.3 -o "$1" "$2" && echo done; read end || true'
      const url = `https://${address}/${name}`
      return { program: 'sh', args: ['-c', script, 'sh', join(folder, name), url] }
    },
  }
}

/** Plain TCP, every piece hashed, without payment; the other engine in JavaScript. */
function webtorrent([suffix, seeders, receivers]: Case): Rival {
  const command = (...args: string[]): Command => {
    return { program: process.execPath, args: [join(HERE, 'webtorrent.ts'), webtorrentEntry() ?? '', ...args] }
  }
  return {
    ...{ name: `webtorrent${suffix}`, base: `bitcdn${suffix}`, seeders, receivers, folders: false },
    send: async ({ torrent, path }) => command('send', torrent, dirname(path)),
    receive: ({ torrent }, folder, addresses) => command('receive', torrent, folder, ...addresses),
  }
}

/** js-libp2p as it is configured by default: TLS, yamux, one stream that carries the file. */
function libp2p([suffix, seeders, receivers]: Case): Rival {
  const command = (...args: string[]): Command => {
    return { program: process.execPath, args: [join(HERE, 'stock-libp2p.ts'), ...args] }
  }
  return {
    ...{ name: `js-libp2p${suffix}`, base: `bitcdn${suffix}`, seeders, receivers, folders: false },
    send: async ({ path }) => command('send', path),
    receive: ({ path }, folder, [address = '']) =>
      command('receive', join(folder, path.slice(dirname(path).length + 1)), address),
  }
}

/** No rival: the same bytes through a bare TLS socket of Node, hashed and written in a thread. */
function bareNode([suffix, seeders, receivers]: Case): Rival {
  const command = (...args: string[]): Command => {
    return { program: process.execPath, args: ['--max-semi-space-size=8', join(HERE, 'bare-node.ts'), ...args] }
  }
  return {
    ...{ name: `bare node${suffix}`, base: `bitcdn${suffix}`, seeders, receivers, folders: false },
    send: async ({ path }) => command('send', path),
    receive: ({ path, metainfo }, folder, [address = '']) =>
      command('receive', join(folder, path.slice(dirname(path).length + 1)), address, String(metainfo.length)),
  }
}

let entryOfWebtorrent: string | null | undefined

/** Where a global installation of WebTorrent begins, which has to be importable: its native part is not built everywhere. */
function webtorrentEntry(): string | null {
  if (entryOfWebtorrent === undefined) entryOfWebtorrent = findWebtorrent()
  return entryOfWebtorrent
}

function findWebtorrent(): string | null {
  const root = spawnSync('npm', ['root', '--global'], { encoding: 'utf8' }).stdout?.trim() ?? ''
  const entry = join(root, 'webtorrent', 'index.js')
  const load = `import(${JSON.stringify(pathToFileURL(entry).href)}).catch(() => process.exit(1))`
  return existsSync(entry) && spawnSync(process.execPath, ['-e', load], { stdio: 'ignore' }).status === 0 ? entry : null
}

function hasLibtorrent(): boolean {
  return existsSync(PYTHON) && spawnSync(PYTHON, ['-c', 'import libtorrent'], { stdio: 'ignore' }).status === 0
}

function hasProgram(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
