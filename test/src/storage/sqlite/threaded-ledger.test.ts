import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { expect } from 'chai'
import { BitCdnError } from '../../../../src/errors.ts'
import type { ReceiptLedger } from '../../../../src/receipts/index.ts'
import { type LedgerInit, openLedger, openThreadedLedger } from '../../../../src/storage/sqlite/index.ts'
import { journalBehaviour } from '../../../behaviours/journal.ts'
import { type LedgerFactory, ledgerBehaviour } from '../../../behaviours/ledger.ts'
import { createTestLog } from '../../../behaviours/log-fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'bitcdn-threaded-'))
const inits = new Map<ReceiptLedger, LedgerInit>()
let files = 0

const newPath = (): string => join(folder, `${files++}.sqlite`)

async function open(init: LedgerInit): Promise<ReceiptLedger> {
  const ledger = await openThreadedLedger(init)
  inits.set(ledger, init)
  return ledger
}

after(() => rmSync(folder, { recursive: true, force: true }))

const factory: LedgerFactory = {
  create: (now) => open({ path: newPath(), ...(now === undefined ? {} : { now }) }),
  async reopen(ledger) {
    await ledger.close()
    return open(inits.get(ledger)!)
  },
  beside: (ledger) => open(inits.get(ledger)!),
}

ledgerBehaviour('SQLite in a thread', factory)
journalBehaviour('SQLite in a thread', factory)

describe('A ledger whose connection is in a thread', () => {
  const failure = async (work: Promise<unknown>): Promise<BitCdnError> => {
    const error = await work.then(
      () => null,
      (reason: unknown) => reason,
    )
    if (!(error instanceof BitCdnError)) throw new Error(`Not one of ours: ${String(error)}`)
    return error
  }

  it('says what is wrong with a file in the same words as without a thread', async () => {
    const path = newPath()
    writeFileSync(path, 'no database at all, but long enough to be looked at'.repeat(40))
    const [there, here] = [await failure(openThreadedLedger({ path })), await failure(openLedger({ path }))]
    expect([there.code, there.advice]).to.deep.equal([here.code, here.advice])
    const words = (error: BitCdnError): string => error.message.replace(/ A copy is kept at .*/, '')
    expect(words(there)).to.equal(words(here))
  })

  it('holds what it acknowledged for who opens the file without a thread', async () => {
    const path = newPath()
    const log = createTestLog({ lines: 1 })
    const ledger = await openThreadedLedger({ path })
    await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
    const { session, bytesServed, signature } = log.receipt(0, 1000n)
    expect(await ledger.acceptReceipt(session, bytesServed, signature)).to.equal(1000n)
    const beside = await openLedger({ path })
    expect((await beside.session(session))?.receipt?.bytesServed).to.equal(1000n)
    await Promise.all([beside.close(), ledger.close()])
  })

  it('wakes its thread three times for a receipt: to read its line, its lane, and to write', async () => {
    const log = createTestLog({ lines: 1 })
    const post = Worker.prototype.postMessage
    let posted = 0
    Worker.prototype.postMessage = function (this: Worker, ...args: Parameters<typeof post>) {
      posted += 1
      return post.apply(this, args)
    }
    try {
      const ledger = await openThreadedLedger({ path: newPath() })
      await ledger.extendLog(log.lane, log.head(0), log.plain(), await log.signed())
      const accept = (bytes: bigint): Promise<bigint> => {
        const { session, bytesServed, signature } = log.receipt(0, bytes)
        return ledger.acceptReceipt(session, bytesServed, signature)
      }
      await accept(1000n)
      posted = 0
      expect(await accept(2000n)).to.equal(2000n)
      expect(posted).to.equal(3)
      await ledger.close()
    } finally {
      Worker.prototype.postMessage = post
    }
  })

  it('refuses everything when its thread has died, also what it was asked before', async () => {
    const program = join(folder, 'dying.mjs')
    writeFileSync(
      program,
      `import { parentPort } from 'node:worker_threads'
       parentPort.postMessage({ answers: [{ value: undefined }], inTransaction: false })
       parentPort.on('message', (questions) => {
         if (questions.flat().some(([, text]) => text.includes('lanes'))) process.exit(3)
         parentPort.postMessage({ answers: questions.map(() => ({ value: {} })), inTransaction: true })
       })`,
    )
    const ledger = await openThreadedLedger({ path: newPath() }, pathToFileURL(program))
    const [one, two] = await Promise.all([failure(ledger.lanes()), failure(ledger.lanes())])
    expect([one.code, two.code]).to.deep.equal(['disk-failed', 'disk-failed'])
    expect(one.message).to.contain('ended with code 3')
    expect((await failure(ledger.lanes())).code).to.equal('disk-failed')
    await ledger.close()
  })

  it('is served without one where none starts, and says so', async () => {
    const warned = new Promise<Error & { code?: string }>((resolve) => process.once('warning', resolve))
    const ledger = await openThreadedLedger({ path: newPath() }, pathToFileURL(join(folder, 'not-there.mjs')))
    expect((await warned).code).to.equal('BITCDN_NO_LEDGER_THREAD')
    expect(await ledger.lanes()).to.deep.equal([])
    await ledger.close()
  })
})
