import { Command } from 'commander'
import { contentCid, type Metainfo, magnetLink, parseTorrent, type Torrent } from '../../content/index.ts'
import { BitCdnError } from '../../errors.ts'
import {
  type CheckResult,
  checkContent,
  checkContentV1,
  createTorrent,
  readTorrentFile,
  writeTorrentFile,
} from '../../storage/pieces/index.ts'
import { EXIT_CODES } from '../exit.ts'
import { type CommandIo, printResult } from '../io.ts'

interface MakeOptions {
  readonly output?: string
  readonly pieceLength?: string
  readonly name?: string
  readonly v2?: true
  readonly tracker: readonly string[]
  readonly webSeed: readonly string[]
  readonly json?: true
}

interface JsonOption {
  readonly json?: true
}

/** `bitcdn torrent make|show|verify`: torrents without any chain. */
export function torrentCommand(io: CommandIo): Command {
  const command = new Command('torrent').description('make, show and verify torrents; no chain is needed')
  command.addHelpText(
    'after',
    `
Examples:
  bitcdn torrent make film.mp4 -o film.torrent
  bitcdn torrent make album/ -o album.torrent --tracker udp://tracker.example:6969/announce
  bitcdn torrent show film.torrent --json
  bitcdn torrent verify film.torrent ~/Downloads`,
  )

  command
    .command('make')
    .description('make the torrent of a file or folder (BitTorrent v1 and v2 in one)')
    .argument('<path>', 'file or folder')
    .option('-o, --output <file>', 'where to write it (default: the name with .torrent, in this folder)')
    .option('--piece-length <bytes>', 'a power of two from 16384, also 256KiB or 4MiB (default: by size)')
    .option('--name <name>', 'what the content is called (default: the name of the file or folder)')
    .option('--v2', 'leave the v1 part out: only for clients that know BitTorrent v2')
    .option('--tracker <url>', 'announce there; may be given several times', collect, [])
    .option('--web-seed <url>', 'an HTTP address that has the content; may be given several times', collect, [])
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  bitcdn torrent make film.mp4\n  bitcdn torrent make album/ -o album.torrent --piece-length 1MiB',
    )
    .action((path: string, options: MakeOptions) => make(io, path, options))

  command
    .command('show')
    .description('print what a torrent holds')
    .argument('<file>', 'torrent file')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExamples:\n  bitcdn torrent show film.torrent\n  bitcdn torrent show film.torrent --json')
    .action((file: string, options: JsonOption) => show(io, file, options))

  command
    .command('verify')
    .description('compare files on disk with a torrent; ends with code 9 when they differ')
    .argument('<file>', 'torrent file')
    .argument('<path>', 'the content itself, or the folder that contains it')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  bitcdn torrent verify film.torrent film.mp4\n  bitcdn torrent verify album.torrent ~/Downloads',
    )
    .action((file: string, path: string, options: JsonOption) => verify(io, file, path, options))
  return command
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}

async function make(io: CommandIo, path: string, options: MakeOptions): Promise<void> {
  const pieceLength = options.pieceLength === undefined ? {} : { pieceLength: parseBytes(options.pieceLength) }
  const { metainfo, torrent, emptyFolders } = await createTorrent(path, {
    ...pieceLength,
    ...(options.name === undefined ? {} : { name: options.name }),
    v2Only: options.v2 === true,
    trackers: options.tracker,
    webSeeds: options.webSeed,
    signal: io.signal,
    onProgress: progress(io, 'Hashing'),
  })
  const output = options.output ?? `${metainfo.name}.torrent`
  await writeTorrentFile(output, torrent)
  for (const folder of emptyFolders)
    io.err(`Warning: the empty folder ${folder} is left out; a torrent holds only files.`)
  const described = describe({ v1: null, v2: metainfo })
  printResult(io, options.json === true, { ...described, output, emptyFolders }, () => [
    ...lines(described),
    `Torrent     ${output}`,
  ])
}

async function show(io: CommandIo, file: string, options: JsonOption): Promise<void> {
  const described = describe(parseTorrent(await readTorrentFile(file)))
  printResult(io, options.json === true, described, () => [
    ...lines(described),
    ...described.files.map(
      ({ path, length, executable }) => `  ${length}  ${path}${executable ? '  (executable)' : ''}`,
    ),
  ])
}

