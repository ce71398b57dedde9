// A seeder with its ledger, and a sponsor with a log to it, on a real chain.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { privateKeyToAccount } from 'viem/accounts'
import { type Chain, deposit, readCredit, readLane } from '../../../src/chain/index.ts'
import {
  createSessionKey,
  type ReceiptLedger,
  type SessionKey,
  type SettleableRange,
  signVoucher,
} from '../../../src/receipts/index.ts'
import {
  createSettlementChain,
  createSettler,
  type Settler,
  type SettlerInit,
  type VoucherSource,
} from '../../../src/settlement/index.ts'
import { openLedger } from '../../../src/storage/sqlite/index.ts'
import { createTestLog, type TestLog } from '../../behaviours/log-fixture.ts'
import { type TestChain, USD } from '../../chain.ts'

export const logger = { info() {}, warn() {} }
export const USE = { contentId: 'c1', holder: null }
export const PRICE = 2n * USD
export const price = (bytes: bigint) => (bytes * PRICE) / 2n ** 30n

export interface Scene {
  ledger: ReceiptLedger
  log: TestLog
  sponsor: SessionKey
  sponsorChain: Chain
  seederChain: Chain
  path: string
  settler(vouchers?: VoucherSource | null, init?: SettlerInit): Settler
  serve(place: number, bytes: bigint): Promise<void>
  credit(): Promise<bigint>
  head(): Promise<string>
}

export interface Scenes {
  /** With `lines` lines, a signed head behind each, and `deposit` in the sponsor's pool. */
  scene(init?: { lines?: number; deposit?: bigint; expiry?: bigint }): Promise<Scene>
  close(): Promise<void>
}

export function createScenes(chain: TestChain): Scenes {
  const folder = mkdtempSync(join(tmpdir(), 'bitcdn-settlement-'))
  const ledgers: ReceiptLedger[] = []
  let files = 0

  return {
    async scene(init = {}) {
      const sponsor = createSessionKey()
      const seeder = createSessionKey()
      for (const key of [sponsor, seeder]) await chain.fund(key.address, { coin: 10n ** 18n, usd: 1000n * USD })
      const sponsorChain = await chain.as(privateKeyToAccount(sponsor.privateKey))
      const seederChain = await chain.as(privateKeyToAccount(seeder.privateKey))
      if (init.deposit !== 0n) await deposit(sponsorChain, { amount: init.deposit ?? 100n * USD })
      const { domain } = seederChain
      const log = createTestLog({ sponsor, seeder, pricePerGiB: PRICE, lines: init.lines ?? 3, domain })
      const path = join(folder, `${files++}.sqlite`)
      const ledger = await openLedger({ path, domain })
      ledgers.push(ledger)
      for (let place = 1; place <= log.lines.length; place++) {
        const signed = await log.signed(place, init.expiry)
        await ledger.extendLog(log.lane, log.head(place - 1), log.plain(place - 1, place), signed)
      }
      return {
        ...{ ledger, log, sponsor, sponsorChain, seederChain, path },
        settler: (vouchers = null, settlerInit = {}) =>
          createSettler(
            { ledger, chain: createSettlementChain(seederChain, ledger.journal), vouchers, logger },
            settlerInit,
          ),
        async serve(place, bytes) {
          await ledger.openSession(log.head(place), USE)
          if (bytes > 0n) {
            const { session, bytesServed, signature } = log.receipt(place, bytes)
            await ledger.acceptReceipt(session, bytesServed, signature)
          }
          await ledger.releaseSession(log.head(place), true)
        },
        credit: () => readCredit(seederChain, seeder.address),
        head: async () => (await readLane(seederChain, log.lane)).head,
      }
    },
    async close() {
      for (const ledger of ledgers) await ledger.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A gateway that signs what the receipts are worth, or what `twist` makes of it. */
export function gateway(
  { log, sponsor, seederChain }: Scene,
  init: { signer?: SessionKey; twist?: (range: SettleableRange) => Partial<SettleableRange> } = {},
): VoucherSource & { asked: number } {
  return {
    asked: 0,
    async request(range) {
      this.asked++
      const { from, to, amount } = { ...range, ...init.twist?.(range) }
      return signVoucher(seederChain.domain, init.signer ?? sponsor, { ...log.lane, from, to, amount })
    },
  }
}
