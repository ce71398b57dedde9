import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { EXIT_CODES } from '../../../src/cli/exit.ts'
import { SETTINGS } from '../../../src/cli/settings.ts'

const page = readFileSync(new URL('../../../docs/CLI.md', import.meta.url), 'utf8')

describe('docs/CLI.md', () => {
  it('lists every exit code with the words that lead to it', () => {
    const documented: Record<string, number> = {}
    for (const [, code, words] of page.matchAll(/^\| (\d+) \|[^|]*\|([^|]*)\|$/gm)) {
      for (const [, word] of words!.matchAll(/`([a-z-]+)`/g)) documented[word!] = Number(code)
    }
    expect(documented).to.deep.equal({ ...EXIT_CODES, unexpected: 1 })
  })

  it('lists every setting with its flag, variable, key and default', () => {
    for (const [key, setting] of Object.entries(SETTINGS)) {
      const fallback = 'fallback' in setting ? `\`${setting.fallback}\`` : ''
      const row = page.split('\n').find((line) => line.includes(`\`${setting.env}`)) ?? ''
      expect(row, key).to.include(`\`${setting.flag.split(' ')[0]}\``)
      expect(row, key).to.include(`\`${key}\``)
      expect(row, key).to.include(fallback)
    }
  })
})