async function verify(io: CommandIo, file: string, path: string, options: JsonOption): Promise<void> {
  const torrent = parseTorrent(await readTorrentFile(file))
  const check = { signal: io.signal, onProgress: progress(io, 'Verifying') }
  const result =
    torrent.v2 === null ? await checkContentV1(torrent.v1, path, check) : await checkContent(torrent.v2, path, check)
  const described = describe(torrent)
  printResult(io, options.json === true, { ...described, ...result }, () => verdict(described, result))
  if (!result.complete) io.exitWith(EXIT_CODES['verification-failed'])
}

interface Described {
  readonly contentId: string | null
  readonly infohashV1: string | null
  readonly infohashV2: string | null
  readonly cid: string | null
  readonly magnet: string
  readonly name: string
  readonly length: number
  readonly pieceLength: number
  readonly pieceCount: number
  readonly trackers: readonly string[]
  readonly webSeeds: readonly string[]
  readonly files: readonly { path: string; length: number; executable: boolean; piecesRoot: string | null }[]
}

function describe({ v1, v2 }: Torrent): Described {
  const torrent = v2 ?? v1
  const contentId = v2?.contentId ?? null
  const { infohashV1, name, length, pieceLength, pieceCount, trackers, webSeeds } = torrent
  return {
    contentId,
    infohashV1,
    infohashV2: contentId,
    cid: contentId === null ? null : contentCid(contentId).toString(),
    magnet: magnetLink({ contentId, infohashV1, name, trackers, webSeeds }),
    name,
    length,
    pieceLength,
    pieceCount,
    trackers,
    webSeeds,
    files: v2 === null ? v1.files.filter((file) => !file.pad).map(fileOf) : v2.files.map(fileOf),
  }
}

function fileOf(
  file: Pick<Metainfo['files'][number], 'path' | 'length' | 'executable'> & { piecesRoot?: Uint8Array | null },
) {
  const root = file.piecesRoot
  return {
    path: file.path.join('/'),
    length: file.length,
    executable: file.executable,
    piecesRoot: root ? Buffer.from(root).toString('hex') : null,
  }
}

function lines(described: Described): string[] {
  const { contentId, infohashV1, cid, magnet, name, length, files, pieceLength, pieceCount } = described
  return [
    `Name        ${name}`,
    `Content id  ${contentId ?? 'none (BitTorrent v1 only)'}`,
    `Infohash    ${infohashV1 === null ? 'v2 only' : `v1 ${infohashV1}`}`,
    ...(cid === null ? [] : [`CID         ${cid}`]),
    `Size        ${length} bytes in ${files.length} ${files.length === 1 ? 'file' : 'files'}`,
    `Pieces      ${pieceCount} of ${pieceLength} bytes`,
    `Magnet      ${magnet}`,
  ]
}

function verdict({ name, length, pieceCount }: Described, result: CheckResult): string[] {
  const { complete, verifiedBytes, badPieces, badFiles } = result
  if (complete) return [`${name} is complete: all ${pieceCount} pieces, ${length} bytes, are intact.`]
  return [
    `${name} is not complete: ${verifiedBytes} of ${length} bytes are intact, ${badPieces.length} of ${pieceCount} pieces are not.`,
    ...badFiles.slice(0, 20).map((path) => `  missing or of another length: ${path}`),
    ...(badFiles.length > 20 ? [`  and ${badFiles.length - 20} more`] : []),
  ]
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, kib: 2 ** 10, m: 2 ** 20, mib: 2 ** 20 }

function parseBytes(text: string): number {
  const [, digits, unit] = /^([0-9]{1,12}) ?([a-z]*)$/i.exec(text.trim()) ?? []
  const factor = UNITS[(unit ?? '').toLowerCase()]
  if (digits === undefined || factor === undefined) {
    throw new BitCdnError('usage', `${JSON.stringify(text)} is no number of bytes.`, {
      advice: 'Give bytes such as 262144, or 256KiB, or 4MiB.',
    })
  }
  return Number(digits) * factor
}

/** Redraws one line on a terminal, at most once for each percent; writes nothing elsewhere. */
function progress(io: CommandIo, what: string): (done: number, total: number) => void {
  let shown = -1
  return (done, total) => {
    const percent = Math.floor((done / total) * 100)
    if (!io.terminal || percent === shown) return
    shown = percent
    io.draw(`\r${what} ${percent} %${percent === 100 ? '\n' : ''}`)
  }
}
