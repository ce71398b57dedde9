import { expect } from 'chai'
import { base32 } from 'multiformats/bases/base32'
import { contentCid, magnetLink, parseContentId, parseMagnet } from '../../../src/content/index.ts'
import { hasCode } from '../../../src/errors.ts'
import { thrown } from './failure.ts'

const ID = '8f71864b44c2c233f9f146330dd2715def8ec7d18718d4d1056ad20e0b436b66'
const V1 = '0c80f1a16248f443e0bea846d8c034c34e6c82a1'
const CID = 'baf5reiepogdewrgcyiz7t4kggmg5e4k556hmpumhddkncblk2ihawq3lmy'
const OTHER = ID.replaceAll('8', '9')

describe('a content id', () => {
  for (const [what, written] of Object.entries({
    '64 hex digits': ID,
    'upper case': ID.toUpperCase(),
    '0x in front': `0x${ID}`,
    'spaces around': `  ${ID}\n`,
    'a magnet link': `magnet:?xt=urn:btmh:1220${ID}`,
    'a hybrid magnet link': `magnet:?xt=urn:btih:${V1}&xt=urn:btmh:1220${ID}&dn=x`,
    'a magnet link in upper case': `MAGNET:?xt=urn:btmh:1220${ID.toUpperCase()}`,
    'numbered topics': `magnet:?xt.1=urn:btih:${V1}&xt.2=urn:btmh:1220${ID}`,
    'a CID': CID,
  })) {
    it(`is read from ${what}`, () => expect(parseContentId(written)).to.equal(ID))
  }

  for (const [what, written] of Object.entries({
    nothing: '',
    '63 digits': ID.slice(1),
    '65 digits': `${ID}0`,
    'a v1 infohash': V1,
    'other letters': ID.replace('8', 'g'),
    'a v1 magnet link': `magnet:?xt=urn:btih:${V1}`,
    'a magnet link of something else': 'magnet:?xt=urn:sha1:ABC',
    'a magnet link of two contents': `magnet:?xt=urn:btmh:1220${ID}&xt=urn:btmh:1220${OTHER}`,
    'another hash function': `magnet:?xt=urn:btmh:1114${ID}`,
    'a CID of another codec': 'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi',
    'an HTTP address': 'https://example.org/',
  })) {
    it(`is not read from ${what}`, () =>
      expect(
        hasCode(
          thrown(() => parseContentId(written)),
          'usage',
        ),
      ).to.equal(true))
  }

  it('has a CID of codec torrent-info with its SHA-256', () => {
    const cid = contentCid(ID)
    expect(cid.toString()).to.equal(CID)
    expect(Buffer.from(cid.bytes).toString('hex')).to.equal(`017b1220${ID}`)
    expect(thrown(() => contentCid('xyz'))).to.have.property('code', 'usage')
  })
})

describe('a magnet link', () => {
  const metainfo = {
    contentId: ID,
    infohashV1: V1,
    name: 'naïve & café=1',
    trackers: ['udp://tracker.example:6969/announce', 'https://t.example/a?x=1&y=2'],
    webSeeds: ['https://cdn.example/naïve'],
  }

  it('carries both infohashes, the name, trackers and web seeds', () => {
    expect(magnetLink(metainfo)).to.equal(
      `magnet:?xt=urn:btih:${V1}&xt=urn:btmh:1220${ID}&dn=na%C3%AFve%20%26%20caf%C3%A9%3D1&tr=udp%3A%2F%2Ftracker.example%3A6969%2Fannounce&tr=https%3A%2F%2Ft.example%2Fa%3Fx%3D1%26y%3D2&ws=https%3A%2F%2Fcdn.example%2Fna%C3%AFve`,
    )
  })

  it('reads back as what it was made of', () => {
    expect(parseMagnet(magnetLink(metainfo))).to.deep.equal(metainfo)
  })

  it('leaves out what a content does not have', () => {
    expect(magnetLink({ ...metainfo, infohashV1: null, trackers: [], webSeeds: [] })).not.to.contain('btih')
    expect(magnetLink({ ...metainfo, contentId: null })).not.to.contain('btmh')
  })

  it('is read with an infohash in base 32, and without sources that are no URLs', () => {
    const written = base32.baseEncode(Buffer.from(V1, 'hex'))
    const read = parseMagnet(
      `magnet:?xt=urn:btih:${written.toUpperCase()}&tr=javascript:alert(1)&ws=file:///etc/passwd`,
    )
    expect(read).to.deep.equal({ contentId: null, infohashV1: V1, name: null, trackers: [], webSeeds: [] })
  })
})
