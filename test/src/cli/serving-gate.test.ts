import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type OpenGate, openGate, parseSpans } from '../../../src/cli/serving-gate.ts'
import { type Options, resolveSettings } from '../../../src/cli/settings.ts'
import { bitcdn } from './terminal.ts'

describe('the flags that say when a seeder serves', () => {
  let home: string
  before(() => {
    home = mkdtempSync(join(tmpdir(), 'bitcdn-gate-'))
  })
  after(() => rmSync(home, { recursive: true }))

  function open(options: Options): OpenGate {
    const io = {
      ...{ out: () => {}, err: () => {}, draw: () => {}, env: {}, signal: new AbortController().signal },
      ...{ terminal: false, columns: () => 80, exitWith: () => {} },
    }
    return openGate(options, resolveSettings({ home }, io), () => false)
  }

  it('are said in words', () => {
    const gate = open({ hours: '22:00-07:00', timeZone: 'Europe/Berlin', capDay: '50GB', capMonth: '1TB' })
    gate.close()
    expect(gate.words).to.deep.equal([
      'from 22:00 to 07:00 (Europe/Berlin)',
      'at most 50.0 GB a day',
      'at most 1.00 TB a month',
    ])
  })

  it('read spans of hours', () => {
    expect(parseSpans('22:00-07:00, 12:30-24:00')).to.deep.equal([
      [1320, 420],
      [750, 1440],
    ])
  })

  it('ask a program whether to be quiet', async () => {
    const [quiet, loud] = [open({ quietIf: 'exit 0' }), open({ quietIf: 'exit 3' })]
    try {
      expect(quiet.gate.refusal()).to.equal(null)
      while (quiet.gate.refusal() === null) await new Promise((resolve) => setTimeout(resolve, 20))
      expect(quiet.gate.refusal()?.message).to.equal('Its machine is needed for something else.')
      expect(loud.gate.refusal()).to.equal(null)
    } finally {
      quiet.close()
      loud.close()
    }
  })

  const wrong: [string[], RegExp][] = [
    [['--hours', '22-7'], /--hours must be spans such as 22:00-07:00, not "22-7"/],
    [['--hours', '25:00-07:00'], /--hours must be spans/],
    [['--hours', '07:00-07:00'], /--hours must be spans/],
    [['--hours', '07:00-09:00', '--time-zone', 'Europe/Atlantis'], /Europe\/Atlantis is no time zone/],
    [['--time-zone', 'UTC'], /--time-zone says where the clock of --hours/],
    [['--cap-day', '0'], /--cap-day must be more than nothing/],
    [['--cap-month', 'much'], /--cap-month must be bytes/],
    [['--weight', '5'], /--weight divides an uplink that is full/],
    [['--limit-up', '1MB', '--weight', 'other.torrent=5'], /--weight names other.torrent, which is not served/],
    [['--limit-up', '1MB', '--weight', 'film.torrent=0'], /--weight must be a whole number from 1 to 1000/],
    [['--limit-up', '1MB', '--free-floor', '100'], /--free-floor must be a whole number from 1 to 99/],
  ]
  for (const [flags, words] of wrong) {
    it(`refuse ${flags.join(' ')}`, async () => {
      const { code, err } = await bitcdn(['seed', 'film.torrent', '--home', home, ...flags])
      expect([code, err]).to.satisfy(([found, text]: [number, string]) => found === 2 && words.test(text), err)
    })
  }
})
