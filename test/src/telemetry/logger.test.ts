import { expect } from 'chai'
import { createLogger } from '../../../src/telemetry/index.ts'

describe('the logger', () => {
  it('writes one JSON line with the message and its fields', () => {
    const lines: string[] = []
    createLogger({ name: 'seeder', destination: { write: (line) => void lines.push(line) } }).info(
      { bytes: 5 },
      'served',
    )
    expect(JSON.parse(lines[0]!)).to.include({ level: 'info', name: 'seeder', msg: 'served', bytes: 5 })
  })

  it('takes secrets out, wherever they stand', () => {
    const lines: string[] = []
    const canary = '0xc0ffee'
    const log = createLogger({ name: 'gateway', destination: { write: (line) => void lines.push(line) } })
    log.info(
      { privateKey: canary, wallet: { privateKey: canary }, request: { headers: { authorization: canary } } },
      'signed in',
    )
    expect(lines.join('')).to.not.include('c0ffee')
    expect(lines.join('')).to.include('[secret]')
  })

  it('shows an error without the keys in the URLs underneath it', () => {
    const lines: string[] = []
    const log = createLogger({ name: 'gateway', destination: { write: (line) => void lines.push(line) } })
    const cause = new Error('HTTP request failed.\nURL: https://rpc.example/v3/c0ffee\nRequest body: {"c0ffee":1}')
    const error = Object.assign(
      new Error('https://me:c0ffee@rpc.example:8545/c0ffee?key=c0ffee does not answer', { cause }),
      {
        code: 'rpc-unreachable',
      },
    )
    log.error({ err: error }, 'a request failed')
    const { err } = JSON.parse(lines[0]!)
    expect(err).to.include({ code: 'rpc-unreachable', message: 'https://rpc.example:8545 does not answer' })
    expect(err.cause).to.equal('HTTP request failed.')
    expect(err.stack).to.include('at ')
    expect(lines[0]).to.not.include('c0ffee')
  })

  it('stays silent below its level', () => {
    const lines: string[] = []
    createLogger({ name: 'x', level: 'silent', destination: { write: (line) => void lines.push(line) } }).error(
      'unheard',
    )
    expect(lines).to.deep.equal([])
  })
})
