// What wallets, markets and indexers read of a pass: interfaces, metadata, and the image, with names as people write them.
import { expect } from 'chai'
import { deployed, ethers, networkHelpers, USD } from './fixture.ts'
import { LIFETIME, published, publishParams, SEASON, TICKET } from './published.ts'
import { elementsOf, textsOf } from './xml.ts'

const { loadFixture } = networkHelpers
const LATER = 4_102_444_800n

/** Interface ids, computed from the signatures that the standards list. */
function idOf(...signatures: string[]): string {
  const xor = signatures.reduce((id, signature) => id ^ BigInt(ethers.id(signature).slice(0, 10)), 0n)
  return ethers.toBeHex(xor, 4)
}

const INTERFACES: Record<string, string> = {
  'ERC-165': idOf('supportsInterface(bytes4)'),
  'ERC-721': idOf(
    'balanceOf(address)',
    'ownerOf(uint256)',
    'safeTransferFrom(address,address,uint256,bytes)',
    'safeTransferFrom(address,address,uint256)',
    'transferFrom(address,address,uint256)',
    'approve(address,uint256)',
    'setApprovalForAll(address,bool)',
    'getApproved(uint256)',
    'isApprovedForAll(address,address)',
  ),
  'ERC-721 metadata': idOf('name()', 'symbol()', 'tokenURI(uint256)'),
  'ERC-2981': idOf('royaltyInfo(uint256,uint256)'),
  'ERC-4906': '0x49064906',
  'ERC-5192': idOf('locked(uint256)'),
}

const TITLES = [
  'Plain',
  'Quotes "double" and \'single\' and `ticks`',
  '</text><script>alert(1)</script>',
  '","image":"https://evil.example/x.svg","x":"',
  ']]> <!-- & &amp; &#x41; %3Cscript%3E',
  'Emoji 🎬🏴‍☠️ and 漢字 and עברית',
  'Backslash \\ \\" \\n and \\u0022',
  'Control \u0000\u0001\u0008\t\n\r\u001b\u001f end',
  '{{7*7}} <%= 7 %> #{7}',
]

const decode = (uri: string, type: string) => {
  expect(uri.startsWith(`data:${type};base64,`), uri.slice(0, 40)).to.equal(true)
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(uri.split(',')[1]!, 'base64'))
}

const facts = (change: object) => ({
  title: 'A film',
  contentId: ethers.id('a film'),
  tokenId: 7n,
  tier: 3n,
  endsAt: 0n,
  limited: false,
  usesLeft: 0n,
  transferable: true,
  ...change,
})

/** Reads a token URI as a market does: JSON first, then the image's texts. */
function read(uri: string) {
  const json = JSON.parse(decode(uri, 'application/json'))
  const svg = decode(json.image, 'image/svg+xml')
  return { json, svg, texts: textsOf(svg), attribute: (name: string) => attributeOf(json, name) }
}

function attributeOf(json: { attributes: { trait_type: string; value: unknown }[] }, name: string): unknown {
  return json.attributes.find(({ trait_type }) => trait_type === name)?.value
}

