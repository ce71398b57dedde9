// Sponsors who drain, thaw, revoke and release at random times, on a real chain whose clock is moved; the seeder is away for
// up to half the thaw period, then comes back and settles. Whatever it served from a reserve must be paid.
//   node scripts/soak/sponsors.ts [--runs 1000] [--seed N] [--tenth]
import { join } from 'node:path'
import { type Address, bytesToHex } from 'viem'
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import {
  authorizeSigner,
  type Chain,
  deposit,
  readAccount,
  readCredit,
  readLane,
  releaseReserve,
  reserve,
  revokeSigner,
  settle,
  thaw,
  thawReserve,
  withdrawThawed,
} from '../../src/chain/index.ts'
import { BitCdnError } from '../../src/errors.ts'
import {
  type AuthorizedSession,
  createSessionKey,
  encodeBatch,
  firstHead,
  type Head,
  type Lane,
  type LogLine,
  nextHead,
  type ReceiptLedger,
  signerFromAccount,
  signHead,
  signReceipt,
  signTicket,
  signVoucher,
} from '../../src/receipts/index.ts'
import { createChainView } from '../../src/seeder/chain-view.ts'
import { createDesk } from '../../src/seeder/desk.ts'
import { createExposure } from '../../src/seeder/exposure.ts'
import { createSettlementChain, createSettler } from '../../src/settlement/index.ts'
import { openLedger } from '../../src/storage/sqlite/index.ts'
import { createLogger } from '../../src/telemetry/index.ts'
import { RefusedError } from '../../src/transfer/index.ts'
import { startTestChain, type TestChain, USD } from '../../test/chain.ts'
import type { Random } from '../../test/parity/random.ts'
import { CaseFailure, campaign, type Run } from './campaign.ts'

const PRICE = 2n * USD
const CONTENT = 'c0'.repeat(32)
const HOLDER: Address = `0x${'40'.repeat(20)}`
const MIB = 1n << 20n
const COIN = 10n ** 18n
const DAY = 86_400
/** Half of the seven days that a thaw takes. */
const AWAY_SECONDS = 3.5 * DAY

const logger = createLogger({ name: 'soak', level: 'silent' })

interface Sums {
  paid: bigint
  rounds: number
  refused: number
  acts: number
}

await campaign({ name: 'sponsors who drain, thaw, revoke and release', runs: 1_000, tenth: 30 }, async (run) => {
  const chain = await startTestChain()
  const sums: Sums = { paid: 0n, rounds: 0, refused: 0, acts: 0 }
  try {
    const seeder = await chain.account({ coin: 500n * COIN })
    const friend = await chain.account()
    const own = { seeder: await chain.as(seeder), friend: await chain.as(friend) }
    for (let index = run.from; index < run.from + run.runs; index++) {
      await oneSponsor({ run, chain, index, random: run.random(index), ...own, sums })
      if ((index + 1) % 50 === 0) run.say(`${index + 1} sponsors, ${sums.rounds} settlements, ${sums.paid} paid`)
    }
  } finally {
    await chain.close()
  }
  if (sums.paid === 0n) throw new Error('nothing was paid: nothing was tried')
  return (
    `${run.runs} sponsors, ${sums.acts} acts against the seeder, ${sums.rounds} settlements after up to 3.5 days away, ` +
    `${sums.refused} sessions refused where trust had ended, ${sums.paid} token units owed from reserves, 0 unpaid`
  )
})

interface Case {
  readonly run: Run
  readonly chain: TestChain
  readonly index: number
  readonly random: Random
  readonly seeder: Chain
  readonly friend: Chain
  readonly sums: Sums
}

async function oneSponsor({ run, chain, index, random, seeder, friend, sums }: Case): Promise<void> {
  const account = await chain.account({ coin: COIN, usd: 20n * USD })
  const own = await chain.as(account)
  const key = random.chance(0.5) ? privateKeyToAccount(bytesToHex(random.bytes(32))) : null
  const sponsor = account.address
  const lane: Lane = { sponsor, seeder: seeder.account!.address, lane: BigInt(random.below(2)), pricePerGiB: PRICE }
  await deposit(own, { amount: 10n * USD + random.bigBelow(10n * USD) })
  if (key !== null) await authorizeSigner(own, { key: key.address, added: random.bigBelow(5n * USD) })
  await reserve(own, { ...lane, amount: USD / 20n + random.bigBelow(2n * USD) })
  const ledger = await openLedger({ path: join(run.folder, `${index}.sqlite`) })
  await ledger.releaseAll()
  const signer = signerFromAccount(key ?? (account as PrivateKeyAccount))
  const log = { lines: [] as LogLine[], tip: firstHead(lane) }
  const act = async () => {
    sums.acts += 1
    await actAgainst({ own, friend, lane, key, random })
  }
  try {
    for (let round = 0; round < 2 + random.below(3); round++) {
      await serve({ ledger, seeder, lane, log, signer, random, act, sums })
      let away = Math.floor((random.next() / 2 ** 32) * AWAY_SECONDS)
      for (let acts = random.below(4); acts > 0; acts--) {
        const part = random.below(away + 1)
        await chain.passTime(part)
        away -= part
        await act()
      }
      await chain.passTime(away)
      await settleAndCheck({ ledger, seeder, lane, signer, index, sums, byVoucher: random.chance(0.5) })
    }
  } finally {
    await ledger.close()
  }
}

type Signer = ReturnType<typeof signerFromAccount>

