// Every wrong argument of every function, and what it is answered with: the rows are those of docs/CONTRACTS.md, "Errors and
// skip reasons", so that the page and the contracts cannot drift apart.
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import type { Interface } from 'ethers'
import { caseOf } from './error-cases.ts'
import { ethers, networkHelpers } from './fixture.ts'
import { world } from './world.ts'

const { loadFixture } = networkHelpers
const REASONS = ['None', 'Unpaid', 'Signature', 'Expired', 'Revoked', 'HeadUnmoved']
const page = readFileSync(new URL('../../docs/CONTRACTS.md', import.meta.url), 'utf8')

interface Row {
  readonly contract: string
  readonly name: string
  readonly wrong: string
  /** An error, `skip: Reason`, `no data` or `accepted`. */
  readonly answer: string
}

describe('Errors and skip reasons of docs/CONTRACTS.md', () => {
  const rows = rowsOf(page)

  for (const row of rows) {
    it(`${row.contract}.${row.name}, ${row.wrong}: ${row.answer}`, async () => {
      const all = await loadFixture(world)
      const attempt = caseOf(`${row.contract}.${row.name}`, row.wrong)
      expect(await answerOf(() => attempt(all), all.interfaces)).to.equal(row.answer)
    })
  }

  it('name every function that changes something, and every case that there is', async () => {
    const { interfaces } = await loadFixture(world)
    const told = new Set(rows.map(({ contract, name }) => `${contract}.${name}`))
    for (const contract of ['BandwidthSettlement', 'RevenueShareToken', 'AccessPass', 'ContentRegistry']) {
      interfaces[contract]!.forEachFunction((fragment) => {
        if (fragment.constant) return
        expect(told, `${contract}.${fragment.name}`).to.include(`${contract}.${fragment.name}`)
      })
    }
    expect(rows.map(({ contract, name, wrong }) => `${contract}.${name}, ${wrong}`)).to.have.members(caseOf.names)
  })
})

/** The tables below "Errors and skip reasons", one per contract. */
function rowsOf(markdown: string): Row[] {
  const part = markdown.split('## Errors and skip reasons')[1]!.split(/\n## /)[0]!
  let contract = ''
  let name = ''
  return part.split('\n').flatMap((line) => {
    contract = /^### (\w+)/.exec(line)?.[1] ?? contract
    const cells = line.split('|').map((cell) => cell.trim().replaceAll('`', ''))
    if (cells.length < 5 || /^-+$/.test(cells[2]!) || cells[1] === 'Function') return []
    name = cells[1] || name
    return [{ contract, name, wrong: cells[2]!, answer: cells[3]! }]
  })
}

/** What became of a call: the error's name, or the reason of a skipped group. */
async function answerOf(call: () => Promise<unknown>, interfaces: Record<string, Interface>): Promise<string> {
  try {
    const answer = (await call()) as { wait?: () => Promise<{ logs: readonly { topics: string[]; data: string }[] }> }
    const logs = (await answer?.wait?.())?.logs ?? []
    const skipped = logs
      .map((log) => interfaces.BandwidthSettlement!.parseLog(log))
      .find((log) => log?.name === 'Skipped')
    return skipped ? `skip: ${REASONS[Number(skipped.args.reason)]}` : 'accepted'
  } catch (error) {
    const data = dataOf(error)
    if (data === undefined) throw error
    if (data === '0x') return 'no data'
    for (const known of Object.values(interfaces)) {
      const parsed = known.parseError(data)
      if (parsed) return parsed.name === 'Panic' ? `Panic(0x${parsed.args[0].toString(16)})` : parsed.name
    }
    return ethers.dataSlice(data, 0, 4)
  }
}

function dataOf(error: unknown): string | undefined {
  for (let at = error as Record<string, unknown> | undefined; at; at = (at.cause ?? at.error) as typeof at) {
    if (typeof at.data === 'string') return at.data
    const data = (at.data as { data?: unknown } | undefined)?.data
    if (typeof data === 'string') return data
  }
  return undefined
}
