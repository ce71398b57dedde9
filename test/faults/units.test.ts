// The units of docs/operate as systemd itself reads them; what their flags mean, test/docs/operate.test.ts asks.
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect } from 'chai'

const OPERATE = resolve(import.meta.dirname, '../../docs/operate')
const UNITS = ['bitcdn-seeder.service', 'bitcdn-gateway.service']

describe('docs/operate: units', () => {
  it('are understood by systemd, and confined', function () {
    this.timeout(20_000)
    const folder = mkdtempSync(join(tmpdir(), 'bitcdn-units-'))
    try {
      const program = join(folder, 'bitcdn')
      writeFileSync(program, '#!/bin/sh\n')
      chmodSync(program, 0o755)
      for (const unit of UNITS) {
        const path = join(folder, unit)
        writeFileSync(path, readFileSync(join(OPERATE, unit), 'utf8').replaceAll('/usr/local/bin/bitcdn', program))
        const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' })
        expect(stderr.split('\n').filter((line) => line.includes(unit))).to.deep.equal([])
        expect(status, stderr).to.equal(0)
        // 0 is confined as far as can be, 10 not at all; the threshold is in tenths
        const options = ['security', '--offline=yes', '--threshold=15', path]
        expect(execFileSync('systemd-analyze', options, { encoding: 'utf8' })).to.match(/exposure level .*: [01]\./)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
