import { expect } from 'chai'
import { carriesSecret, rememberSecret, rememberSecretsOf, withoutSecrets } from '../../src/secrets.ts'

describe('what is printed', () => {
  it('shows of a URL its scheme and host alone, in whatever sentence it stands', () => {
    for (const [given, shown] of [
      [
        'The endpoint https://rpc.example/v3/c0ffee does not answer.',
        'The endpoint https://rpc.example does not answer.',
      ],
      ['see wss://me:c0ffee@rpc.example:8546/?key=c0ffee.', 'see wss://rpc.example:8546.'],
      ['postgres://seeder:c0ffee@db.example/ledger is down', 'postgres://db.example is down'],
      ['(http://127.0.0.1:8545)', '(http://127.0.0.1:8545)'],
      ['Give an http:// or https:// URL.', 'Give an http:// or https:// URL.'],
    ] as const) {
      expect(withoutSecrets(given)).to.equal(shown)
    }
  })

  it('lacks a remembered secret also where somebody else repeats it in words of their own', () => {
    rememberSecretsOf('https://rpc.example/v3/project-c0ffee-1?token=to%20ken-c0ffee-2')
    rememberSecret(`0x${'c0ffee00'.repeat(8)}`)
    const said = withoutSecrets(`project-c0ffee-1 is unknown; to ken-c0ffee-2; ${'c0ffee00'.repeat(8)}`)
    expect(said).to.equal('[secret] is unknown; [secret]; [secret]')
  })

  it('is guarded where a URL seems to carry a key', () => {
    for (const url of [
      'https://rpc.example/v3/0123456789abcdef',
      'http://me:secret@host',
      'https://host/?key=0123456789',
    ]) {
      expect(carriesSecret(url), url).to.equal(true)
    }
    for (const url of ['http://127.0.0.1:8545', 'https://rpc.example/v3/', 'nonsense']) {
      expect(carriesSecret(url), url).to.equal(false)
    }
  })
})
