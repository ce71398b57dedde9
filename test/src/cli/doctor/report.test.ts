import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { checkClock } from '../../../../src/cli/doctor/machine.ts'
import { checkReach } from '../../../../src/cli/doctor/reach.ts'
import { createReport, EXIT_BY_SEVERITY, FINDINGS } from '../../../../src/cli/doctor/report.ts'
import { isServed, ownerPath } from '../../../../src/storage/sqlite/index.ts'
import { createOwner } from '../../../../src/storage/sqlite/owner.ts'

const page = readFileSync(new URL('../../../../docs/OPERATORS.md', import.meta.url), 'utf8')
const WORDS = { what: 'x', costs: 'x', advice: 'x' }
const NOW = 1_800_000_000

describe('the doctor', () => {
  it('puts what stops all earning first, and causes before what follows from them', () => {
    const report = createReport()
    report.add('nobody-asks', 'info', WORDS)
    report.add('no-reserve', 'warning', WORDS)
    report.add('gateway-unreachable', 'error', WORDS)
    report.add('clock-off', 'warning', WORDS)
    report.add('chain-unreachable', 'error', WORDS)
    const codes = report.findings().map(({ code }) => code)
    expect(codes).to.deep.equal(['chain-unreachable', 'gateway-unreachable', 'clock-off', 'no-reserve', 'nobody-asks'])
  })

  it('has every finding and exit code in docs/OPERATORS.md', () => {
    const listed = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code]) => code)
    expect(listed).to.deep.equal([...FINDINGS])
    for (const code of Object.values(EXIT_BY_SEVERITY)) expect(page).to.include(`| ${code} |`)
  })

  it('believes a gateway about the clock, unless a young block agrees with ours', () => {
    const found = (block: number | null, gateway: number | null): string[] => {
      const report = createReport()
      checkClock({ block, gateway }, report, NOW)
      return report.findings().map(({ what }) => what)
    }
    expect(found(NOW - 5, NOW + 1)).to.deep.equal([])
    expect(found(NOW - 5, NOW - 7_200), 'the gateway is wrong').to.deep.equal([])
    expect(found(NOW - 90_000, NOW), 'a quiet chain').to.deep.equal([])
    expect(found(NOW - 90_000, null), 'a quiet chain').to.deep.equal([])
    expect(found(NOW + 90_000, NOW), 'a devnet in the future').to.deep.equal([])
    expect(found(NOW - 7_205, NOW - 7_200)[0]).to.match(/2 h 0 min ahead of the gateway/)
    expect(found(null, NOW + 7_200)[0]).to.match(/2 h 0 min behind the gateway/)
    expect(found(NOW + 7_200, null)[0]).to.match(/2 h 0 min behind the chain/)
  })

  it('tells a seeder that only relays lead to from one that nobody can reach', async () => {
    const peer = '/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
    const found = async (addresses: string[]): Promise<string[]> => {
      const report = createReport()
      await checkReach({ addresses, allowPrivate: false, gateways: [] }, report, AbortSignal.timeout(10_000))
      return report.findings().map(({ code }) => code)
    }
    const relay = `/ip4/8.8.8.8/tcp/4001${peer}/p2p-circuit${peer}`
    expect(await found([])).to.deep.equal(['private-addresses'])
    expect(await found([`/ip4/192.168.1.5/tcp/4001${peer}`])).to.deep.equal(['private-addresses'])
    expect(await found([relay])).to.deep.equal(['relay-only'])
  })

  it('sees who holds a ledger without taking it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bitcdn-owner-'))
    const path = ownerPath(join(folder, 'ledger.sqlite'))
    const owner = createOwner(path)
    expect(isServed(path)).to.equal(false)
    owner.take()
    expect(isServed(path)).to.equal(true)
    owner.release()
    expect(isServed(path)).to.equal(false)
    owner.take()
    owner.release()
    rmSync(folder, { recursive: true })
  })
})
