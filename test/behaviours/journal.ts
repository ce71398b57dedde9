// What every TransactionJournal does, whatever its ledger is stored in.
import { expect } from 'chai'
import { bytesToHex, getAddress, type Hex } from 'viem'
import { hasCode } from '../../src/errors.ts'
import type { Intent, ReceiptLedger, SignedTransaction, TransactionJournal } from '../../src/receipts/index.ts'
import type { LedgerFactory } from './ledger.ts'

const WALLET = { chainId: 31337, account: getAddress(`0x${'aa'.repeat(20)}`) }
const OTHER = getAddress(`0x${'bb'.repeat(20)}`)
const HIGH = 2n ** 255n - 1n
const MINUTE = 60_000

function intent(id: string, changes: Partial<Intent> = {}): Intent {
  const call = { to: OTHER, data: '0x1234', value: HIGH } as const
  return { id, purpose: 'settle', ...WALLET, call, maxFeePerGas: null, ...changes }
}

let made = 0
function bid(nonce: number, changes: Partial<SignedTransaction> = {}): SignedTransaction {
  const hash = bytesToHex(Buffer.from(String(++made).padStart(32, '0')))
  const fees = { gas: 21_000n, maxFeePerGas: HIGH, maxPriorityFeePerGas: 1n }
  return { hash, raw: `0x02${hash.slice(2)}` as Hex, nonce, ...fees, ...changes }
}

