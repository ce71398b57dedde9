// The steps of docs/operate/Dockerfile one after the other in an empty folder, and what they make run as the image says: as
// process 1, as a user without rights, with code that nobody can write.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { expect } from 'chai'
import { type Bed, createBed } from '../../src/devnet/bed.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const isRoot = process.getuid?.() === 0

interface Step {
  readonly word: string
  readonly rest: string
}

const steps: readonly Step[] = readFileSync(join(ROOT, 'docs/operate/Dockerfile'), 'utf8')
  .replaceAll(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => /^[A-Z]+ /.test(line))
  .map((line) => ({ word: line.slice(0, line.indexOf(' ')), rest: line.slice(line.indexOf(' ') + 1).trim() }))

describe('the steps of the Dockerfile', function () {
  this.timeout(600_000)
  const folder = mkdtempSync(join(tmpdir(), 'bitcdn-image-'))
  const image = join(folder, 'image')
  const state = join(image, 'var/lib/bitcdn')
  const environment: Record<string, string> = {}
  let bed: Bed
  let health: readonly string[] = []
  let entry = ''

  before(async () => {
    chmodSync(folder, 0o755)
    bed = await createBed()
    build()
  })
  after(async () => {
    await bed?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Absolute paths of the image lie below a folder. */
  function build(): void {
    const stages = new Map<string, string>()
    let root = image
    let at = '/'
    for (const { word, rest } of steps) {
      if (word === 'FROM') {
        const name = rest.split(' AS ')[1]
        root = name === undefined ? image : join(folder, name)
        if (name !== undefined) stages.set(name, root)
        at = '/'
        mkdirSync(join(root, 'usr/local/bin'), { recursive: true })
        mkdirSync(join(root, 'var/lib'), { recursive: true })
      } else if (word === 'WORKDIR') {
        at = rest
        mkdirSync(join(root, at), { recursive: true })
      } else if (word === 'COPY') {
        const [, stage] = /^--from=(\w+) /.exec(rest) ?? []
        const paths = rest.replace(/^--from=\w+ /, '').split(/\s+/)
        const target = paths.pop() ?? ''
        for (const path of paths) {
          const from = join(stage === undefined ? ROOT : (stages.get(stage) ?? ''), path)
          const single = paths.length === 1 && !target.endsWith('/')
          const to = join(root, at, target, single ? '' : (path.split('/').at(-1) ?? ''))
          mkdirSync(dirname(to), { recursive: true })
          cpSync(from, to, { recursive: true, verbatimSymlinks: true })
        }
      } else if (word === 'RUN') {
        const owned = isRoot ? rest : rest.replaceAll(/-[og] 10001/g, '')
        const command = owned.replaceAll(/(?<= )\/(opt|usr|var)\//g, (path) => `${root}${path}`)
        const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` }
        execFileSync('/bin/sh', ['-ec', command], { cwd: join(root, at), env, stdio: ['ignore', 'pipe', 'pipe'] })
      } else if (word === 'ENV') {
        for (const [, name = '', value = ''] of rest.matchAll(/(\w+)=(\S+)/g)) environment[name] = value
      } else if (word === 'HEALTHCHECK') health = JSON.parse(rest.slice(rest.indexOf('CMD ') + 4)) as string[]
      else if (word === 'ENTRYPOINT') entry = (JSON.parse(rest) as string[])[0] ?? ''
    }
    copyFileSync(process.execPath, join(image, 'usr/local/bin/node'))
  }

  /** As the image says, with the network of this machine. */
  function run(args: readonly string[], env: Record<string, string>, within: readonly string[] = []): ChildProcess {
    const code = join(image, 'opt/bitcdn')
    const confined = `mount --bind '${code}' '${code}' && mount -o remount,ro,bind '${code}' && exec "$@"`
    const user = isRoot ? ['setpriv', '--reuid=10001', '--regid=10001', '--clear-groups', '--no-new-privs', '--'] : []
    const namespaces = ['unshare', ...(isRoot ? [] : ['-r']), '--mount', '--pid', '--fork', '--mount-proc']
    const through = within.length > 0 ? within : [...namespaces, 'sh', '-ec', confined, 'sh']
    const [command = '', ...rest] = [...through, ...user, ...args]
    return spawn(command, rest, {
      cwd: code,
      env: {
        ...environment,
        ...{ PATH: `${join(image, 'usr/local/bin')}:/usr/bin:/bin:/usr/sbin:/sbin`, BITCDN_HOME: state },
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  async function ended(child: ChildProcess): Promise<{ code: number; out: string }> {
    let out = ''
    const hear = (text: Buffer): void => {
      out += text
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    const code = await new Promise<number>((settle) => child.once('close', (status) => settle(status ?? 1)))
    return { code, out }
  }

  it('make a bitcdn that runs, and that its user cannot change', async () => {
    const help = await ended(run([entry, '--help'], {}))
    expect(help.code, help.out).to.equal(0)
    expect(help.out).to.include('seed')
    const touch = await ended(run(['touch', join(image, 'opt/bitcdn/dist/mark')], {}))
    expect(touch.code).to.not.equal(0)
    expect(touch.out).to.match(/Read-only|denied/)
  })

  it('serve as process 1, are healthy, are seen by other commands, and end in order', async () => {
    const port = await freePort()
    const settings = {
      ...{ BITCDN_RPC: bed.chain.rpcUrl, BITCDN_REGISTRY: bed.chain.contracts.registry, BITCDN_FINALITY: 'latest' },
      ...{ BITCDN_LISTEN: '/ip4/127.0.0.1/tcp/0', BITCDN_MONITOR: `127.0.0.1:${port}`, BITCDN_ALLOW_PRIVATE: '1' },
    }
    const content = join(state, 'film.bin')
    const made = await ended(run([entry, 'key', 'new'], settings))
    expect(made.code, made.out).to.equal(0)
    writeFileSync(join(folder, 'film.bin'), Buffer.alloc(300_000, 'film'))
    await ended(run(['cp', join(folder, 'film.bin'), content], settings))
    const torrent = join(state, 'film.torrent')
    expect((await ended(run([entry, 'torrent', 'make', content, '-o', torrent], settings))).code).to.equal(0)
    for (const round of ['the first start', 'the second, on the same data']) {
      const seeder = run([entry, 'seed', torrent, '--data', content, '--no-claim', '--json'], settings)
      const end = ended(seeder)
      await new Promise<void>((settle, fail) => {
        seeder.stdout?.on('data', (text: Buffer) => String(text).includes('"ready":true') && settle())
        void end.then(({ out }) => fail(new Error(`${round}: ${out}`)))
      })
      const { code, out } = await ended(
        run(
          health.map((part) => part.replace('9464', String(port))),
          settings,
        ),
      )
      expect(code, out).to.equal(0)
      const wrong = await ended(
        run(
          health.map((part) => part.replace('9464', '1')),
          settings,
        ),
      )
      expect(wrong.code, 'the check can fail').to.equal(1)
      const inside = execFileSync('pgrep', ['-P', String(seeder.pid)], { encoding: 'utf8' }).trim()
      const enter = [
        'nsenter',
        '--target',
        inside,
        '--mount',
        '--pid',
        ...(isRoot ? [] : ['-U', '--preserve-credentials']),
      ]
      const status = await ended(run([entry, 'status', '--json'], settings, enter))
      expect(status.out, round).to.match(/"name":"seed"/)
      // with process 1 everything of its namespace ends, this command too
      await ended(run([entry, 'stop', 'seed'], settings, enter))
      const last = await end
      expect(last.code, last.out).to.equal(0)
    }
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle))
  const { port } = server.address() as { port: number }
  await new Promise((settle) => server.close(settle))
  return port
}
