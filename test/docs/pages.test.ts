import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { expect } from 'chai'
import { type Address, parseEther, toHex } from 'viem'
import { mintTestUsd } from '../../src/chain/index.ts'
import { type Bed, createBed, type Persona } from '../../src/devnet/bed.ts'
import { createBootstrap } from '../../src/devnet/bootstrap.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const MAIN = join(ROOT, 'src/cli/main.ts')

interface Section {
  readonly page: string
  readonly heading: string
  /** Command lines of its `sh` blocks. */
  readonly commands: readonly string[]
  /** Its `ts` blocks. */
  readonly programs: readonly string[]
}

function sectionsOf(page: string): Section[] {
  const text = readFileSync(join(ROOT, page), 'utf8')
  return text
    .split(/^#{1,2} /m)
    .slice(1)
    .map((part) => ({
      page,
      heading: part.slice(0, part.indexOf('\n')),
      commands: [...part.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap((block) => block[1]!.trim().split('\n')),
      programs: [...part.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((block) => block[1]!),
    }))
}

const PAGES = ['docs/CREATOR.md', 'docs/SEEDER.md', 'docs/OPERATORS.md', 'docs/BUYER.md', 'docs/PLATFORM.md']
const sections = PAGES.flatMap(sectionsOf)

/** What `npm run test:bare` follows on a machine of its own. */
const ELSEWHERE = ['From a bare machine to the first payout', 'Update'].map(
  (heading) => `docs/OPERATORS.md: ${heading}`,
)

/** The story that the pages tell together, in the order in which its people act. */
const STORY: readonly (readonly [page: string, heading: string])[] = [
  ['docs/CREATOR.md', 'Once'],
  ['docs/CREATOR.md', 'Publish'],
  ['docs/CREATOR.md', 'Open the door'],
  ['docs/SEEDER.md', 'Start'],
  ['docs/CREATOR.md', 'Pay for delivery'],
  ['docs/BUYER.md', 'For buyers: get what you paid for'],
  ['docs/BUYER.md', 'Buy'],
  ['docs/BUYER.md', 'Download'],
  ['docs/BUYER.md', "Without a seller's gateway"],
  ['docs/BUYER.md', 'Take back what you did not use'],
  ['docs/SEEDER.md', 'Earn'],
  ['docs/SEEDER.md', 'Choose when'],
  ['docs/SEEDER.md', 'Choose what'],
  ['docs/SEEDER.md', 'Watch'],
  ['docs/OPERATORS.md', 'Why am I earning nothing'],
  ['docs/OPERATORS.md', 'Look at it'],
  ['docs/OPERATORS.md', 'Statements'],
  ['docs/OPERATORS.md', 'What is never served'],
  ['docs/SEEDER.md', 'Get paid'],
  ['docs/PLATFORM.md', 'Deploy'],
  ['docs/PLATFORM.md', 'The SDK'],
  ['docs/SEEDER.md', 'Be paid to a key that is not here'],
  ['docs/SEEDER.md', 'Keep'],
  ['docs/OPERATORS.md', 'Watch a gateway'],
  ['docs/CREATOR.md', 'Collect'],
]

describe('every command of the pages for creators, seeders, buyers and platforms', function () {
  this.timeout(300_000)
  let bed: Bed
  let funder: Persona
  let stop: () => Promise<void>
  let port: number
  let monitorPort: number
  let gatewayMonitorPort: number
  const values: Record<string, string> = {}
  const environment: Record<string, string> = {}
  const running: ChildProcess[] = []

  before(async () => {
    bed = await createBed()
    const bootstrap = await createBootstrap()
    funder = await bed.persona('funder')
    stop = () => bootstrap.stop()
    port = await freePort()
    monitorPort = await freePort()
    gatewayMonitorPort = await freePort()
    const bin = join(bed.folder, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'bitcdn'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`)
    chmodSync(join(bin, 'bitcdn'), 0o755)
    symlinkSync(join(ROOT, 'node_modules/.bin/hardhat'), join(bin, 'hardhat'))
    writeFileSync(join(bed.folder, 'film.mkv'), Buffer.alloc(2_000_000, 'a film '))
    writeFileSync(join(bed.folder, 'password.txt'), 'correct horse battery staple\n', { mode: 0o600 })
    Object.assign(values, {
      BOOTSTRAP_ADDRESS: bootstrap.address,
      REGISTRY_ADDRESS: bed.chain.contracts.registry,
      FRIEND_ADDRESS: (await bed.persona('friend')).address,
      OPERATOR_ADDRESS: (await bed.persona('operator')).address,
    })
    Object.assign(environment, {
      PATH: `${bin}:${process.env.PATH}`,
      HOME: bed.folder,
      BITCDN_ALLOW_PRIVATE: '1',
      BITCDN_FINALITY: 'latest',
      BITCDN_LISTEN: '/ip4/127.0.0.1/tcp/0',
    })
  })

  after(async () => {
    for (const child of running) child.kill('SIGTERM')
    await bed?.close()
    await stop?.()
  })

  for (const [page, heading] of STORY) {
    it(`${page}: ${heading}`, async () => {
      const section = sections.find((one) => one.page === page && one.heading === heading)
      expect(section, `${page} has no section "${heading}"`).to.not.equal(undefined)
      // operators look after seeders, and after a gateway
      const who = page
        .replace('OPERATORS', heading === 'Watch a gateway' ? 'CREATOR' : 'SEEDER')
        .replace(/^docs\/|\.md$/g, '')
        .toLowerCase()
      for (const command of section!.commands) await act(who, command)
      for (const program of section!.programs) await runProgram(program)
    })
  }

  it('was part of the story', () => {
    const told = new Set([...ELSEWHERE, ...STORY.map(([page, heading]) => `${page}: ${heading}`)])
    const untold = sections.filter(
      ({ page, heading, commands, programs }) =>
        commands.length + programs.length > 0 && !told.has(`${page}: ${heading}`),
    )
    expect(untold.map(({ page, heading }) => `${page}: ${heading}`)).to.deep.equal([])
  })

  /** Runs one line as the page has it, with the reader's own values in the place of the words in capitals. */
  async function act(who: string, line: string): Promise<void> {
    const command = line
      .replaceAll(/\b[A-Z]+_(?:ADDRESS|ID)\b/g, (word) => values[word] ?? word)
      .replaceAll('8787', String(port))
      .replaceAll('9464', String(monitorPort))
      .replaceAll('9465', String(gatewayMonitorPort))
      .replace('http://127.0.0.1:8545', bed.chain.rpcUrl)
      .replace(/^npx hardhat/, `cd '${ROOT}' && hardhat`)
    const exported = /^export (\w+)=(.*)$/.exec(command)
    if (exported !== null) {
      environment[exported[1]!] = exported[2]!
      return
    }
    const env = { ...environment, BITCDN_HOME: join(bed.folder, who) }
    const { out } = /^bitcdn (seed|gateway) /.test(command)
      ? await startLasting(command, env)
      : await shell(command, env)
    await remember(who, line, out)
  }

  async function remember(who: string, line: string, out: string): Promise<void> {
    const [, name] = /^bitcdn key new ?(\w*)/.exec(line) ?? []
    const address = /Address\s+(0x[0-9a-fA-F]{40})/.exec(out)?.[1] as Address | undefined
    if (name !== undefined && address !== undefined) {
      values[`${(name || who).toUpperCase()}_ADDRESS`] = address
      await fund(address)
    }
    const contentId = /^Content\s+([0-9a-f]{64})$/m.exec(out)?.[1]
    if (contentId !== undefined) values.CONTENT_ID = contentId
  }

  /** "Send some coin to it." */
  async function fund(address: Address): Promise<void> {
    const body = { jsonrpc: '2.0', id: 1, method: 'hardhat_setBalance', params: [address, toHex(parseEther('10'))] }
    await fetch(bed.chain.rpcUrl, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    })
    await mintTestUsd(funder.chain, { to: address, amount: 100_000_000n })
  }

  async function runProgram(program: string): Promise<void> {
    const file = join(ROOT, 'test/docs', `.page-${process.pid}.ts`)
    writeFileSync(file, program.replaceAll("from 'bitcdn'", "from '../../src/sdk/index.ts'"))
    const key = readFileSync(join(bed.folder, 'buyer/keys/default.key'), 'utf8').trim()
    try {
      const { out } = await shell(`'${process.execPath}' '${file}'`, {
        ...environment,
        BUYER_KEY: `0x${key}`,
        CONTENT_ID: values.CONTENT_ID ?? '',
      })
      expect(out).to.match(/^pass \d+ for 5000000 units\n2000000 bytes in .*film\.mkv$/m)
    } finally {
      const { rmSync } = await import('node:fs')
      rmSync(file)
    }
  }

  function shell(command: string, env: Record<string, string>): Promise<{ out: string }> {
    return new Promise((settle, fail) => {
      execFile('/bin/sh', ['-c', command], { env, cwd: bed.folder }, (error, out, err) =>
        error === null ? settle({ out }) : fail(new Error(`${command}\n${out}${err}`)),
      )
    })
  }

  /** A command that the page tells to leave running. */
  function startLasting(command: string, env: Record<string, string>): Promise<{ out: string }> {
    return new Promise((settle, fail) => {
      const child = spawn('/bin/sh', ['-c', `exec ${command}`], {
        env,
        cwd: bed.folder,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      running.push(child)
      let out = ''
      let err = ''
      child.stdout.on('data', (text) => {
        out += text
        if (/^(Sells|Serves) /m.test(out)) settle({ out })
      })
      child.stderr.on('data', (text) => {
        err += text
      })
      child.once('close', (code) => fail(new Error(`${command} ended with ${code}\n${out}${err}`)))
    })
  }
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle))
  const { port } = server.address() as { port: number }
  await new Promise((settle) => server.close(settle))
  return port
}
