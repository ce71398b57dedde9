import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect } from 'chai'

/** Rooms from the top of the house to its ground; a file may import its own room and those that its row allows. */
const FACTS = ['content', 'receipts']
const ADAPTERS = ['transfer', 'discovery', 'storage', 'chain', 'gateway-client']
const BELOW_PROGRAMS = [...FACTS, ...ADAPTERS, 'settlement', 'downloader', 'telemetry']
const PROGRAMS = ['seeder', 'gateway', 'sdk']
const DOORS: Record<string, readonly string[]> = {
  content: [],
  receipts: [],
  transfer: FACTS,
  discovery: FACTS,
  storage: FACTS,
  chain: FACTS,
  'gateway-client': FACTS,
  telemetry: [],
  settlement: ['receipts', 'chain', 'storage'],
  downloader: [...FACTS, ...ADAPTERS],
  seeder: BELOW_PROGRAMS,
  gateway: BELOW_PROGRAMS,
  sdk: [...BELOW_PROGRAMS, 'seeder', 'gateway'],
  devnet: [...BELOW_PROGRAMS, ...PROGRAMS],
  cli: [...BELOW_PROGRAMS, ...PROGRAMS, 'devnet'],
}
const ROOT = resolve(import.meta.dirname, '..')
const SRC = join(ROOT, 'src')

interface Import {
  file: string
  from: string
  target: string
}

const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
  .map((path) => join(SRC, path))

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '')
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^'"\n]*(?:\{[^}]*\}\s*from\s*)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g,
  )
  return [...found].map((match) => ({ file, from: roomOf(file), target: match[1] ?? match[2] ?? '' }))
}

const roomOf = (file: string): string => {
  const [first = '', ...rest] = relative(SRC, file).split('/')
  return rest.length === 0 ? '' : first
}

const all = sources.flatMap(importsOf)
const describePath = (entry: Import): string => `${relative(ROOT, entry.file)} imports ${entry.target}`

describe('the house', () => {
  it('has a row in the list of doors for every room', () => {
    const rooms = readdirSync(SRC, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(rooms.map((entry) => entry.name).sort()).to.deep.equal(Object.keys(DOORS).sort())
  })

  it('opens its doors one way, downwards', () => {
    const wrong = all.filter(({ file, from, target }) => {
      if (!target.startsWith('.')) return false
      const to = resolve(dirname(file), target)
      if (!to.startsWith(SRC)) return relative(ROOT, to) !== 'package.json' && from !== 'devnet'
      const room = roomOf(to)
      return room !== '' && room !== from && !(DOORS[from] ?? []).includes(room)
    })
    expect(wrong.map(describePath)).to.deep.equal([])
  })

  it('imports files that exist, with their endings', () => {
    const missing = all.filter(
      ({ file, target }) => target.startsWith('.') && !existsSync(resolve(dirname(file), target)),
    )
    expect(missing.map(describePath)).to.deep.equal([])
  })

  it('keeps Hardhat and ethers out of everything but the devnet and the keystore', () => {
    const wrong = all.filter(
      ({ file, from, target }) =>
        /^(hardhat|ethers|@nomicfoundation|@openzeppelin)(\/|$)/.test(target) &&
        from !== 'devnet' &&
        relative(SRC, file) !== 'cli/keystore.ts',
    )
    expect(wrong.map(describePath)).to.deep.equal([])
  })

  it('lets only the command line read the environment or end the process', () => {
    const wrong = sources.filter(
      (file) => roomOf(file) !== 'cli' && /process\.(env|exit)\b/.test(readFileSync(file, 'utf8')),
    )
    expect(wrong.map((file) => relative(ROOT, file))).to.deep.equal([])
  })

  it('keeps every file small enough to hold in mind', () => {
    const long = sources.filter(
      (file) =>
        !file.includes('/generated/') && !file.includes('/abi/') && readFileSync(file, 'utf8').split('\n').length > 400,
    )
    expect(long.map((file) => relative(ROOT, file))).to.deep.equal([])
  })
})
