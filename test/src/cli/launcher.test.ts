import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect } from 'chai'

const SCRIPT = resolve(import.meta.dirname, '../../../scripts/bitcdn.mjs')
/** Makes the launcher believe that it runs under an older Node. */
const OLD =
  "data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.20.2'}})"

describe('"npm run bitcdn" in a clone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bitcdn-launcher-'))
  after(() => rmSync(folder, { recursive: true, force: true }))

  function launch(args: readonly string[], { old = false, npm = '', from = folder } = {}) {
    const flags = old ? ['--import', OLD] : []
    const env = { ...process.env, INIT_CWD: from, npm_execpath: npm }
    const ran = spawnSync(process.execPath, [...flags, SCRIPT, ...args], { encoding: 'utf8', env })
    return { code: ran.status, out: ran.stdout, err: ran.stderr }
  }

  /** What npm would do with `npm exec --package=node@24 --call 'node -p process.execPath'`. */
  function npmThat(program: string): string {
    const path = join(folder, 'npm-cli.mjs')
    writeFileSync(path, program)
    return path
  }

  it('takes paths from where the person is', () => {
    writeFileSync(join(folder, "it's.bin"), 'some bytes')
    const ran = launch(['torrent', 'make', "it's.bin", '--json'])
    expect(ran.code, ran.err).to.equal(0)
    expect(JSON.parse(ran.out)).to.include({ name: "it's.bin", length: 10 })
  })

  it('goes on with a newer Node where the machine’s own is too old, with every argument and the exit code', () => {
    const npm = npmThat(`if (process.argv.includes('--package=node@24')) console.log(process.execPath)`)
    const ran = launch(['torrent', 'show', 'no such "file"', '--json'], { old: true, npm })
    expect(ran.code, ran.err).to.equal(3)
    expect(JSON.parse(ran.out).error.message).to.include('no such "file"')
  })

  it('says what it needs where npm cannot fetch that', () => {
    const ran = launch(['status'], { old: true, npm: npmThat('process.exit(1)') })
    expect(ran.code).to.equal(4)
    expect(ran.err).to.match(/needs Node 24 or newer, and runs under Node 20\.20\.2\.\nInstall Node 24/)
  })
})
