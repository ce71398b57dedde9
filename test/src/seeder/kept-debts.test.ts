import { expect } from 'chai'
import { type ContentId, pieceAt } from '../../../src/content/index.ts'
import type { GatewayClient } from '../../../src/gateway-client/index.ts'
import { createSessionKey, type KeptDebt, type RecalledDebt, type ReceiptLedger } from '../../../src/receipts/index.ts'
import { createKeptDebts } from '../../../src/seeder/kept-debts.ts'
import { createLogger } from '../../../src/telemetry/index.ts'
import { createCreditBook, openTransfer, RefusedError } from '../../../src/transfer/index.ts'
import { type DeliveryBed, type RunningSeeder, startDeliveryBed } from './delivery.ts'

const MIB = 2 ** 20
const HOUR = 3_600_000

describe('debts of those who never signed', () => {
  it('are recalled less what time forgot, and all of them where the clock was set back', async () => {
    const owed = async (at: number) => {
      const credit = createCreditBook()
      const kept: RecalledDebt[] = [{ subject: 'holder h', bytes: 8 * MIB, at: 10 * HOUR, own: true }]
      const ledger: Pick<ReceiptLedger, 'debts' | 'keepDebts'> = { debts: async () => kept, keepDebts: async () => {} }
      const logger = createLogger({ name: 'test', level: 'silent' })
      await createKeptDebts({ ledger, credit, logger }, () => at).recall()
      return Math.round(credit.debtOf('holder h') / 1024)
    }
    expect(await owed(10 * HOUR)).to.equal(8 * 1024)
    expect(await owed(11 * HOUR)).to.equal(4 * 1024)
    expect(await owed(0)).to.equal(8 * 1024)
  })

  it('of others that serve from the same ledger count, and are kept by them alone, however often each starts', async () => {
    const rows = new Map<string, readonly KeptDebt[]>([['a', [{ subject: 'holder h', bytes: MIB, at: 0 }]]])
    const logger = createLogger({ name: 'test', level: 'silent' })
    async function startAs(node: string, more = 0): Promise<number> {
      const credit = createCreditBook()
      const ledger: Pick<ReceiptLedger, 'debts' | 'keepDebts'> = {
        debts: async () => [...rows].flatMap(([of, debts]) => debts.map((debt) => ({ ...debt, own: of === node }))),
        keepDebts: async (debts) => void rows.set(node, debts),
      }
      const kept = createKeptDebts({ ledger, credit, logger }, () => 0)
      await kept.recall()
      if (more > 0) credit.recall([{ subject: 'holder h', bytes: more }])
      await kept.keep()
      return Math.round(credit.debtOf('holder h') / MIB)
    }
    expect(await startAs('b', 2 * MIB)).to.equal(3)
    for (let times = 0; times < 5; times += 1)
      for (const node of ['a', 'b', 'c']) expect(await startAs(node)).to.equal(3)
    expect([...rows].map(([node, debts]) => [node, debts.map(({ bytes }) => Math.round(bytes / MIB))])).to.deep.equal([
      ['a', [1]],
      ['b', [2]],
      ['c', []],
    ])
  })

  describe('at a seeder that is started again', () => {
    let delivery: DeliveryBed
    before(async () => {
      delivery = await startDeliveryBed(4 * MIB)
    })
    after(() => delivery.close())

    /** Takes what comes unsigned and leaves; resolves to how much that was. */
    async function cheat(one: RunningSeeder, client: GatewayClient): Promise<number> {
      const signal = AbortSignal.timeout(20_000)
      const node = await delivery.peer(false)
      let bytes = 0
      const connection = await node.connect(one.node.addresses()[0]!, { signal })
      const data = (_want: unknown, _offset: number, length: number): void => {
        bytes += length
      }
      const transfer = await openTransfer(connection, node.peerId, { data }, signal)
      const key = createSessionKey()
      const terms = await transfer.terms(signal)
      const contentId = delivery.metainfo.contentId as ContentId
      const request = { contentId, download: 'd', remaining: BigInt(4 * MIB) }
      const requests = [{ terms: terms!, sessionKey: key.address, maxBytes: BigInt(4 * MIB) }]
      const { sessions, refused } = await client.openSessions({ ...request, requests })
      if (sessions[0] === undefined) throw new Error(refused[0]?.reason)
      await transfer.hello({ contentId, session: sessions[0], key, receipt: null }, signal)
      const piece = pieceAt(delivery.metainfo, 0)
      transfer.want({ piece, offset: 0, length: MIB, target: new Uint8Array(MIB), hashes: false })
      while (bytes < MIB) {
        signal.throwIfAborted()
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      transfer.abort(new Error('nothing is signed here'))
      return bytes
    }

    it('are held against sponsor, pass holder and address as before, and against nobody else', async () => {
      const credit = { maxDebt: MIB / 2 }
      const first = await delivery.seed({ credit })
      const { account, client } = await delivery.bed.buyer()
      expect(await cheat(first, client)).to.equal(MIB)
      await first.stop()

      const second = await delivery.seed({ credit, account: first.account })
      expect(
        (await second.ledger.debts()).map(({ subject, bytes }) => [subject, Math.round(bytes / 1024)]),
      ).to.have.deep.members([
        ['address 127.0.0.0/24', 1024],
        [`sponsor ${delivery.bed.sponsor.address}`, 1024],
        [`holder ${account.address}`, 1024],
      ])
      const error = await cheat(second, client).catch((reason: unknown) => reason)
      expect(error).to.be.instanceOf(RefusedError).and.to.include({ refusal: 'needsPayment' })
      await second.stop()

      const stranger = await delivery.seed({ credit })
      expect(await cheat(stranger, client), 'a seeder of its own').to.equal(MIB)
    })
  })
})
