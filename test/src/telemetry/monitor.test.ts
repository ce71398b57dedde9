import { expect } from 'chai'
import { type Monitor, startMonitor } from '../../../src/telemetry/index.ts'

const none = { families: [], ready: async () => [] }

describe('the monitor', () => {
  let monitor: Monitor | undefined
  afterEach(() => monitor?.close())
  const text = async (path: string): Promise<string> => (await fetch(`${monitor?.url}${path}`)).text()

  it('reads each figure anew and writes it in the text format', async () => {
    let count = 5
    monitor = await startMonitor({
      ...none,
      listen: '127.0.0.1:0',
      families: [
        { name: 'bitcdn_a_total', help: 'A.', type: 'counter', samples: () => [{ value: count }] },
        { name: 'bitcdn_unknown', help: 'U.', type: 'gauge', samples: () => [] },
        {
          ...{ name: 'bitcdn_b', help: 'B.', type: 'gauge', labels: ['of'] },
          samples: async () => [{ labels: { of: 'x "y"' }, value: 2n ** 40n }],
        },
      ],
    })
    const first = await text('/metrics')
    expect(first).to.contain('# TYPE bitcdn_a_total counter\nbitcdn_a_total 5\n')
    expect(first).to.contain('bitcdn_b{of="x \\"y\\""} 1099511627776')
    expect(first).to.contain('process_resident_memory_bytes')
    expect(first).not.to.match(/^bitcdn_unknown/m)
    expect(first).to.contain('bitcdn_ready 1\n')
    count = 7
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    expect(await text('/metrics')).to.contain('bitcdn_a_total 7\n')
  })

  it('asks once for many scrapes at a time, and again after a failure', async () => {
    let asked = 0
    monitor = await startMonitor({
      ...none,
      listen: '127.0.0.1:0',
      answers: {
        '/v1/x': async () => {
          asked += 1
          await new Promise((resolve) => setTimeout(resolve, 50))
          if (asked === 1) throw new Error('not now')
          return { amount: 2n ** 60n }
        },
      },
    })
    const many = await Promise.all(Array.from({ length: 20 }, () => fetch(`${monitor?.url}/v1/x`)))
    expect(asked).to.equal(1)
    expect(new Set(many.map(({ status }) => status))).to.deep.equal(new Set([500]))
    expect(await text('/v1/x')).to.equal('{"amount":"1152921504606846976"}')
    expect(asked).to.equal(2)
  })

  it('refuses addresses that are none, and says when one is taken', async () => {
    for (const listen of ['', '9464', ':9464', 'localhost', '127.0.0.1:70000', '::1:80']) {
      const refused = await startMonitor({ ...none, listen }).then(
        () => null,
        (error: Error) => error,
      )
      expect(refused, listen).to.include({ code: 'usage' })
    }
    monitor = await startMonitor({ ...none, listen: '127.0.0.1:0' })
    const taken = await startMonitor({ ...none, listen: new URL(monitor.url).host }).catch((error: Error) => error)
    expect(taken).to.include({ code: 'port-in-use' })
  })
})
