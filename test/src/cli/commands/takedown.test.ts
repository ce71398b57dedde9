import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { bitcdn } from '../terminal.ts'

describe('bitcdn takedown', () => {
  let folder: string
  let home: string
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bitcdn-takedown-'))
    home = join(folder, 'home')
    writeFileSync(join(folder, 'never.txt'), `${'1'.repeat(64)} # a film\n# nothing\n`)
    expect((await bitcdn(['key', 'new', '--home', home])).code).to.equal(0)
  })
  after(() => rmSync(folder, { recursive: true }))

  const at = (name: string): string => join(folder, name)
  const sign = (...more: string[]) =>
    bitcdn(['takedown', 'sign', at('never.txt'), '-o', at('list.json'), '--home', home, ...more])

  it('signs a list, counts on from the one that it replaces, and shows it', async () => {
    expect((await sign()).out).to.match(/^Signed {5}1 entry as sequence 1, by 0x/m)
    expect((await sign('--expires', '1d')).out).to.include('as sequence 2')
    const { code, out } = await bitcdn(['takedown', 'show', at('list.json')])
    expect(code).to.equal(0)
    expect(out).to.match(/^Sequence {3}2, until 2/m)
    expect(out).to.include(`Denies     ${'1'.repeat(64)}`)
  })

  it('does not go back, and overwrites nothing else', async () => {
    const { code, err } = await sign('--sequence', '2')
    expect(code).to.equal(2)
    expect(err).to.include('has the sequence 2')
    writeFileSync(at('other'), 'letters')
    const other = await bitcdn(['takedown', 'sign', at('never.txt'), '-o', at('other'), '--home', home])
    expect(other.code).to.equal(2)
    expect(readFileSync(at('other'), 'utf8')).to.equal('letters')
  })

  it('tells of a list that somebody changed', async () => {
    writeFileSync(at('changed.json'), readFileSync(at('list.json'), 'utf8').replace('"sequence": 2', '"sequence": 3'))
    const { code, err } = await bitcdn(['takedown', 'show', at('changed.json')])
    expect(code).to.equal(9)
    expect(err).to.include('signature')
  })
})
