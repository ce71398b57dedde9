import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect } from 'chai'

const ROOT = resolve(import.meta.dirname, '../..')

/** What somebody gets who installs the package and has never seen this repository. */
describe('the npm package in an empty folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bitcdn-package-'))
  const run = (command: string, args: string[], cwd = folder): string =>
    execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

  before(function () {
    this.timeout(300_000)
    run('npm', ['pack', '--silent', '--pack-destination', folder], ROOT)
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'shop', private: true, type: 'module' }))
    // A TypeScript project for Node has Node's types.
    run('npm', ['install', '--no-audit', '--no-fund', `./${tarball}`, '@types/node@24.19.2'])
  })

  after(() => rmSync(folder, { recursive: true, force: true }))

  it('has a bitcdn --help that runs', () => {
    const help = run(join(folder, 'node_modules/.bin/bitcdn'), ['--help'])
    for (const command of ['publish', 'seed', 'get', 'pass', 'claim', 'torrent']) expect(help).to.include(command)
  })

  it('makes and verifies a torrent without any chain', () => {
    writeFileSync(join(folder, 'hello.txt'), 'hello')
    const bitcdn = join(folder, 'node_modules/.bin/bitcdn')
    const made = JSON.parse(run(bitcdn, ['torrent', 'make', 'hello.txt', '-o', 'hello.torrent', '--json']))
    expect(made.contentId).to.match(/^[0-9a-f]{64}$/)
    expect(JSON.parse(run(bitcdn, ['torrent', 'verify', 'hello.torrent', 'hello.txt', '--json'])).complete).to.equal(
      true,
    )
  })

  it('starts the thread that checks what is downloaded', () => {
    writeFileSync(
      join(folder, 'thread.js'),
      "import { createChecker } from './node_modules/bitcdn/dist/downloader/checker.js'\n" +
        "import { createSlots } from './node_modules/bitcdn/dist/downloader/slots.js'\n" +
        "process.on('warning', ({ message }) => console.log(message))\n" +
        'const [checker, slot] = [createChecker(), createSlots().borrow()]\n' +
        'for (let waited = false; !waited; ) {\n' +
        '  let answered = false\n' +
        '  const check = checker.check(slot, 0, 1, 1).then(() => { answered = true })\n' +
        '  await Promise.resolve().then(() => {})\n' +
        '  waited = !answered\n' +
        '  await check\n' +
        '  await new Promise((resolve) => setTimeout(resolve, 20))\n' +
        '}\n' +
        "console.log('started')\n",
    )
    expect(run(process.execPath, ['thread.js'])).to.equal('started\n')
  })

  it('lets browsers in by WebRTC, without what only React Native needs', () => {
    expect(readdirSync(join(folder, 'node_modules')).filter((name) => name.includes('react'))).to.deep.equal([])
    writeFileSync(
      join(folder, 'listen.js'),
      "import { createNode, createPeerKey } from './node_modules/bitcdn/dist/discovery/index.js'\n" +
        "process.on('warning', ({ message }) => console.log(message))\n" +
        'const start = async (init) => createNode({ privateKey: await createPeerKey(), allowPrivate: true, ...init })\n' +
        "const node = await start({ listen: ['/ip4/127.0.0.1/tcp/0'], reach: { webRtc: true } })\n" +
        "const address = node.addresses().find((one) => one.includes('/webrtc-direct/'))\n" +
        'const connection = await (await start({})).connect(address, { signal: AbortSignal.timeout(15_000) })\n' +
        'console.log(connection.status)\n' +
        'process.exit(0)\n',
    )
    expect(run(process.execPath, ['listen.js'])).to.equal('open\n')
  })

  it('has an import that type-checks and runs', function () {
    this.timeout(120_000)
    writeFileSync(
      join(folder, 'shop.ts'),
      "import { BitCdnError, connectChain, parseMetainfo } from 'bitcdn'\n" +
        'const open: typeof connectChain = connectChain\n' +
        'export const error: Error = new BitCdnError("usage", typeof open + " " + typeof parseMetainfo)\n' +
        'console.log(error.message)\n',
    )
    const options = {
      strict: true,
      module: 'nodenext',
      target: 'es2024',
      noEmit: true,
      types: ['node'],
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['shop.ts'] }))
    run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder])
    expect(run(process.execPath, ['shop.ts'])).to.equal('function function\n')
  })
})
