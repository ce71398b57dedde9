import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { encode, parseContentId, parseMagnet, parseMetainfo } from '../../../../src/content/index.ts'
import golden from '../../content/golden.json' with { type: 'json' }
import { GOLDEN_CASES, writeGolden } from '../../content/golden.ts'
import { bitcdn } from '../terminal.ts'

const INDEX = GOLDEN_CASES.findIndex(({ name, v2Only }) => name === 'everything' && !v2Only)
const EVERYTHING = GOLDEN_CASES[INDEX]!
const { infohashV1, infohashV2 } = golden[INDEX]!

describe('bitcdn torrent', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bitcdn-torrent-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const at = (...parts: string[]): string => join(folder, ...parts)
  const pieceLength = `${EVERYTHING.pieceLength}`
  let path: string
  before(async () => {
    path = await writeGolden(EVERYTHING, folder)
  })
  const make = (...more: string[]) =>
    bitcdn(['torrent', 'make', path, '-o', at('t.torrent'), '--piece-length', pieceLength, ...more])

  it('makes a torrent and prints its ids, magnet and files as JSON', async () => {
    const made = await make('--json')
    expect(made.code).to.equal(0)
    const json = made.json()
    expect(json).to.deep.include({ contentId: infohashV2, infohashV1, infohashV2, pieceLength: EVERYTHING.pieceLength })
    expect(parseMagnet(json.magnet as string)).to.include({ contentId: infohashV2, infohashV1, name: 'everything' })
    expect(parseContentId(json.cid as string)).to.equal(infohashV2)
    const listed = (json.files as { path: string; length: number; executable: boolean }[]).map(
      ({ path: name, length, executable }) => `${name} ${length} ${executable}`,
    )
    expect(listed).to.have.members(
      EVERYTHING.files.map(({ path: name, length, executable }) => `${name} ${length} ${executable === true}`),
    )
    expect(parseMetainfo(await readFile(at('t.torrent'))).contentId).to.equal(infohashV2)
  })

  it('shows the same of a torrent that it is given', async () => {
    const made = (await make('--json')).json()
    const shown = await bitcdn(['torrent', 'show', at('t.torrent'), '--json'])
    const { output, emptyFolders, ...rest } = made
    expect(shown.json()).to.deep.equal(rest)
    const words = await bitcdn(['torrent', 'show', at('t.torrent')])
    expect(words.out).to.include(infohashV2).and.include('日本語/ファイル')
  })

  it('takes a name, trackers, web seeds, v2 alone and piece lengths with a unit', async () => {
    const made = await bitcdn([
      ...['torrent', 'make', join(path, 'readme.txt'), '-o', at('u.torrent'), '--name', 'read me', '--v2', '--json'],
      ...['--tracker', 'udp://a.example:1/announce', '--tracker', 'https://b.example/announce'],
      ...['--web-seed', 'https://c.example/readme.txt', '--piece-length', '64KiB'],
    ])
    expect(made.json()).to.deep.include({
      name: 'read me',
      infohashV1: null,
      pieceLength: 65_536,
      trackers: ['udp://a.example:1/announce', 'https://b.example/announce'],
      webSeeds: ['https://c.example/readme.txt'],
    })
  })

  it('verifies the content itself, or the folder that contains it', async () => {
    await make()
    for (const place of [path, folder]) {
      const verified = await bitcdn(['torrent', 'verify', at('t.torrent'), place, '--json'])
      expect(verified.code).to.equal(0)
      expect(verified.json()).to.deep.include({ contentId: infohashV2, complete: true, badPieces: [], badFiles: [] })
      expect(verified.json().verifiedBytes).to.equal(verified.json().length)
    }
  })

  it('ends with code 9 and names the pieces when the content is damaged', async () => {
    await make()
    const file = await open(join(path, 'readme.txt'), 'r+')
    await file.write('X', 20_000)
    await file.close()
    const verified = await bitcdn(['torrent', 'verify', at('t.torrent'), path, '--json'])
    expect(verified.code).to.equal(9)
    expect(verified.json()).to.deep.include({ complete: false, badFiles: [] })
    expect(verified.json().badPieces).to.have.length(1)
    const words = await bitcdn(['torrent', 'verify', at('t.torrent'), path])
    expect(words.out).to.include('is not complete')
    await writeGolden(EVERYTHING, folder)
  })

  it('warns of empty folders by name', async () => {
    await mkdir(at('holey/nothing/inside'), { recursive: true })
    await writeFile(at('holey/a'), 'a')
    const made = await bitcdn(['torrent', 'make', at('holey'), '-o', at('holey.torrent'), '--json'])
    expect(made.err).to.include('nothing/inside')
    expect(made.json().emptyFolders).to.deep.equal(['nothing/inside'])
  })

  it('shows and verifies a torrent of BitTorrent v1 alone', async () => {
    await writeFile(at('old'), 'hello')
    const hash = Buffer.from('aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d', 'hex') // SHA-1 of "hello"
    const info = new Map<string, string | number | Uint8Array>([
      ['length', 5],
      ['name', 'old'],
      ['piece length', 16_384],
      ['pieces', hash],
    ])
    await writeFile(at('old.torrent'), encode(new Map([['info', info]])))
    const shown = await bitcdn(['torrent', 'show', at('old.torrent'), '--json'])
    expect(shown.json()).to.deep.include({ contentId: null, infohashV2: null, name: 'old', length: 5 })
    const good = await bitcdn(['torrent', 'verify', at('old.torrent'), folder, '--json'])
    expect(good.json()).to.deep.include({ complete: true, verifiedBytes: 5 })
    await writeFile(at('old'), 'jello')
    expect((await bitcdn(['torrent', 'verify', at('old.torrent'), folder])).code).to.equal(9)
  })

  it('says in one sentence what is wrong with its input', async () => {
    await writeFile(at('empty'), '')
    await writeFile(at('no.torrent'), 'no torrent')
    const cases: [string[], number, string][] = [
      [['make', at('missing')], 3, 'There is no file'],
      [['make', at('empty')], 3, 'is empty'],
      [['make', path, '--piece-length', '1000'], 2, '1000'],
      [['make', path, '--piece-length', 'big'], 2, 'no number of bytes'],
      [['make', path, '--tracker', 'nowhere'], 2, 'cannot be a tracker'],
      [['make', path, '-o', at('missing/x.torrent')], 3, 'There is no folder'],
      [['make'], 2, 'missing required argument'],
      [['show', at('missing')], 3, 'There is no file'],
      [['show', at('no.torrent')], 3, 'Not valid bencode'],
      [['show', folder], 3, 'not a torrent file'],
      [['verify', at('t.torrent'), at('holey')], 3, 'is not at'],
    ]
    for (const [argv, code, words] of cases) {
      const ran = await bitcdn(['torrent', ...argv])
      expect(ran.err, argv.join(' ')).to.include(words)
      expect(ran.code, argv.join(' ')).to.equal(code)
      expect(ran.out).to.equal('')
    }
  })

  it('stops when it is interrupted, and leaves no torrent behind', async () => {
    const ran = await bitcdn(['torrent', 'make', path, '-o', at('never.torrent')], {}, AbortSignal.abort())
    expect(ran.code).to.equal(130)
    expect(await readFile(at('never.torrent')).catch(() => null)).to.equal(null)
  })
})
