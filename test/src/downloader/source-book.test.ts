import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { BAN_MILLISECONDS, openSourceBook, type PeerProgress } from '../../../src/downloader/index.ts'

const seen = (changes: Partial<PeerProgress>): PeerProgress => ({
  ...{ peer: 'one', kind: 'seeder', state: 'over', bytes: 1000, rate: 50, share: 1, paid: 7n, failure: null },
  ...changes,
})
const lie = { peer: 'one', code: 'verification-failed', message: 'It lied.', banned: true } as const

describe('what is remembered of sources', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bitcdn-book-'))
  const path = join(folder, 'sources.json')
  after(() => rmSync(folder, { recursive: true }))

  it('adds up over runs and processes, and the last rate counts', () => {
    const first = openSourceBook(path)
    first.note([seen({}), seen({ peer: 'https://cdn.example/', kind: 'web seed', paid: 0n })])
    first.save()
    const second = openSourceBook(path)
    second.note([seen({ rate: 80 }), seen({ peer: 'three', bytes: 0 })])
    second.save()
    const known = openSourceBook(path)
    expect(known.all().map(({ name }) => name)).to.have.members(['one', 'https://cdn.example/'])
    expect(known.all().find(({ name }) => name === 'one')).to.include({ rate: 80, bytes: 2000, paid: 14n })
    expect([known.expected('one'), known.expected('three')]).to.deep.equal([80, 0])
  })

  it('keeps a liar away for a day, or until it is forgotten', () => {
    let now = 1_000_000
    const book = openSourceBook(join(folder, 'liars.json'), () => now)
    book.note([seen({ failure: lie, bytes: 0 })])
    expect(book.expected('one')).to.equal(null)
    now += BAN_MILLISECONDS
    expect(book.expected('one')).to.equal(50)
    book.note([seen({ failure: lie })])
    expect(book.expected('one')).to.equal(null)
    expect([book.forget('one'), book.forget('one'), book.expected('one')]).to.deep.equal([true, false, 0])
  })

  it('is empty when its file is damaged, and bounded', () => {
    for (const text of ['', '{', '[null, 5, {"name": 7}]', '{"name":"a"}']) {
      writeFileSync(path, text)
      expect(openSourceBook(path).all(), text).to.deep.equal([])
    }
    let now = 0
    const book = openSourceBook(path, () => now++)
    book.note(Array.from({ length: 1_500 }, (_, at) => seen({ peer: `peer-${at}` })))
    expect(book.all()).to.have.length(1_000)
    expect(book.all()[0]?.name).to.equal('peer-1499')
  })
})
