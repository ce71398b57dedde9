import { spawnSync } from 'node:child_process'
import { expect } from 'chai'

describe('src/chain/abi', () => {
  it('is what the contracts compile to', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/generate-abi.ts', '--check'], { encoding: 'utf8' })
    expect(status, stderr).to.equal(0)
  })
})
