import { expect } from 'chai'
import { type Moment, plainLine, rates, screen } from '../../../src/cli/dashboard.ts'

const NOW = Date.parse('2026-11-27T21:03:05Z')
const SPONSOR = '0x90F79bf6EB2c4f870365E785982E1f101E93b906'
const EARNED = { served: 0n, receipted: 400_000n, vouchered: 100_000n, submitted: 0n, paid: 1_200_000n }

function moment(servedBytes: number, at = NOW): Moment {
  const counts = {
    admitted: 12,
    receipts: 9,
    acknowledgedBytes: servedBytes - 1e6,
    servedBytes,
    debts: 1,
    debtBytes: 2e6,
  }
  return {
    at,
    startedAt: NOW - 7_200_000,
    status: {
      ...{
        seeder: SPONSOR,
        startedAt: NOW - 7_200_000,
        resting: null,
        peerId: '12D3',
        addresses: [],
        open: 1,
        connections: 3,
      },
      ...{ unsignedBytes: 1e6, counts: { ...counts, refused: { busy: 1, needsPayment: 2 }, denied: {} } },
      standing: [{ sponsor: SPONSOR, lane: '0', free: '100000', owed: '50000' }],
    },
    earnings: EARNED,
  }
}

describe('bitcdn top', () => {
  it('shows money, traffic, sessions, refusals and reserves', () => {
    const lines = screen(moment(10e6, NOW - 2_000), moment(18e6), { decimals: 6, columns: 200 })
    expect(lines).to.deep.equal([
      `bitcdn top   ${SPONSOR}   up 2 h 0 min   2026-11-27 21:03:05 UTC`,
      'Money      1.20 paid, 0.00 on its way, 0.50 to claim, 0.00 not signed for yet',
      'Traffic    4.00 MB/s sent, 4.00 MB/s signed for; 18.0 MB since the start',
      'Now        1 session, 3 connections, 1.00 MB not signed for',
      'Downloads  12 admitted, 3 refused (needsPayment 2, busy 1), 1 left 2.00 MB unsigned',
      `Lane 0     ${SPONSOR} reserved 0.10, owes 0.05`,
    ])
  })

  it('fits into a narrow terminal', () => {
    const lines = screen(null, moment(18e6), { decimals: 6, columns: 40 })
    for (const line of lines) expect(line.length, line).to.be.at.most(40)
    expect(lines[1]).to.match(/^Money {6}1\.20 paid.*…$/)
  })

  it('says what it cannot know', () => {
    const quiet: Moment = { at: NOW, startedAt: NOW, status: null, earnings: EARNED }
    expect(screen(null, quiet, { decimals: 6, columns: 200 }).at(-1)).to.include('--monitor')
    expect(screen(null, { ...quiet, startedAt: null }, { decimals: 6, columns: 200 })[0]).to.include('no seeder runs')
    expect(rates(null, moment(1))).to.equal(null)
    expect(rates(quiet, moment(1))).to.equal(null)
  })

  it('counts from nothing once the seeder has started anew', () => {
    expect(rates(moment(100e6, NOW - 1_000), moment(5e6))).to.deep.equal({ sent: 5e6, signed: 4e6 })
  })

  it('is one line where there is no terminal', () => {
    expect(plainLine(moment(10e6, NOW - 2_000), moment(18e6), 6)).to.equal(
      '2026-11-27T21:03:05.000Z  1 session  3 connections  4.00 MB/s sent  4.00 MB/s signed for  1.00 MB unsigned  1.20 paid  0.50 to claim',
    )
  })
})
