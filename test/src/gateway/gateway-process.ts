// A gateway in a process of its own that kills itself, as `kill -9` would, at the point that a line on its input names.
import { createInterface } from 'node:readline'
import type { Address, Hex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { connectChain, type LocalAccount } from '../../../src/chain/index.ts'
import { createGateway, type GatewayContent } from '../../../src/gateway/index.ts'
import type { SponsorLog } from '../../../src/receipts/index.ts'
import { openSponsorLog } from '../../../src/storage/sqlite/index.ts'

/** Each comes right before the step that it names; `answer`: everything is stored, and nobody told. */
export const SESSION_POINTS = ['append', 'sign head', 'save head', 'sign ticket', 'answer sessions'] as const
export const VOUCHER_POINTS = ['sign voucher', 'save voucher', 'answer voucher'] as const
export type Point = (typeof SESSION_POINTS)[number] | (typeof VOUCHER_POINTS)[number]

export interface GatewayTask {
  path: string
  rpcUrl: string
  registry: Address
  privateKey: Hex
  port: number
  content: Omit<GatewayContent, 'pricePerGiB' | 'metainfo'> & { pricePerGiB: string }
}

const MANY = 1n << 60n

if (process.argv[1] === import.meta.filename) await open(JSON.parse(process.argv[2] ?? '{}') as GatewayTask)

async function open({ path, rpcUrl, registry, privateKey, port, content }: GatewayTask): Promise<void> {
  let point: string | null = null
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      point = line
      process.stdout.write('armed\n')
    })
    .on('close', () => process.exit(0))

  function reach(here: Point): void {
    if (point !== here) return
    process.kill(process.pid, 'SIGKILL')
    for (;;); // the signal arrives before anything more is done
  }

  const key = privateKeyToAccount(privateKey)
  const steps: Record<string, Point> = {
    SessionLog: 'sign head',
    SessionTicket: 'sign ticket',
    Voucher: 'sign voucher',
  }
  // one that shows what it signs, as a wallet elsewhere does
  const { sign: _, ...wallet } = key
  const signer: LocalAccount = {
    ...wallet,
    async signTypedData(statement) {
      reach(steps[String(statement.primaryType)] ?? 'append')
      return key.signTypedData(statement)
    },
  }
  const stored = await openSponsorLog({ path })
  let ticketed = false
  const log: SponsorLog = {
    ...stored,
    append(...line) {
      reach('append')
      return stored.append(...line)
    },
    async saveHead(...head) {
      reach('save head')
      await stored.saveHead(...head)
      ticketed = true
    },
    async linesUpTo(session, most) {
      const found = await stored.linesUpTo(session, most)
      if (ticketed) reach('answer sessions') // what is read last, after the head was kept
      return found
    },
    async saveVoucher(...voucher) {
      reach('save voucher')
      const first = await stored.saveVoucher(...voucher)
      reach('answer voucher')
      return first
    },
  }
  const gateway = createGateway(
    {
      chain: await connectChain({ rpcUrl, addresses: { registry }, account: key, finality: 'latest' }),
      ...{ log, signer, logger: { debug() {}, info() {}, warn() {}, error() {} } as never },
      contents: [{ ...content, pricePerGiB: BigInt(content.pricePerGiB), metainfo: Buffer.from('d4:infodee') }],
    },
    {
      ...{ port, presentWait: 0 },
      limits: {
        ...{ holderDayBytes: MANY, seederHourBytes: MANY, seederOpenLines: 1 << 30, unusedLinesFree: 1 << 30 },
        requestsPerMinute: 1 << 30,
      },
    },
  )
  await gateway.start()
  process.stdout.write(`${gateway.url}\n`)
}