export function journalBehaviour(name: string, factory: LedgerFactory): void {
  describe(`The journal of transactions on ${name}`, () => {
    let now: number
    let ledger: ReceiptLedger
    let journal: TransactionJournal

    beforeEach(async () => {
      now = 1_700_000_000_000
      ledger = await factory.create(() => now)
      journal = ledger.journal
    })

    afterEach(() => ledger.close())

    async function expectRefused(work: Promise<unknown>, words: string): Promise<void> {
      const error = await work.then(
        () => null,
        (reason: unknown) => reason,
      )
      expect(hasCode(error, 'refused'), `${words}: ${error}`).to.equal(true)
      expect((error as Error).message).to.include(words)
    }
    const openIds = async (wallet: Parameters<TransactionJournal['open']>[0] = WALLET): Promise<string[]> =>
      (await journal.open(wallet)).map(({ id }) => id)

    it('keeps an intent as it was first told, over a restart', async () => {
      const first = intent('a', { maxFeePerGas: HIGH })
      expect(await journal.begin(first)).to.deep.equal({ ...first, state: 'open', signed: [] })
      await journal.begin(intent('a', { purpose: 'withdraw', chainId: 1 }))
      ledger = await factory.reopen(ledger)
      journal = ledger.journal
      expect(await journal.entry('a')).to.deep.equal({ ...first, state: 'open', signed: [] })
      expect(await journal.entry('b')).to.equal(null)
    })

    it('keeps bids with their age, over a restart and a clock that is set back', async () => {
      await journal.begin(intent('a'))
      const [low, high] = [bid(7), bid(7, { maxPriorityFeePerGas: 2n })]
      await journal.sign('a', low)
      now += MINUTE
      await journal.sign('a', high)
      await journal.sign('a', high) // told twice, kept once
      now += MINUTE
      ledger = await factory.reopen(ledger)
      journal = ledger.journal
      expect((await journal.entry('a'))?.signed).to.deep.equal([
        { ...low, lost: false, age: 2 * MINUTE },
        { ...high, lost: false, age: MINUTE },
      ])
      now -= 24 * 60 * MINUTE // nobody knows any more how old they are: they do not wait for a day
      for (const { age } of (await journal.entry('a'))?.signed ?? []) expect(age).to.equal(Number.POSITIVE_INFINITY)
    })

    it('gives a nonce to one open intent of a wallet', async () => {
      for (const id of ['a', 'b', 'c']) await journal.begin(intent(id))
      await journal.begin(intent('elsewhere', { chainId: 1 }))
      await journal.begin(intent('another', { account: OTHER }))
      await journal.sign('a', bid(7))
      await expectRefused(journal.sign('b', bid(7)), 'held by transaction a')
      await journal.sign('elsewhere', bid(7))
      await journal.sign('another', bid(7))
      await expectRefused(journal.sign('a', bid(8)), 'under nonce 7')
      await expectRefused(journal.sign('nobody', bid(9)), 'nobody')
      await journal.end('a', 'done')
      await expectRefused(journal.sign('a', bid(7)), 'has ended')
      await journal.sign('b', bid(7))
    })

    it('gives a nonce to one of two processes that want it at once', async () => {
      const other = await factory.beside(ledger)
      try {
        for (let nonce = 0; nonce < 8; nonce++) {
          const ids = [`${nonce} here`, `${nonce} there`] as const
          for (const id of ids) await journal.begin(intent(id))
          const tries = await Promise.allSettled([
            journal.sign(ids[0], bid(nonce)),
            other.journal.sign(ids[1], bid(nonce)),
          ])
          expect(tries.filter(({ status }) => status === 'fulfilled')).to.have.length(1)
          const entries = await Promise.all(ids.map((id) => journal.entry(id)))
          expect(entries.flatMap((entry) => entry?.signed ?? [])).to.have.length(1)
        }
      } finally {
        await other.close()
      }
    })

    it('tells what is open in the order of nonces, unsigned ones last', async () => {
      for (const id of ['late', 'unsigned', 'early', 'over']) await journal.begin(intent(id))
      await journal.begin(intent('another', { account: OTHER }))
      await journal.begin(intent('elsewhere', { chainId: 1 }))
      await journal.sign('late', bid(9))
      await journal.sign('early', bid(3))
      await journal.sign('over', bid(1))
      await journal.end('over', 'failed')
      expect(await openIds()).to.deep.equal(['early', 'late', 'unsigned'])
      expect(await openIds({ ...WALLET, account: WALLET.account.toLowerCase() as Hex })).to.have.length(3)
      expect(await openIds({ chainId: 31337 })).to.include.members(['another', 'early'])
      expect(await openIds({ chainId: 1 })).to.deep.equal(['elsewhere'])
    })

    it('lets a lost one be signed under another nonce, and keeps what was signed before', async () => {
      await journal.begin(intent('a'))
      await journal.begin(intent('b'))
      await journal.sign('a', bid(7))
      await journal.lose('a')
      await journal.sign('b', bid(7))
      await journal.sign('a', bid(8))
      const { signed = [] } = (await journal.entry('a')) ?? {}
      expect(signed.map(({ nonce, lost }) => [nonce, lost])).to.deep.equal([
        [7, true],
        [8, false],
      ])
      expect(await openIds()).to.deep.equal(['b', 'a'])
    })

    it('drops nothing that may be mined, and changes no end', async () => {
      await journal.begin(intent('a'))
      await journal.sign('a', bid(7))
      await expectRefused(journal.end('a', 'dropped'), 'may be mined')
      await journal.lose('a')
      await journal.end('a', 'dropped')
      await journal.end('a', 'done')
      expect((await journal.entry('a'))?.state).to.equal('dropped')
      expect(await openIds()).to.deep.equal([])
    })

    it('lets one send with a wallet at a time, also of two processes', async () => {
      const other = await factory.beside(ledger)
      let inside = 0
      let most = 0
      const work = async (): Promise<void> => {
        most = Math.max(most, ++inside)
        await new Promise((settle) => setTimeout(settle, 5))
        inside -= 1
      }
      try {
        const turns = [journal, other.journal, journal, other.journal].map((one) => one.exclusively(WALLET, work))
        await Promise.all(turns)
        expect(most).to.equal(1)
        await expectFailure(journal.exclusively(WALLET, () => Promise.reject(new Error('in turn'))))
        await journal.exclusively(WALLET, () => other.journal.exclusively({ ...WALLET, account: OTHER }, work))
      } finally {
        await other.close()
      }
    })
  })
}

async function expectFailure(work: Promise<unknown>): Promise<void> {
  const failed = await work.then(
    () => false,
    () => true,
  )
  expect(failed).to.equal(true)
}
