// INVARIANTS.md names tests; they must exist.
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const here = fileURLToPath(new URL('.', import.meta.url))
const page = readFileSync(`${here}INVARIANTS.md`, 'utf8')
const read = (pattern: string) => globSync(`${here}${pattern}`).map((path) => readFileSync(path, 'utf8'))

describe('INVARIANTS.md', () => {
  it('names a test for every attack of the list', () => {
    const rows = page
      .split('## Attacks')[1]!
      .split('\n')
      .filter((line) => line.startsWith('| ') && !line.startsWith('| Attack |'))
    const titles = rows.map((line) => line.split('|')[2]!.trim())
    expect(titles.length).to.be.greaterThan(50)
    const tests = read('*.ts').join('\n')
    for (const title of titles) {
      const written = ['`', "'"].some((quote) => tests.includes(`it(${quote}${title}${quote}`))
      expect(written, title).to.equal(true)
    }
  })

  it('names every invariant that is fuzzed, and no other', () => {
    const tests = read('solidity/*.sol').join('\n')
    const written = [...tests.matchAll(/function ((?:invariant|testFuzz)_\w+)/g)].map(([, name]) => name!)
    const named = [...page.matchAll(/`((?:invariant|testFuzz)_\w+)`/g)].map(([, name]) => name!)
    expect(new Set(named.filter((name) => !written.includes(name)))).to.deep.equal(new Set())
    const invariants = written.filter((name) => name.startsWith('invariant_'))
    expect(invariants.length).to.be.at.least(15)
    expect(new Set(invariants.filter((name) => !named.includes(name)))).to.deep.equal(new Set())
  })
})
