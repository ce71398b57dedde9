import { expect } from 'chai'
import fc from 'fast-check'
import { type Held, roomFor } from '../../../src/seeder/index.ts'

const held = (contentId: string, length: number, pricePerGiB: bigint, more: Partial<Held> = {}): Held => {
  return { contentId, length, pricePerGiB, whole: true, since: 0, ...more }
}

describe('a quota of disk', () => {
  it('lets go of what pays least, of one price of what is unfinished, then of what is oldest', () => {
    const all = [
      held('dear', 10, 9n),
      held('new', 10, 5n, { since: 2 }),
      held('old', 10, 5n, { since: 1 }),
      held('part', 10, 5n, { since: 3, whole: false }),
      held('cheap', 10, 1n, { since: 9 }),
    ]
    expect(roomFor({ length: 10, pricePerGiB: 8n }, all, 60)).to.deep.equal([])
    expect(roomFor({ length: 10, pricePerGiB: 8n }, all, 50)).to.deep.equal(['cheap'])
    expect(roomFor({ length: 25, pricePerGiB: 8n }, all, 50)).to.deep.equal(['cheap', 'part', 'old'])
    expect(roomFor({ length: 50, pricePerGiB: 8n }, all, 50), 'what pays more stays').to.equal(null)
    expect(roomFor({ length: 10, pricePerGiB: 5n }, all, 50), 'what pays as much stays').to.deep.equal(['cheap'])
    expect(roomFor({ length: 20, pricePerGiB: 5n }, all, 50)).to.equal(null)
    expect(roomFor(null, all, 25), 'a smaller quota').to.deep.equal(['cheap', 'part', 'old'])
  })

  it('is never exceeded, and nothing goes in vain', () => {
    const content = fc.record({
      ...{ length: fc.nat(100), pricePerGiB: fc.bigInt(0n, 5n), whole: fc.boolean(), since: fc.nat(5) },
    })
    fc.assert(
      fc.property(fc.array(content, { maxLength: 12 }), content, fc.nat(300), (contents, wanted, quota) => {
        const all = contents.map((each, at) => ({ ...each, contentId: String(at) }))
        const going = roomFor(wanted, all, quota)
        const sum = (list: readonly { length: number }[]) => list.reduce((total, { length }) => total + length, 0)
        const stays = all.filter(({ pricePerGiB }) => pricePerGiB >= wanted.pricePerGiB)
        if (going === null) return sum(stays) + wanted.length > quota
        const left = all.filter(({ contentId }) => !going.includes(contentId))
        const last = all.find(({ contentId }) => contentId === going.at(-1))
        const needed = last === undefined || sum(left) + last.length + wanted.length > quota
        return sum(left) + wanted.length <= quota && stays.every((each) => left.includes(each)) && needed
      }),
    )
  })
})
