import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { expect } from 'chai'
import { type Swarm, startSwarm } from '../../../swarm/swarm.ts'
import { bitcdn } from '../terminal.ts'

const MIB = 2 ** 20
const MAIN = resolve(import.meta.dirname, '../../../../src/cli/main.ts')

describe('bitcdn pause and resume', () => {
  let swarm: Swarm

  before(async () => {
    swarm = await startSwarm({ bytes: 6 * MIB, seeders: [{ free: true, rate: 2 * MIB }] })
  })
  after(() => swarm.stop())

  it('let a running download rest, and go on where it was', async () => {
    const folder = join(swarm.content.folder, 'paused')
    const home = join(folder, '.home')
    const args = ['get', swarm.content.torrent, '-o', folder, '--home', home, '--pay', 'none', '--json', '--events']
    const get = spawn(process.execPath, [MAIN, ...args, '--allow-private', '--peer', swarm.sources[0] as string])
    const ended = once(get, 'exit')
    let out = ''
    let events = ''
    get.stdout.on('data', (chunk: Buffer) => {
      out += chunk
    })
    get.stderr.on('data', (chunk: Buffer) => {
      events += chunk
    })
    const sent = (): number => swarm.seeders[0]?.uplink.bytes ?? 0
    const until = async (done: () => boolean): Promise<void> => {
      while (!done()) {
        if (get.exitCode !== null) throw new Error(`The download ended early: ${out} ${events}`)
        await pause(50)
      }
    }
    await until(() => sent() >= MIB)
    expect((await bitcdn(['pause', 'get', '--home', home, '--json'])).json()).to.deep.equal({
      paused: [`get-${get.pid}`],
    })
    await until(() => events.includes('"event":"paused"'))
    await pause(300)
    const before = sent()
    expect((await bitcdn(['status', '--home', home])).out).to.match(/get-\d+, process \d+, since .*, paused/)
    await pause(1_000)
    expect(sent(), 'sent while it rested').to.equal(before)
    expect((await bitcdn(['resume', '--home', home])).code).to.equal(0)
    const [code] = await ended
    expect(code, events).to.equal(0)
    const wanted = await readFile(swarm.content.path)
    expect((await readFile(join(folder, 'content.bin'))).equals(wanted)).to.equal(true)
    expect(sent(), 'sent in all').to.be.below(7.5 * MIB)
    expect((await bitcdn(['pause', '--home', home])).code, 'nothing runs any more').to.equal(2)
  })

  it('know what can rest', async () => {
    const { code, err } = await bitcdn(['pause', 'gateway', '--home', swarm.content.folder])
    expect(code).to.equal(2)
    expect(err).to.include('Only a seeder or a download can be paused')
  })
})

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
