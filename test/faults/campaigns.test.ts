import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { resolve } from 'node:path'
import { expect } from 'chai'
import { CAMPAIGNS } from '../../scripts/soak/campaigns.ts'

const SCRIPTS = resolve(import.meta.dirname, '../../scripts')
const SEED = process.env.BITCDN_SEED ?? String(randomInt(2 ** 31))

describe('the campaigns at a tenth lose nothing', function () {
  this.timeout(900_000)

  for (const { script } of CAMPAIGNS.filter(({ tenth }) => tenth)) {
    it(script, () => {
      const args = [resolve(SCRIPTS, `${script}.ts`), '--tenth', '--seed', SEED]
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 26 })
      const last = stdout.trim().split('\n').at(-1) ?? ''
      expect(status, `${stdout.slice(-4_000)}\n${stderr.slice(-8_000)}`).to.equal(0)
      console.log(`      ${last}`)
    })
  }
})
