// Runs the tests on one chain with one mutant after the other switched on, and tells which test noticed it first.
import { pathToFileURL } from 'node:url'
import hre from 'hardhat'
import { BASE, type Mutant, RECORD } from './schemata.ts'
import { loadTests, type Test } from './suite.ts'

export interface Order {
  readonly mutant: Mutant
  /** Test files that concern the mutant's contract, the likeliest first. */
  readonly files: readonly string[]
}

export type Answer = { readonly ready: number } | Verdict | { readonly failed: string }

export interface Verdict {
  readonly id: number
  /** The test that failed; undefined: the mutant survived. */
  readonly killer: string | undefined
  readonly why: string | undefined
}

const TOO_LONG = 60_000
/** Hundreds of calls each; the rows of errors.ts cut batches off too, and guarded functions are called back by other tests. */
const TOO_SLOW = ['a batch that is cut off anywhere', 'may call what moves no money']
const [root, ...files] = process.argv.slice(2)
const NOBODY = 0xc0ffeen
let hits = new Set<number>()
hre.hooks.registerHandlers('network', {
  onCoverageData: async (_context, tags) => {
    for (const tag of tags) hits.add(Number(`0x${tag}`))
  },
})
const { chain } = await import(pathToFileURL(`${root}/test/contracts/fixture.ts`).href)
let coinbase = NOBODY
let buildWith = NOBODY
keepFixtures()
const tests = (await loadTests(files)).filter(({ title }) => !TOO_SLOW.some((slow) => title.includes(slow)))
const took = new Map<Test, number>()
const reached = new Map<Test, ReadonlySet<number>>()
const killers = new Map<string, Test[]>()
let lastFile = ''

process.on('message', async (order: Order | 'baseline') => {
  try {
    process.send!(order === 'baseline' ? { ready: await baseline() } : await judge(order))
  } catch (error) {
    process.send!({ failed: String(error) })
  }
})
process.send!({ ready: 0 })

/** Without a mutant everything is green, before the first and after the last; the first time, each test's places are noted. */
async function baseline(): Promise<number> {
  if (buildWith !== NOBODY) chain.networkHelpers.clearSnapshots()
  buildWith = NOBODY
  await switchOn(reached.size === 0 ? RECORD : NOBODY)
  for (const test of tests) {
    hits = new Set()
    const began = performance.now()
    const error = await failure(test)
    if (error) throw new Error(`Without any mutant "${test.title}" fails: ${error}`)
    if (coinbase !== RECORD) continue
    took.set(test, performance.now() - began)
    reached.set(test, hits)
  }
  return tests.length
}

async function judge({ mutant, files }: Order): Promise<Verdict> {
  const constructing = mutant.within.endsWith('.constructor')
  if (constructing || buildWith !== NOBODY) chain.networkHelpers.clearSnapshots()
  await switchOn(BASE + BigInt(mutant.id))
  buildWith = constructing ? coinbase : NOBODY
  const concerned = tests.filter((test) => constructing || reached.get(test)!.has(mutant.probe))
  const queue = likeliestFirst(mutant, concerned, files)
  for (const test of queue) {
    const error = await failure(test)
    lastFile = test.file
    if (!error) continue
    for (const key of [mutant.within, mutant.file]) {
      const before = killers.get(key) ?? []
      killers.set(key, [test, ...before.filter((other) => other !== test)].slice(0, 12))
    }
    return { id: mutant.id, killer: test.title, why: error }
  }
  return { id: mutant.id, killer: undefined, why: undefined }
}

/** Tests that noticed a neighbour first; among them those whose fixture is loaded; then file by file, the quick ones first. */
function likeliestFirst({ within, file }: Mutant, concerned: readonly Test[], files: readonly string[]): Test[] {
  const near = new Set(killers.get(within))
  const known = new Set(killers.get(file))
  const rank = (test: Test) => (near.has(test) ? 0 : known.has(test) ? 1 : 2)
  const away = (test: Test) => (test.file === lastFile ? -1 : files.indexOf(test.file))
  return concerned
    .filter((test) => files.includes(test.file))
    .sort((a, b) => rank(a) - rank(b) || away(a) - away(b) || (took.get(a) ?? 0) - (took.get(b) ?? 0))
}

/** Fixtures are built once, without a mutant, which is switched on in what they left; but constructors run while they are built. */
function keepFixtures(): void {
  const { networkHelpers } = chain
  const load = networkHelpers.loadFixture.bind(networkHelpers)
  networkHelpers.loadFixture = async (fixture: () => Promise<unknown>) => {
    await setCoinbase(buildWith)
    const loaded = await load(fixture)
    await setCoinbase(coinbase)
    // The chain's clock goes on while others run: a fixture that is hours old must not be hours late.
    const { timestamp } = await chain.provider.request({ method: 'eth_getBlockByNumber', params: ['latest', false] })
    await request('evm_mine', Number(timestamp) + 1) // and calls see the coinbase of the last block
    return loaded
  }
}

async function switchOn(address: bigint): Promise<void> {
  await request('evm_setAutomine', true)
  coinbase = address
  await setCoinbase(coinbase)
}

async function setCoinbase(address: bigint): Promise<void> {
  await request('hardhat_setCoinbase', `0x${address.toString(16).padStart(40, '0')}`)
}

async function failure(test: Test): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`took longer than ${TOO_LONG} ms`)), TOO_LONG)
    })
    await Promise.race([test.run(), late])
    return undefined
  } catch (error) {
    return String((error as Error)?.message ?? error)
      .split('\n')[0]!
      .slice(0, 160)
  } finally {
    clearTimeout(timer)
  }
}

async function request(method: string, ...params: unknown[]): Promise<string> {
  return chain.provider.request({ method, params })
}
