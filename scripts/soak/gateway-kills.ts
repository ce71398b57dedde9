// kill -9 of a gateway before each of its steps: while it opens a session (before the line is stored, its head signed, kept,
// the ticket signed, the answer sent) and while it makes a voucher (before it is signed, kept, sent). Another process goes on
// from the same log. For each place of a lane there is one line, for each range one voucher, whoever heard of it; and whoever
// heard of none is given all that it may have.
//   node scripts/soak/gateway-kills.ts [--runs 400] [--seed N] [--tenth]
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { bytesToHex, parseEther } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { buyPass, type LocalAccount } from '../../src/chain/index.ts'
import { hasCode } from '../../src/errors.ts'
import { createGatewayClient, type GatewayClient } from '../../src/gateway-client/index.ts'
import {
  type AuthorizedSession,
  amountFor,
  createSessionKey,
  laneKey,
  paidBytes,
  type SessionKey,
  type SignedReceipt,
  type SignedVoucher,
  signerFromAccount,
  signReceipt,
  signTerms,
  verifyVoucher,
} from '../../src/receipts/index.ts'
import { openSponsorLog } from '../../src/storage/sqlite/index.ts'
import { startTestChain, type TestChain, USD } from '../../test/chain.ts'
import type { Random } from '../../test/parity/random.ts'
import { type GatewayTask, SESSION_POINTS, VOUCHER_POINTS } from '../../test/src/gateway/gateway-process.ts'
import { CaseFailure, campaign, type Run } from './campaign.ts'

const GATEWAY = resolve(import.meta.dirname, '../../test/src/gateway/gateway-process.ts')
const POINTS = [...SESSION_POINTS, ...VOUCHER_POINTS]
const GATEWAYS = 2
const MIB = 1n << 20n
const LENGTH = 100n * MIB
/** Of a download of which nothing has arrived, from one seeder: what is left and a tenth, and 16 MiB. */
const ALLOWED = 174n * MIB
const PRICE = 2n * USD
const COIN = parseEther('10')

await campaign({ name: 'kill -9 of a gateway', runs: 400, tenth: 24 }, async (run) => {
  const chain = await startTestChain()
  const sums = { sessions: 0, vouchers: 0, answered: 0 }
  try {
    let next = run.from
    await Promise.all(
      Array.from({ length: GATEWAYS }, async (_, at) => {
        const gateway = await gatewayOf(chain, run, at)
        try {
          while (next < run.from + run.runs) {
            const index = next++
            await gateway.kill(index, sums).catch((error: Error) => {
              throw new CaseFailure(index, error.message, { cause: error })
            })
            if ((index + 1) % 50 === 0) run.say(`${index + 1} kills`)
          }
          await gateway.check()
        } finally {
          gateway.stop()
        }
      }),
    )
  } finally {
    await chain.close()
  }
  return (
    `${run.runs} kills at ${POINTS.length} points, ${sums.sessions} lines and ${sums.vouchers} vouchers answered, ` +
    `${sums.answered} of them after a kill that had stored one: one line for a place, one voucher for a range, no allowance lost`
  )
})

interface Sums {
  sessions: number
  vouchers: number
  answered: number
}

interface Line {
  readonly session: AuthorizedSession
  readonly key: SessionKey
}

