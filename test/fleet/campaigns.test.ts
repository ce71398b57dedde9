import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { resolve } from 'node:path'
import { expect } from 'chai'

const SCRIPTS = resolve(import.meta.dirname, '../../scripts')
const SEED = process.env.BITCDN_SEED ?? String(randomInt(2 ** 31))
const CAMPAIGNS = {
  'soak/fleet': 'a fleet under fire loses no receipt and completes every download',
  'soak/scrapes': 'scrapes never hold up a seeder under load',
  'soak/day': 'minutes of a day: memory that does not grow, an event loop that does not stand still',
}

describe('fleets and watching, at CI length', function () {
  this.timeout(900_000)

  for (const [script, title] of Object.entries(CAMPAIGNS)) {
    it(title, () => {
      const args = [resolve(SCRIPTS, `${script}.ts`), '--tenth', '--seed', SEED]
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 26 })
      expect(status, `${stdout.slice(-4_000)}\n${stderr.slice(-8_000)}`).to.equal(0)
      console.log(`      ${stdout.trim().split('\n').at(-1)}`)
    })
  }
})
