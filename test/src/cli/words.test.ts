import { expect } from 'chai'
import fc from 'fast-check'
import { progressLine } from '../../../src/cli/progress.ts'
import { bytesInWords, inCoins, money, parseMoney, parsePercent, secondsInWords } from '../../../src/cli/words.ts'

describe('numbers in words', () => {
  it('says bytes in powers of ten', () => {
    expect([0, 999, 1000, 126_595_440, 5_000_000_000_000].map(bytesInWords)).to.deep.equal([
      '0 B',
      '999 B',
      '1.00 kB',
      '127 MB',
      '5.00 TB',
    ])
  })

  it('says money with every unit that there is', () => {
    expect([0n, 1n, 50_000n, 5_000_000n, 1_234_567n].map((units) => money(units, 6))).to.deep.equal([
      '0.00',
      '0.000001',
      '0.05',
      '5.00',
      '1.234567',
    ])
  })

  it('says the amounts of failures as people write them', () => {
    const words = '0xabc holds 0 token units and needs 5000000 token units. Gas costs 1500000000 wei now.'
    expect(inCoins(words, { symbol: 'EURS', decimals: 2 })).to.equal(
      '0xabc holds 0.00 EURS and needs 50000.00 EURS. Gas costs 1.5 gwei now.',
    )
  })

  it('reads back the money that it says', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 96n }), (units) => parseMoney(money(units, 6), 6, 'It') === units),
    )
  })

  it('refuses what is no amount, and says why', () => {
    for (const text of ['', '-1', '1e3', '0x5', '1.2345678', '1,5']) {
      expect(() => parseMoney(text, 6, 'The price'), text).to.throw(/The price/)
    }
    expect(() => parsePercent('101', '--share')).to.throw(/0 to 100/)
    expect(parsePercent('12.5', '--share')).to.equal(1250)
  })

  it('says how long is left', () => {
    expect([0.2, 61, 7300, Number.POSITIVE_INFINITY].map(secondsInWords)).to.deep.equal([
      '1 s',
      '1 min 1 s',
      '2 h 1 min',
      '--',
    ])
  })

  it('draws the progress of a download in one line', () => {
    const line = progressLine(
      {
        verified: 60_000_000,
        total: 120_000_000,
        bytesPerSecond: 100_000_000,
        secondsLeft: 0.6,
        peers: [
          { name: 'a', bytes: 45_000_000 },
          { name: 'b', bytes: 15_000_000 },
        ],
        paid: 2_793n,
      },
      6,
    )
    expect(line).to.equal(
      '[████████████············]  50%  60.0 MB of 120 MB  100 MB/s  1 s left  paid 0.002793  a 75% b 25%',
    )
  })

  it('leaves out of that line what matters least until it fits the terminal', () => {
    const peers = ['ty9Mbu', 'XMi1QX', '9FWB1t'].map((name) => ({ name, bytes: 20_000_000 }))
    const view = { verified: 6e7, total: 1.2e8, bytesPerSecond: 1e8, secondsLeft: 0.6, peers, paid: 2_793n }
    for (let most = 0; most <= 140; most++) expect(progressLine(view, 6, most).length).to.be.at.most(most)
    expect(progressLine(view, 6, 110))
      .to.include('paid 0.002793')
      .and.to.include('9FWB1t 33%')
    expect(progressLine(view, 6, 79)).to.equal(
      '[█████·····]  50%  60.0 MB of 120 MB  100 MB/s  1 s left  from 3: 33% 33% 33%',
    )
    expect(progressLine(view, 6, 60)).to.equal('[█████·····]  50%  60.0 MB of 120 MB  100 MB/s  1 s left')
  })

  it('rounds a rate of some bytes a second', () => {
    expect(bytesInWords(2.3748814432466108)).to.equal('2 B')
  })
})
