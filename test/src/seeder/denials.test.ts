import { expect } from 'chai'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { BitCdnError } from '../../../src/errors.ts'
import {
  checkTakedowns,
  denialOf,
  parseDenyList,
  parseTakedowns,
  type SignedTakedownList,
  signTakedowns,
  type TakedownList,
} from '../../../src/seeder/index.ts'

const ONE = '1'.repeat(64)
const TWO = '2'.repeat(64)
const V1 = 'a'.repeat(40)
const BAD = '0x90F79bf6EB2c4f870365E785982E1f101E93b906'
const GOOD = '0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65'
const read = (text: string) => parseDenyList(text, { name: 'never.txt', where: 'never.txt' })

describe('a denylist', () => {
  it('names contents, v1 infohashes and publishers, one a line, with comments', () => {
    const list = read(
      `\uFEFF# by court order\r\n${ONE.toUpperCase()} # a film\n\nmagnet:?xt=urn:btmh:1220${TWO}&dn=x\n${V1}\n${BAD.toLowerCase()}\n`,
    )
    expect([...list.contents]).to.deep.equal([ONE, TWO])
    expect([...list.infohashes]).to.deep.equal([V1])
    expect([...list.publishers]).to.deep.equal([BAD])
  })

  it('says which line is wrong', () => {
    expect(() => read(`${ONE}\n\nsomething`)).to.throw(BitCdnError, 'never.txt, line 3')
    const mistyped = BAD.replace('90F7', '90f7')
    expect(() => read(mistyped))
      .to.throw(BitCdnError, 'checksum')
      .with.property('code', 'file-invalid')
  })

  it('denies by each name that a content has', () => {
    const of = (text: string, more: object = {}) => denialOf([read(text)], { contentId: ONE, ...more })
    expect(of(TWO, { infohashV1: V1, publishers: [GOOD], payer: GOOD })).to.equal(null)
    expect(of(ONE)).to.deep.equal({ list: 'never.txt', by: 'content' })
    expect(of(V1, { infohashV1: V1 })?.by).to.equal('infohash')
    expect(of(BAD, { publishers: [BAD] })?.by).to.equal('publisher')
    expect(of(BAD, { publishers: [GOOD], payer: BAD })?.by).to.equal('payer')
  })

  it('denies no content because a denied publisher has published it beside another', () => {
    expect(denialOf([read(BAD)], { contentId: ONE, publishers: [BAD, GOOD] })).to.equal(null)
  })
})

describe('a takedown list', () => {
  const account = privateKeyToAccount(generatePrivateKey())
  const stranger = privateKeyToAccount(generatePrivateKey())
  const list: TakedownList = { sequence: 7, expiry: 2_000, deny: [ONE] }
  const check = (signed: SignedTakedownList, held: TakedownList | null = null, now = 1_000) =>
    checkTakedowns(signed, { where: 'The list', trusted: [account.address], held, now })

  async function refusal(work: Promise<void>): Promise<string> {
    try {
      await work
    } catch (error) {
      expect((error as BitCdnError).code).to.equal('verification-failed')
      return (error as Error).message
    }
    return 'taken'
  }

  it('counts when somebody signed it who is trusted, also after it went through a file', async () => {
    const signed = await signTakedowns(account, list)
    expect(await refusal(check(signed))).to.equal('taken')
    expect(await refusal(check(parseTakedowns(JSON.stringify(signed), 'x')))).to.equal('taken')
    expect(await refusal(check(signed, { ...list, sequence: 6 }))).to.equal('taken')
    expect(await refusal(check(signed, list)), 'the one that is held').to.equal('taken')
  })

  it('is refused from a stranger, also one who takes another name', async () => {
    const foreign = await signTakedowns(stranger, list)
    expect(await refusal(check(foreign))).to.include('nobody trusts')
    expect(await refusal(check({ ...foreign, signer: account.address }))).to.include('signature')
  })

  it('is refused when one field was changed', async () => {
    const signed = await signTakedowns(account, list)
    const changes: Partial<SignedTakedownList>[] = [
      ...[{ sequence: 8 }, { expiry: 3_000 }, { deny: [] }, { deny: [TWO] }, { deny: [ONE, TWO] }],
      { signature: `0x${'00'.repeat(65)}` },
    ]
    for (const change of changes)
      expect(await refusal(check({ ...signed, ...change })), JSON.stringify(change)).to.include('signature')
  })

  it('is refused when it is older, another of the same sequence, or has expired', async () => {
    const signed = await signTakedowns(account, list)
    expect(await refusal(check(signed, { ...list, sequence: 8 }))).to.include('older than what is held')
    expect(await refusal(check(signed, { ...list, deny: [TWO] }))).to.include('another list of the sequence 7')
    expect(await refusal(check(signed, null, 2_000))).to.include('expired')
    expect(await refusal(check(signed, list, 2_000)), 'held already: it goes on counting').to.equal('taken')
  })

  it('is told from something else', () => {
    const wrong = ['{', '[]', '{"sequence":-1}', '{"sequence":1,"expiry":"x"}', '{"sequence":1,"expiry":1,"deny":[1]}']
    for (const text of wrong) {
      expect(() => parseTakedowns(text, 'x.json'), text)
        .to.throw(BitCdnError, 'x.json is no takedown list')
        .with.property('code', 'file-invalid')
    }
    expect(() => parseTakedowns('null', 'x.json')).to.throw(BitCdnError)
  })
})