async function gatewayOf(chain: TestChain, run: Run, at: number) {
  const privateKey = generatePrivateKey()
  const sponsor = privateKeyToAccount(privateKey)
  await chain.fund(sponsor.address, { coin: COIN })
  const seeder = await chain.account()
  const buyer = await chain.account({ usd: 5n * USD })
  const { contentId, pass, token } = await chain.publish(sponsor, { pricePerGiB: PRICE })
  await buyPass(await chain.as(buyer), { pass, tier: 0 })
  const { domain, id, addresses } = await chain.as(seeder)
  const path = join(run.folder, `${at}.sqlite`)
  const task: GatewayTask = {
    ...{ path, rpcUrl: chain.rpcUrl, registry: addresses.registry, privateKey, port: 0 },
    content: { contentId, pass, token, name: 'film.mkv', length: Number(LENGTH), pricePerGiB: String(PRICE) },
  }
  const terms = await signTerms(domain, signerFromAccount(seeder), {
    ...{ seeder: seeder.address, peerId: `0x0024080112${'20'.padEnd(66, 'b')}`, chainId: BigInt(id) },
    ...{ settlement: addresses.settlement, lanes: [0n], pricePerGiB: PRICE, sequence: 1n },
    expiry: BigInt(Math.floor(Date.now() / 1000) + 86_400),
  })
  /** What was ever answered: the line at each place, the voucher for each range. */
  const lines = new Map<string, Line>()
  const vouchers = new Map<string, SignedVoucher>()
  let gateway = await startGateway(task)

  const client = (account: LocalAccount): GatewayClient => createGatewayClient({ url: gateway.url, account })

  /** Asks for a line, as a download does that holds `held`. */
  async function open(
    download: string,
    key: SessionKey,
    { held = [], maxBytes = ALLOWED }: { held?: readonly AuthorizedSession[]; maxBytes?: bigint } = {},
  ): Promise<Line> {
    const { sessions, refused } = await client(buyer).openSessions({
      ...{ contentId, download, remaining: LENGTH, open: held.reduce((sum, { line }) => sum + line.maxBytes, 0n) },
      requests: [{ terms, sessionKey: key.address, maxBytes }],
    })
    const [session] = sessions
    if (session === undefined) throw new Error(`No line: ${refused[0]?.reason}`)
    const place = `${laneKey(session.lane)} ${session.index}`
    const line = { session, key }
    const before = lines.get(place) ?? line
    if (before.session.signed.head !== session.signed.head) throw new Error(`Two lines at place ${session.index}.`)
    lines.set(place, line)
    return line
  }

  async function request(of: readonly Line[], receipts: readonly SignedReceipt[]): Promise<SignedVoucher> {
    const from = of[0]!.session.session
    const to = of.at(-1)!.session.signed.head
    const voucher = await client(seeder).requestVoucher({ lane: of[0]!.session.lane, from, to, receipts })
    if (!verifyVoucher(domain, voucher)) throw new Error('A voucher is not signed by its signer.')
    const before = vouchers.get(`${from} ${to}`) ?? voucher
    if (before.signature !== voucher.signature || before.amount !== voucher.amount)
      throw new Error(`Two vouchers for one range: over ${before.amount} and ${voucher.amount}.`)
    vouchers.set(`${from} ${to}`, voucher)
    return voucher
  }

  /** Does `work` with a gateway that dies at `point`, then starts another one at the same log. */
  async function dying(point: string, work: () => Promise<unknown>): Promise<void> {
    await gateway.arm(point)
    const error = await work().then(
      () => new Error(`The gateway was not killed before '${point}'.`),
      (reason: unknown) => reason,
    )
    if (!hasCode(error, 'gateway-unreachable')) throw error
    await gateway.gone
    gateway = await startGateway(task)
  }

  async function killInSession(point: string, index: number, sums: Sums, random: Random): Promise<void> {
    const download = `download ${index}`
    const first = random.chance(0.5) ? [await open(download, newKey(random), { maxBytes: 10n * MIB })] : []
    const held = first.map(({ session }) => session)
    const left = held.length > 0 ? ALLOWED - 10n * MIB : ALLOWED
    const before = await storedLines(path)
    await dying(point, () => open(download, newKey(random), { held }))
    if ((await storedLines(path)) > before) sums.answered += 1
    const again = await open(download, newKey(random), { held })
    if (again.session.line.maxBytes !== left)
      throw new Error(`Killed before '${point}': ${again.session.line.maxBytes} of ${left} bytes may be had.`)
    sums.sessions += held.length + 1
  }

  async function killInVoucher(point: string, index: number, sums: Sums, random: Random): Promise<void> {
    const of: Line[] = []
    for (let count = 1 + random.below(3); count > 0; count--)
      of.push(await open(`download ${index} ${count}`, newKey(random)))
    const sign = (bytes: (most: bigint) => bigint): SignedReceipt[] =>
      of.map(({ session: { session, line }, key }) =>
        signReceipt(domain, key, { session, bytesServed: bytes(line.maxBytes) }),
      )
    const first = sign((most) => 1n + random.bigBelow(most / 2n))
    const later = sign((most) => most / 2n + 1n + random.bigBelow(most / 2n))
    const amount = (receipts: readonly SignedReceipt[]): bigint =>
      amountFor(
        receipts.map(({ bytesServed }, place) => paidBytes(bytesServed, of[place]!.session.line.maxBytes)),
        PRICE,
      )
    await dying(point, () => request(of, first))
    const voucher = await request(of, later)
    const kept = point === 'answer voucher'
    if (kept) sums.answered += 1
    if (voucher.amount !== amount(kept ? first : later))
      throw new Error(
        `Killed before '${point}': the voucher is over ${voucher.amount}, signed for were ${amount(first)}.`,
      )
    await request(of, first) // another one would be found
    sums.sessions += of.length
    sums.vouchers += 1
  }

  return {
    async kill(index: number, sums: Sums): Promise<void> {
      const random = run.random(index)
      const point = POINTS[index % POINTS.length]!
      const isVoucher = (VOUCHER_POINTS as readonly string[]).includes(point)
      await (isVoucher ? killInVoucher : killInSession)(point, index, sums, random)
    },
    /** What was answered is in the log as it was answered. */
    async check(): Promise<void> {
      gateway.stop()
      await gateway.gone
      const log = await openSponsorLog({ path })
      try {
        for (const { session, key } of lines.values()) {
          const line = await log.line(session.session)
          if (line?.next !== session.signed.head || line.sessionKey !== key.address)
            throw new Error(`The line of session ${session.session} is not in the log as it was answered.`)
        }
        for (const { from, to, signature, ...lane } of vouchers.values())
          if ((await log.voucher(lane, from, to))?.signature !== signature)
            throw new Error(`The voucher from ${from} is not in the log as it was answered.`)
      } finally {
        await log.close()
      }
    },
    stop: () => gateway.stop(),
  }
}

async function storedLines(path: string): Promise<number> {
  const log = await openSponsorLog({ path })
  try {
    const all = await Promise.all((await log.lanes()).map((lane) => log.laneLog(lane)))
    return all.reduce((sum, found) => sum + (found?.lines.length ?? 0), 0)
  } finally {
    await log.close()
  }
}

interface RunningGateway {
  readonly url: string
  /** Resolves when it knows where to die. */
  arm(point: string): Promise<void>
  readonly gone: Promise<unknown>
  stop(): void
}

async function startGateway(task: GatewayTask): Promise<RunningGateway> {
  const child: ChildProcess = spawn(process.execPath, [GATEWAY, JSON.stringify(task)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const gone = once(child, 'close')
  const said = createInterface({ input: child.stdout! })
  const nextLine = async (): Promise<string> => {
    const line = await Promise.race([once(said, 'line'), gone.then(() => null)])
    if (line === null) throw new Error('The gateway ended by itself.')
    return String(line[0])
  }
  const url = await nextLine()
  return {
    ...{ url, gone },
    async arm(point) {
      const armed = nextLine()
      child.stdin!.write(`${point}\n`)
      await armed
    },
    stop: () => void child.kill('SIGKILL'),
  }
}

function newKey(random: Random): SessionKey {
  return createSessionKey(bytesToHex(random.bytes(32)))
}