/** One session as far as the seeder lets it go, by the real desk: it trusts nothing but reserves. */
async function serve(what: {
  ledger: ReceiptLedger
  seeder: Chain
  lane: Lane
  log: { lines: LogLine[]; tip: Head }
  signer: Signer
  random: Random
  act: () => Promise<void>
  sums: Sums
}): Promise<void> {
  const { ledger, seeder, lane, log, signer, random, sums } = what
  const { domain } = seeder
  const view = createChainView(seeder) // as after a restart: nothing is believed from before
  const desk = createDesk(
    {
      ...{ domain, ledger, view, exposure: createExposure({ ledger, view }, { trustedWindows: 0 }) },
      ...{ stores: new Map(), terms: () => Promise.reject(new Error('nobody asks')), logger },
      gatewayLog: async () => null,
    },
    { seeder: lane.seeder, pricePerGiB: PRICE, lanes: [0n, 1n], isFree: () => false },
  )
  const now = await view.time()
  const sessionKey = createSessionKey(bytesToHex(random.bytes(32)))
  const line = { sessionKey: sessionKey.address, maxBytes: MIB + random.bigBelow(256n * MIB) }
  const session = log.tip
  const head = nextHead(session, line)
  const shown: AuthorizedSession = {
    ...{ lane, index: log.lines.length, session, line, from: session, lines: [line] },
    signed: await signHead(domain, signer, lane, { head, expiry: now + 60n * 86_400n }),
    ticket: await signTicket(domain, signer, {
      ...{ session, contentId: `0x${CONTENT}`, holder: HOLDER, notAfter: now + 3_600n },
    }),
  }
  try {
    const admission = await desk.admit({ contentId: CONTENT, remotePeer: 'peer', session: shown, receipt: null })
    log.lines.push(line)
    log.tip = head
    try {
      let bytes = 0n
      for (let steps = 1 + random.below(6); steps > 0 && bytes < line.maxBytes; steps--) {
        const more = 1n + random.bigBelow(16n * MIB)
        bytes = bytes + more < line.maxBytes ? bytes + more : line.maxBytes
        admission.noteServed(bytes)
        const { signature } = signReceipt(domain, sessionKey, { session, bytesServed: bytes })
        await admission.acceptReceipt(bytes, signature)
        if (random.chance(0.1)) await what.act()
      }
    } finally {
      await admission.release(true)
    }
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    sums.refused += 1
    const held = await ledger.session(session)
    if (held !== null && log.tip === session) {
      log.lines.push(line) // kept by the seeder before it refused
      log.tip = head
    }
  }
}

/** What a sponsor may do whenever it likes. What the contract refuses now is no act of importance. */
async function actAgainst(what: {
  own: Chain
  friend: Chain
  lane: Lane
  key: PrivateKeyAccount | null
  random: Random
}): Promise<void> {
  const { own, friend, lane, key, random } = what
  const { seeder, lane: number, pricePerGiB } = lane
  const { free, balance } = await readAccount(own, lane.sponsor)
  const { reserved } = await readLane(own, lane)
  const acts: (() => Promise<unknown>)[] = [
    () => thaw(own, { amount: random.chance(0.5) ? free : random.bigBelow(free + 1n) }),
    () => withdrawThawed(own),
    () =>
      thawReserve(own, { seeder, lane: number, pricePerGiB, amount: random.chance(0.7) ? reserved : reserved / 2n }),
    () => releaseReserve(own, { seeder, lane: number, pricePerGiB }),
    () => (key === null ? Promise.resolve() : revokeSigner(own, { key: key.address })),
    () => drain(own, friend, balance, random),
    () => reserve(own, { seeder, lane: number, pricePerGiB, amount: random.bigBelow(free + 1n) }),
  ]
  try {
    await random.pick(acts)()
  } catch (error) {
    if (!(error instanceof BitCdnError) || error.code === 'rpc-unreachable') throw error
  }
}

/** The sponsor owes its whole pool to a seeder of its own, which is paid first. */
async function drain(own: Chain, friend: Chain, amount: bigint, random: Random): Promise<void> {
  const account = own.account as PrivateKeyAccount
  const lane = {
    ...{ sponsor: account.address, seeder: friend.account!.address },
    ...{ lane: BigInt(random.next()), pricePerGiB: 1n },
  }
  const from = firstHead(lane)
  const to = nextHead(from, { sessionKey: lane.seeder, maxBytes: 1n })
  const { signature } = await signVoucher(own.domain, signerFromAccount(account), { ...lane, from, to, amount })
  const group = { kind: 'voucher', least: null, delegate: null, ...lane, to, amount, signature } as const
  await settle(friend, { seeder: lane.seeder, batch: encodeBatch([group]) })
}

async function settleAndCheck(what: {
  ledger: ReceiptLedger
  seeder: Chain
  lane: Lane
  signer: Signer
  index: number
  sums: Sums
  byVoucher: boolean
}): Promise<void> {
  const { ledger, seeder, lane, signer, index, sums } = what
  const settler = createSettler({
    ...{ ledger, chain: createSettlementChain(seeder, ledger.journal), logger },
    vouchers: what.byVoucher
      ? {
          request: ({ from, to, amount }) => signVoucher(seeder.domain, signer, { ...lane, from, to, amount }),
        }
      : null,
  })
  const before = await ledger.earnings()
  const credit = await readCredit(seeder, lane.seeder, { at: 'latest' })
  const report = await settler.settleOnce({ all: true, min: 1n })
  const after = await ledger.earnings()
  const owed = before.receipted + before.vouchered
  const paid = (await readCredit(seeder, lane.seeder, { at: 'latest' })) - credit
  if (paid !== owed || after.paid - before.paid !== owed) {
    const words = report.notes.map((note) => note.words).join('; ')
    throw new CaseFailure(
      index,
      `${owed} were owed, ${paid} paid, the ledger says ${after.paid - before.paid}: ${words}`,
    )
  }
  sums.paid += paid
  sums.rounds += 1
}
