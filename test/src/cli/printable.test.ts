import { expect } from 'chai'
import { printable, printableLines } from '../../../src/cli/printable.ts'
import { bitcdn } from './terminal.ts'

describe('what strangers wrote', () => {
  it('is shown as it is in any language', () => {
    for (const text of ['Фильм "a\'b" 🎬', '日本/ü 文件.bin', 'שלום', '']) expect(printable(text)).to.equal(text)
  })

  it('cannot steer the terminal, end a line or turn it round', () => {
    expect(printable('\u001b[31mred\u0007\n\u009b2J')).to.equal('\\u{1b}[31mred\\u{7}\\u{a}\\u{9b}2J')
    expect(printable('exe.\u202egpj')).to.equal('exe.\\u{202e}gpj')
    expect(printableLines('a\nb\r')).to.equal('a\nb\\u{d}')
  })

  it('is made harmless in failures too', async () => {
    const ran = await bitcdn(['torrent', 'show', 'no\u001b[2Jsuch'])
    expect(ran.err).to.include('no\\u{1b}[2Jsuch').and.not.to.include('\u001b')
  })
})
