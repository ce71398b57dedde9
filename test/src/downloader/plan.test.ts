import { expect } from 'chai'
import { type ContentStore, type Metainfo, unitCount } from '../../../src/content/index.ts'
import { type Assignment, createPlan, type Owner, type Plan } from '../../../src/downloader/plan.ts'
import { createRandom, type Random } from '../../parity/random.ts'

const UNIT = 128 * 1024
const MIB = 2 ** 20

/** A file of so many pieces; the plan looks at lengths alone. */
function metainfoOf(pieceCount: number, pieceLength: number, last: number): Metainfo {
  const length = (pieceCount - 1) * pieceLength + last
  const piecesRoot = new Uint8Array(32)
  const file = { path: ['a'], length, piecesRoot, executable: false, firstPiece: 0, pieceCount }
  const layers = new Map([[Buffer.from(piecesRoot).toString('hex'), new Uint8Array(32 * pieceCount)]])
  return { files: [file], length, pieceCount, pieceLength, pieceLayers: layers } as unknown as Metainfo
}

function planOf(metainfo: Metainfo, rarity?: Parameters<typeof createPlan>[1]): Plan {
  const nothing = { verifiedBytes: 0, hasPiece: () => false, hasUnit: () => false }
  return createPlan({ metainfo, ...nothing } as unknown as ContentStore, rarity)
}

interface Holder extends Owner {
  readonly pieces: Set<number>
}

function holder(id: string, metainfo: Metainfo, pieces?: Iterable<number>): Holder {
  const held = new Set(pieces ?? Array.from({ length: metainfo.pieceCount }, (_, piece) => piece))
  return {
    ...{ id, pieces: held, has: (piece: number) => held.has(piece), cancel: () => undefined },
    get whole() {
      return held.size === metainfo.pieceCount
    },
  }
}

/** All of it arrives. */
function arrive(plan: Plan, assignment: Assignment): void {
  const { piece, offset, length } = assignment
  for (let at = offset; at < offset + length; at += UNIT) plan.verified(piece, at / UNIT)
  plan.finish(assignment)
}

describe('the plan of a download', () => {
  it('gives out the content in order while every source holds all of it', () => {
    const metainfo = metainfoOf(5, MIB, 3 * UNIT + 5)
    const plan = planOf(metainfo)
    const [one, two] = [holder('one', metainfo), holder('two', metainfo)]
    const places: number[] = []
    for (let turn = 0; ; turn++) {
      const slice = plan.take(turn % 2 === 0 ? one : two, 3 * UNIT)
      if (slice === null) break
      places.push(slice.piece.offset + slice.offset)
      arrive(plan, slice)
    }
    expect(places).to.deep.equal([...places].sort((a, b) => a - b))
    expect([plan.complete, plan.unassigned]).to.deep.equal([true, 0])
  })

  it('begins what fewest hold, where somebody lacks some', () => {
    const metainfo = metainfoOf(8, MIB, MIB)
    const whole = holder('whole', metainfo)
    const part = holder('part', metainfo, [0, 1, 2, 3, 5, 6, 7])
    const plan = planOf(metainfo, () => (piece) => [whole, part].filter(({ has }) => has(piece)).length)
    expect(plan.take(whole, MIB)?.piece.index).to.equal(4)
    expect(plan.take(part, MIB)?.piece.index).to.be.oneOf([0, 1, 2, 3, 5, 6, 7])
  })

  it('asks a source for nothing that it does not hold, and has it as soon as it does', () => {
    const metainfo = metainfoOf(4, MIB, MIB)
    const part = holder('part', metainfo, [])
    const plan = planOf(metainfo, () => () => 1)
    expect([plan.take(part, MIB), plan.hasWork(part, 0)]).to.deep.equal([null, false])
    part.pieces.add(2)
    expect(plan.hasWork(part, 0)).to.equal(true)
    expect(plan.take(part, MIB)?.piece.index).to.equal(2)
    expect(plan.take(part, MIB)).to.equal(null)
  })

  it('asks a third for what two owe, no fourth, and nobody any more when one has brought it', () => {
    const metainfo = metainfoOf(1, MIB, MIB)
    const plan = planOf(metainfo)
    const cancelled: string[] = []
    const holders = ['one', 'two', 'three', 'four'].map((id) => ({
      ...holder(id, metainfo),
      cancel: () => void cancelled.push(id),
    }))
    const [one, two, three, four] = holders as unknown as [Holder, Holder, Holder, Holder]
    plan.take(one, MIB)
    expect(plan.hedge(one, MIB, 0)).to.equal(null)
    plan.hedge(two, MIB, 0)
    expect(plan.hedge(two, MIB, 0)).to.equal(null)
    expect(plan.hedge(three, MIB, 60_000)).to.equal(null)
    const third = plan.hedge(three, MIB, 0)
    expect(plan.hedge(four, MIB, 0)).to.equal(null)
    arrive(plan, third as Assignment)
    expect([plan.complete, cancelled]).to.deep.equal([true, ['one', 'two']])
  })

  it('brings everything once, whoever takes, loses and gives back what', () => {
    for (let index = 0; index < 60; index++) playOut(createRandom('plan', index))
  })
})

/** Sources of all kinds take, bring, fail and learn at random until all is there. */
function playOut(random: Random): void {
  const units = 1 << random.below(5)
  const metainfo = metainfoOf(1 + random.below(12), units * UNIT, 1 + random.below(units * UNIT))
  const holders = Array.from({ length: 4 }, (_, at) =>
    holder(
      `${at}`,
      metainfo,
      at === 0 ? undefined : Array.from(Array(metainfo.pieceCount).keys()).filter(() => random.chance(0.4)),
    ),
  )
  const plan = planOf(metainfo, () =>
    random.chance(0.5) ? null : (piece) => holders.filter(({ has }) => has(piece)).length,
  )
  const open: Assignment[] = []
  const web = holder('web', metainfo)
  for (let step = 0; !plan.complete; step++) {
    if (step > 5_000) throw new Error(`${plan.left} bytes are left, ${plan.unassigned} for nobody.`)
    const owner = random.pick(holders)
    const move = random.below(10)
    if (move < 4) {
      const slice = plan.take(owner, (1 + random.below(8)) * UNIT)
      if (slice !== null) open.push(slice)
    } else if (move === 4) open.push(...(plan.takePiece(web, 16 * MIB, random.chance(0.5) ? 0 : null) ?? []))
    else if (move === 5) {
      const slice = plan.hedge(owner, MIB, 0)
      if (slice !== null) open.push(slice)
    } else if (open.length > 0) {
      const [assignment] = open.splice(random.below(open.length), 1)
      if (move < 8) arrive(plan, assignment as Assignment)
      else if (move === 8) plan.giveBack(assignment as Assignment)
      else {
        const { piece, offset } = assignment as Assignment
        plan.verified(piece, offset / UNIT)
        plan.giveBack(assignment as Assignment)
      }
    }
    const learner = random.pick(holders)
    if (random.chance(0.1)) learner.pieces.add(random.below(metainfo.pieceCount))
    for (const { owner: by, piece, offset, length } of open) {
      expect(by.has(piece.index), `${by.id} holds ${piece.index}`).to.equal(true)
      expect(offset + length).to.be.at.most(piece.length)
      expect(offset / UNIT).to.be.below(unitCount(piece))
    }
  }
  expect(plan.left).to.equal(0)
}
