// A process that settles what its ledger holds and kills itself at the point it is told, as `kill -9` would.
import type { Address, Hex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { type Chain, connectChain, type LocalAccount } from '../../../src/chain/index.ts'
import type { TransactionJournal } from '../../../src/receipts/index.ts'
import { createSettlementChain, createSettler } from '../../../src/settlement/index.ts'
import { openLedger } from '../../../src/storage/sqlite/index.ts'

/** Each comes right before the step that it names; `end`: the outcome is taken over, and the journal not told yet. */
export const POINTS = ['sign', 'store', 'broadcast', 'confirm', 'end'] as const
export type Point = (typeof POINTS)[number]

export interface SettleTask {
  path: string
  rpcUrl: string
  registry: Address
  privateKey: Hex
  point: Point
}

if (process.argv[1] === import.meta.filename) {
  await settle(JSON.parse(process.argv[2] ?? '{}') as SettleTask)
  console.error('It was not killed: there was nothing to settle.')
  process.exitCode = 2
}

async function settle({ path, rpcUrl, registry, privateKey, point }: SettleTask): Promise<void> {
  const die = (): never => {
    process.kill(process.pid, 'SIGKILL')
    for (;;); // the signal arrives before anything more is done
  }
  const key = privateKeyToAccount(privateKey)
  const account: LocalAccount = {
    ...key,
    signTransaction: (...args) => (point === 'sign' ? die() : key.signTransaction(...args)),
  }
  const chain = await connectChain({ rpcUrl, addresses: { registry }, account, finality: 'latest' })
  const ledger = await openLedger({ path, domain: chain.domain })
  const journal: TransactionJournal = {
    ...ledger.journal,
    async sign(id, bid) {
      if (point === 'store') die()
      await ledger.journal.sign(id, bid)
      if (point === 'broadcast') die()
    },
    end: (id, state) => (point === 'end' ? die() : ledger.journal.end(id, state)),
  }
  const sending: Chain = {
    ...chain,
    endpoints: chain.endpoints.map((client) => ({
      ...client,
      async sendRawTransaction(transaction) {
        const hash = await client.sendRawTransaction(transaction)
        return point === 'confirm' ? die() : hash
      },
    })),
  }
  const logger = { info() {}, warn() {} }
  const settler = createSettler({ ledger, chain: createSettlementChain(sending, journal), vouchers: null, logger })
  await settler.settleOnce()
  if (point === 'end') await settler.reconcile() // its block came after the look at which block is final
  await ledger.close()
}