describe('A reader of passes', () => {
  it('learns by ERC-165 what a pass is', async () => {
    const { pass } = await loadFixture(published)
    for (const [name, id] of Object.entries(INTERFACES)) {
      expect(await pass.supportsInterface(id), `${name} ${id}`).to.equal(true)
    }
    expect(INTERFACES['ERC-721']).to.equal('0x80ac58cd')
    expect(await pass.supportsInterface('0xffffffff')).to.equal(false)
    expect(await pass.supportsInterface('0x00000000')).to.equal(false)
    expect(await pass.supportsInterface(idOf('onERC721Received(address,address,uint256,bytes)'))).to.equal(false)
  })

  it('sees title, tier, serial and expiry in the attributes and in the image', async () => {
    const { pass, buyer, publisher } = await loadFixture(published)
    await pass.connect(publisher).grant(TICKET, buyer.address)
    await pass.connect(buyer).buy(SEASON, buyer.address, 3n * USD, LATER)
    await pass.connect(buyer).buy(LIFETIME, buyer.address, 5n * USD, LATER)
    for (const [id, tier, uses, transferable] of [
      [1n, TICKET, '1', 'no'],
      [2n, SEASON, '2', 'yes'],
      [3n, LIFETIME, 'unlimited', 'yes'],
    ] as const) {
      const { json, texts, attribute } = read(await pass.tokenURI(id))
      const ends = await pass.validUntil(id)
      const day = new Date(Number(ends) * 1000)
      const valid = tier === LIFETIME ? 'for ever' : `until ${day.toISOString().slice(0, 10)}`
      expect(texts).to.deep.equal([
        'A film & "more" <b>',
        `Pass #${id}`,
        `Tier ${tier}`,
        `Valid ${valid}`,
        await pass.contentId(),
      ])
      expect(json.name).to.equal(`A film & "more" <b> pass #${id}`)
      expect(attribute('Tier')).to.equal(String(tier))
      expect(attribute('Valid until')).to.equal(tier === LIFETIME ? 'for ever' : Number(ends))
      expect([attribute('Uses left'), attribute('Transferable')]).to.deep.equal([uses, transferable])
    }
  })

  it('is told by ERC-4906 when a pass changes, and by ERC-5192 whether it is bound', async () => {
    const { pass, buyer, publisher } = await loadFixture(published)
    await pass.connect(buyer).buy(SEASON, buyer.address, 3n * USD, LATER)
    await expect(pass.connect(publisher).consume(1n)).to.emit(pass, 'MetadataUpdate').withArgs(1n)
    expect(read(await pass.tokenURI(1n)).attribute('Uses left')).to.equal('1')
    await expect(pass.connect(buyer).renew(1n, 3n * USD, LATER))
      .to.emit(pass, 'MetadataUpdate')
      .withArgs(1n)
    await expect(pass.connect(publisher).grant(SEASON, buyer.address)).to.not.emit(pass, 'Locked')
    await expect(pass.connect(publisher).grant(TICKET, buyer.address)).to.emit(pass, 'Locked').withArgs(3n)
    expect([await pass.locked(1n), await pass.locked(3n)]).to.deep.equal([false, true])
  })

  it('meets names with quotes, emoji, markup and control characters that stay text', async () => {
    const { registry, publisher } = await loadFixture(deployed)
    for (const title of TITLES) {
      const params = { ...publishParams(), contentId: ethers.id(title), title }
      await registry.connect(publisher).publish(params)
      const content = await registry.contents(publisher.address, params.contentId)
      const pass = await ethers.getContractAt('AccessPass', content.pass)
      const shareToken = await ethers.getContractAt('RevenueShareToken', content.token)
      await pass.connect(publisher).getFunction('grant').send(LIFETIME, publisher.address)
      const { json, texts, svg } = read(await pass.getFunction('tokenURI').staticCall(1n))
      expect(json.name).to.equal(`${title} pass #1`)
      expect(Object.keys(json)).to.deep.equal(['name', 'description', 'image', 'attributes'])
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      expect(texts[0]).to.equal(title.replace(/[\u0000-\u001f]/g, ' '))
      expect(texts).to.have.length(5)
      expect(elementsOf(svg)).to.deep.equal(['svg', 'rect', 'g', 'text', 'text', 'text', 'text', 'text'])
      expect(await pass.getFunction('name').staticCall()).to.equal(`${title} pass`)
      expect(await shareToken.getFunction('name').staticCall()).to.equal(`${title} share`)
    }
  })

  it('sees the whole of a title, however long it is', async () => {
    const harness = await ethers.deployContract('PassMetadataHarness')
    for (const [length, size] of [
      [1, 24],
      [32, 24],
      [33, 12],
      [64, 12],
    ] as const) {
      const title = 'M'.repeat(length) // capitals are 0.7 of their size wide on average
      const { svg } = read(await harness.getFunction('tokenURI').staticCall(facts({ title })))
      const [, own] = /<text x="40" y="80"(?: font-size="(\d+)")?>M/.exec(svg)!
      const group = Number(/<g [^>]*font-size="(\d+)"/.exec(svg)![1])
      expect(Number(own ?? group)).to.equal(size)
      expect(40 + 0.7 * size * length).to.be.lessThan(600)
    }
  })

  it('finds every character of ASCII as it was written', async () => {
    const harness = await ethers.deployContract('PassMetadataHarness')
    const title = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('')
    const { json, texts, svg } = read(await harness.getFunction('tokenURI').staticCall(facts({ title })))
    expect([json.name, texts[0]]).to.deep.equal([`${title} pass #7`, title])
    for (const entity of ['&amp;', '&lt;', '&gt;', '&quot;', '&apos;']) expect(svg).to.include(entity)
    expect(texts[4]).to.equal(ethers.id('a film'))
  })

  it('finds the right day in every month, leap year and century', async () => {
    const harness = await ethers.deployContract('PassMetadataHarness')
    const days = ['1970-01-02', '2000-02-29', '2000-03-01', '2100-02-28', '2100-03-01', '2400-02-29', '9999-12-31']
    for (const year of [1999, 2000, 2023, 2024, 2099, 2100, 2103, 2104, 2399, 2400]) {
      for (let month = 0; month < 12; month++) {
        for (const day of [1, 0])
          days.push(new Date(Date.UTC(year, month + (day ? 0 : 1), day)).toISOString().slice(0, 10))
      }
    }
    for (const day of days) {
      for (const second of [0, 86_399]) {
        const endsAt = BigInt(Date.parse(day) / 1000 + second)
        const { texts } = read(await harness.getFunction('tokenURI').staticCall(facts({ endsAt })))
        expect(texts[3], day).to.equal(`Valid until ${day}`)
      }
    }
  })

  it('finds uses and binding of any pass', async () => {
    const harness = await ethers.deployContract('PassMetadataHarness')
    const { attribute, json } = read(
      await harness
        .getFunction('tokenURI')
        .staticCall(facts({ limited: true, usesLeft: 12n, transferable: false, endsAt: 1_800_000_000n })),
    )
    expect(attribute('Uses left')).to.equal('12')
    expect(attribute('Transferable')).to.equal('no')
    expect(json.attributes[1]).to.deep.equal({
      display_type: 'date',
      trait_type: 'Valid until',
      value: 1_800_000_000,
    })
    expect(json.description).to.equal(`Access to the BitTorrent v2 content ${ethers.id('a film')}.`)
  })
})
