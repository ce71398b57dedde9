import { createHash } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  type BencodeDictionary,
  type BencodeValue,
  buildMetainfo,
  decode,
  encode,
  encodeTorrent,
  HashMismatchError,
  type Metainfo,
  MetainfoError,
  metainfoFromInfo,
  missingLayers,
  parseMetainfo,
  parseTorrent,
  pieceAt,
  UnsafeNameError,
  withPieceLayers,
} from '../../../src/content/index.ts'
import { BitCdnError } from '../../../src/errors.ts'
import { failure, thrown } from './failure.ts'
import { goldenSources } from './golden.ts'
import { UNSAFE_NAMES } from './unsafe-names.ts'

const PIECE = 32 * 1024
const FILES = [
  { path: 'a', length: 100_000 },
  { path: 'folder/b', length: 70_000, executable: true },
  { path: 'folder/empty', length: 0 },
  { path: 'z', length: 5 },
]

describe('metainfo from strangers', () => {
  let hybrid: Metainfo
  let v2Only: Metainfo
  let single: Metainfo

  before(async () => {
    const files = goldenSources({ files: FILES })
    hybrid = await buildMetainfo({ name: 'content', single: false, files, pieceLength: PIECE })
    v2Only = await buildMetainfo({ name: 'content', single: false, files, pieceLength: PIECE, v2Only: true })
    single = await buildMetainfo({ name: 'a', single: true, files: files.slice(0, 1), pieceLength: PIECE })
  })

  /** The torrent of `metainfo` after `change` had its way with it. */
  function changed(
    metainfo: Metainfo,
    change: (info: BencodeDictionary, outer: BencodeDictionary) => void,
  ): Uint8Array {
    const outer = decode(encodeTorrent(metainfo)) as BencodeDictionary
    change(at(outer, 'info'), outer)
    return encode(outer)
  }

  function at(value: BencodeValue, ...path: (string | number)[]): BencodeDictionary {
    let here = value
    for (const step of path) here = (here as Map<string | number, BencodeValue>).get?.(step) ?? (here as never)[step]
    return here as BencodeDictionary
  }

  function refused(torrent: Uint8Array, words: string, type: new (...args: never[]) => Error = MetainfoError): void {
    const error = thrown(() => parseMetainfo(torrent)) as BitCdnError
    expect(error).to.be.instanceOf(type)
    expect(error.message).to.contain(words)
    expect(error.advice).to.be.a('string')
  }

  describe('a hybrid that says two different things', () => {
    const v1 = (info: BencodeDictionary, place: number) => at(info, 'files', place)
    const cases: Record<string, (info: BencodeDictionary) => void> = {
      'another length in v1': (info) => v1(info, 0).set('length', 100_001),
      'another length in v1, made up for by its pad': (info) => {
        v1(info, 0).set('length', 99_999)
        v1(info, 1).set('length', (v1(info, 1).get('length') as number) + 1)
      },
      'another name in v1': (info) => v1(info, 0).set('path', ['A']),
      'another folder in v1': (info) => v1(info, 2).set('path', ['b']),
      'one component where v2 has two': (info) => v1(info, 2).set('path', ['folder', 'c']),
      'another order in v1': (info) => (info.get('files') as BencodeValue[]).reverse(),
      'a file less in v1': (info) => void (info.get('files') as BencodeValue[]).splice(0, 2),
      'a file more in v1': (info) =>
        void (info.get('files') as BencodeValue[]).push(
          new Map<string, BencodeValue>([
            ['length', 0],
            ['path', ['more']],
          ]),
        ),
      'a pad file less': (info) => void (info.get('files') as BencodeValue[]).splice(1, 1),
      'a pad file of another length': (info) => v1(info, 1).set('length', 1),
      'a file that v1 calls padding': (info) => v1(info, 0).set('attr', 'p'),
      'padding that v1 calls a file': (info) => void v1(info, 1).delete('attr'),
      'executable in v2 alone': (info) => void v1(info, 2).delete('attr'),
      'no v1 hashes': (info) => void info.delete('pieces'),
      'a v1 hash less': (info) => info.set('pieces', (info.get('pieces') as Uint8Array).subarray(20)),
      'a length and files': (info) => info.set('length', 5),
      'hashes without files': (info) => void info.delete('files'),
    }
    for (const [what, change] of Object.entries(cases)) {
      it(`is refused: ${what}`, () => {
        expect(thrown(() => parseMetainfo(changed(hybrid, change)))).to.be.instanceOf(MetainfoError)
      })
    }

    it('is refused when v1 has a folder around the one file of v2', () => {
      refused(
        changed(single, (info) => {
          info.delete('length')
          info.set('files', [
            new Map<string, BencodeValue>([
              ['length', 100_000],
              ['path', ['b']],
            ]),
          ])
        }),
        'differ',
      )
    })
  })

  describe('figures that cannot be', () => {
    const first = (info: BencodeDictionary) => at(info, 'file tree', 'a', '')
    const cases: Record<string, [string, (info: BencodeDictionary) => void]> = {
      'a negative length': ['-1', (info) => first(info).set('length', -1)],
      'a length of 2^53': ['9007199254740992', (info) => first(info).set('length', 2n ** 53n)],
      'a length of 2^63': ['9223372036854775808', (info) => first(info).set('length', 2n ** 63n)],
      'a length of 2^52 in small pieces': ['pieces', (info) => first(info).set('length', 2 ** 52)],
      'two lengths that overflow together': [
        'pieces',
        (info) => {
          info.set('piece length', 2 ** 27)
          first(info).set('length', 2 ** 47)
          at(info, 'file tree', 'z', '').set('length', Number.MAX_SAFE_INTEGER)
        },
      ],
      'a length that is text': ['not an integer', (info) => first(info).set('length', '5')],
      'no length': ['missing', (info) => void first(info).delete('length')],
      'a piece length of 0': ['piece length', (info) => info.set('piece length', 0)],
      'a piece length below a leaf': ['piece length', (info) => info.set('piece length', 8192)],
      'a piece length of 2^30': ['piece length', (info) => info.set('piece length', 2 ** 30)],
      'a piece length that is no power of two': ['power of two', (info) => info.set('piece length', 48 * 1024)],
      'a short pieces root': ['31 bytes', (info) => first(info).set('pieces root', new Uint8Array(31))],
      'no pieces root': ['missing', (info) => void first(info).delete('pieces root')],
      'a pieces root of an empty file': [
        'pieces root',
        (info) => at(info, 'file tree', 'folder', 'empty', '').set('pieces root', new Uint8Array(32)),
      ],
      'no files': ['empty', (info) => info.set('file tree', new Map())],
      'an empty folder': ['empty', (info) => at(info, 'file tree').set('nothing', new Map())],
      'a file that is a folder': ['at once', (info) => at(info, 'file tree', 'a').set('b', first(info))],
      'an entry that is text': ['not a dictionary', (info) => at(info, 'file tree').set('a', 'text')],
      'a symbolic link': ['link', (info) => first(info).set('attr', 'l')],
      'a symbolic link by its path': ['link', (info) => first(info).set('symlink path', ['etc', 'passwd'])],
      'a pad file in the tree': ['pad file', (info) => first(info).set('attr', 'p')],
      'no name': ['name is missing', (info) => void info.delete('name')],
      'a name that is no UTF-8': ['UTF-8', (info) => info.set('name', Uint8Array.of(0xff, 0xfe))],
      'meta version 3': ['meta version 3', (info) => info.set('meta version', 3)],
      'no file tree': ['not of BitTorrent v2', (info) => void info.delete('file tree')],
    }
    for (const [what, [words, change]] of Object.entries(cases)) {
      it(`are refused: ${what}`, () => refused(changed(v2Only, change), words))
    }
  })

  it('may have only harmless names, wherever a name can stand', () => {
    for (const name of UNSAFE_NAMES) {
      const raw = Buffer.from(name) // lone surrogates become U+FFFD here, which is a name like any other
      if (!name.isWellFormed()) continue
      const key = raw.toString('latin1')
      const places: ((info: BencodeDictionary) => void)[] = [
        (info) => info.set('name', raw),
        (info) => at(info, 'file tree').set(key, at(info, 'file tree', 'z')),
        (info) => at(info, 'file tree', 'folder').set(key, at(info, 'file tree', 'z')),
        (info) => at(info, 'file tree').set(key, at(info, 'file tree', 'folder')),
      ]
      for (const place of places) {
        const error = thrown(() => parseMetainfo(changed(v2Only, place)))
        expect(error, JSON.stringify(name.slice(0, 50))).to.be.instanceOf(BitCdnError)
        // An empty key in a tree is the mark of a file; every other name is judged as a name.
        if (name !== '') expect(error, JSON.stringify(name.slice(0, 50))).to.be.instanceOf(UnsafeNameError)
      }
    }
  })

  it('is never held when any byte of it was changed, unless that makes another valid content', () => {
    const whole = encodeTorrent(hybrid)
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const other = whole.slice()
        other[place]! ^= change
        let read: Metainfo
        try {
          read = parseMetainfo(other)
        } catch (error) {
          expect(error).to.be.instanceOf(BitCdnError)
          return
        }
        expect(read.contentId).not.to.equal(hybrid.contentId)
      }),
      { numRuns: 3_000 },
    )
  })

  it('is read from any bytes at all with nothing but typed errors', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(thrown(() => parseTorrent(bytes))).to.be.instanceOf(BitCdnError)
      }),
      { numRuns: 3_000 },
    )
  })

  it('does not change when the caller reuses the bytes that it was read from', () => {
    for (const bytes of [encodeTorrent(hybrid), Buffer.from(encodeTorrent(hybrid))]) {
      const read = parseMetainfo(bytes)
      bytes.fill(0)
      expect(read).to.deep.equal(hybrid)
    }
    const info = Buffer.from(hybrid.info)
    const layer = Buffer.from([...hybrid.pieceLayers.values()][0]!)
    const read = withPieceLayers(
      metainfoFromInfo(info, hybrid.contentId),
      new Map([...hybrid.pieceLayers].map(([root, own], place) => [root, place === 0 ? layer : own])),
    )
    info.fill(0)
    layer.fill(0)
    expect(read).to.deep.equal(hybrid)
  })

  describe('piece layers', () => {
    it('are refused when one is missing, wrong, too long or of no file', () => {
      const layersOf = (outer: BencodeDictionary) => at(outer, 'piece layers')
      const [root] = [...layersOf(decode(encodeTorrent(hybrid)) as BencodeDictionary).keys()] as [string]
      const layer = (outer: BencodeDictionary) => layersOf(outer).get(root) as Uint8Array
      refused(
        changed(hybrid, (_info, outer) => void outer.delete('piece layers')),
        'no piece layers',
      )
      refused(
        changed(hybrid, (_info, outer) => void layersOf(outer).delete(root)),
        'no piece layers',
      )
      for (const change of [
        (outer: BencodeDictionary) => void layer(outer).fill(1, 0, 1),
        (outer: BencodeDictionary) => layersOf(outer).set(root, layer(outer).subarray(32)),
        (outer: BencodeDictionary) =>
          layersOf(outer).set(root, new Uint8Array([...layer(outer), ...new Uint8Array(32)])),
        (outer: BencodeDictionary) => layersOf(outer).set('x'.repeat(32), layer(outer)),
        (outer: BencodeDictionary) => layersOf(outer).set('short', layer(outer)),
      ]) {
        const torrent = changed(hybrid, (_info, outer) => change(outer))
        expect(thrown(() => parseMetainfo(torrent))).to.be.instanceOf(HashMismatchError)
      }
    })

    it('can come later, from whoever has them', () => {
      const bare = metainfoFromInfo(hybrid.info, hybrid.contentId)
      expect(missingLayers(bare)).to.have.members([...hybrid.pieceLayers.keys()])
      expect(thrown(() => pieceAt(bare, 0))).to.be.instanceOf(MetainfoError)
      expect(thrown(() => encodeTorrent(bare))).to.be.instanceOf(MetainfoError)
      const [first, second] = [...hybrid.pieceLayers] as [[string, Uint8Array], [string, Uint8Array]]
      const half = withPieceLayers(bare, new Map([first]))
      expect(missingLayers(half)).to.deep.equal([second[0]])
      const whole = withPieceLayers(half, new Map([second]))
      expect(missingLayers(whole)).to.deep.equal([])
      expect(encodeTorrent(whole)).to.deep.equal(encodeTorrent(hybrid))
      expect(bare.pieceLayers.size).to.equal(0)
    })

    it('are checked then too', () => {
      const bare = metainfoFromInfo(hybrid.info, hybrid.contentId)
      const [[root, layer]] = [...hybrid.pieceLayers] as [[string, Uint8Array]]
      for (let byte = 0; byte < layer.length; byte += 1) {
        const wrong = layer.slice()
        wrong[byte]! ^= 0x80
        expect(thrown(() => withPieceLayers(bare, new Map([[root, wrong]])))).to.be.instanceOf(HashMismatchError)
      }
      expect(thrown(() => withPieceLayers(bare, new Map([['00'.repeat(32), layer]])))).to.be.instanceOf(
        HashMismatchError,
      )
    })
  })

  it('is taken from an info dictionary only when that is the one that was asked for', () => {
    const read = metainfoFromInfo(hybrid.info, hybrid.contentId)
    expect({ ...read, pieceLayers: hybrid.pieceLayers }).to.deep.equal(hybrid)
    expect(thrown(() => metainfoFromInfo(hybrid.info, v2Only.contentId))).to.be.instanceOf(HashMismatchError)
    expect(thrown(() => metainfoFromInfo(hybrid.info.subarray(1), hybrid.contentId))).to.be.instanceOf(
      HashMismatchError,
    )
    const junk = Buffer.from('not bencode')
    const id = createHash('sha256').update(junk).digest('hex')
    expect(thrown(() => metainfoFromInfo(junk, id))).to.have.property('name', 'BencodeError')
  })

  it('of v1 alone is refused for delivery with words that say why, and can be shown', () => {
    const v1Info = new Map<string, BencodeValue>([
      ['length', 5],
      ['name', 'old.bin'],
      ['piece length', 16_384],
      ['pieces', new Uint8Array(20)],
    ])
    const torrent = encode(new Map<string, BencodeValue>([['info', v1Info]]))
    refused(torrent, 'BitTorrent v1')
    const { v1, v2 } = parseTorrent(torrent)
    expect(v2).to.equal(null)
    expect(v1).to.deep.include({ name: 'old.bin', single: true, length: 5, pieceCount: 1 })
    expect(v1?.infohashV1).to.equal(createHash('sha1').update(encode(v1Info)).digest('hex'))
    for (const name of UNSAFE_NAMES) {
      const unsafe = encode(new Map([['info', new Map(v1Info).set('name', Buffer.from(name.toWellFormed()))]]))
      if (name.isWellFormed()) expect(thrown(() => parseTorrent(unsafe))).to.be.instanceOf(UnsafeNameError)
    }
  })

  it('refuses unsafe names when it is made, too', async () => {
    for (const name of UNSAFE_NAMES) {
      const [file] = goldenSources({ files: [{ path: 'x', length: 5 }] })
      const files = [{ ...file!, path: [name] }]
      const inside = await failure(buildMetainfo({ name: 'x', single: false, files }))
      const outside = await failure(buildMetainfo({ name, single: true, files }))
      expect(inside).to.be.instanceOf(UnsafeNameError)
      expect(outside).to.be.instanceOf(UnsafeNameError)
    }
  })
})
