// A seeder's desk on a real chain, beside a real gateway.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Chain, LocalAccount } from '../../../src/chain/index.ts'
import type { GatewayClient } from '../../../src/gateway-client/index.ts'
import {
  type AuthorizedSession,
  createSessionKey,
  type ReceiptLedger,
  type SessionKey,
  type SignedReceipt,
  signReceipt,
} from '../../../src/receipts/index.ts'
import { createChainView } from '../../../src/seeder/chain-view.ts'
import { createDesk, type Desk } from '../../../src/seeder/desk.ts'
import { createExposure } from '../../../src/seeder/exposure.ts'
import { openLedger } from '../../../src/storage/sqlite/index.ts'
import { createLogger } from '../../../src/telemetry/index.ts'
import type { Admission, HelloRequest } from '../../../src/transfer/index.ts'
import { type GatewayBed, MIB, PRICE } from '../gateway/fixture.ts'

export interface DeskBed {
  readonly account: LocalAccount
  readonly chain: Chain
  readonly ledger: ReceiptLedger
  readonly path: string
  desk: Desk
  /** The desk anew, as after a restart (the chain is read again); with the ledger at the same path. */
  restart(): Promise<void>
  /** A line at this seeder from the gateway, with the key that signs for it. */
  session(client: GatewayClient, maxBytes?: bigint, lane?: bigint): Promise<Paid>
  hello(session: AuthorizedSession | null, receipt?: SignedReceipt | null): HelloRequest
  admit(session: AuthorizedSession | null, receipt?: SignedReceipt | null): Promise<Admission>
  receipt(paid: Paid, bytesServed: bigint): SignedReceipt
  close(): Promise<void>
}

export interface Paid {
  readonly session: AuthorizedSession
  readonly key: SessionKey
}

export interface DeskBedInit {
  trustedWindows?: number
  lanes?: readonly bigint[]
  free?: boolean
  weight?: number
  /** Whether the desk may ask the gateway for logs; default yes. */
  gateway?: boolean
}

export async function openDeskBed(bed: GatewayBed, init: DeskBedInit = {}): Promise<DeskBed> {
  const account = await bed.chain.account()
  const chain = await bed.chain.as(account)
  const path = join(bed.folder, `${randomBytes(6).toString('hex')}.sqlite`)
  const lanes = init.lanes ?? [0n]
  const logger = createLogger({ name: 'seeder', level: 'silent' })
  let ledger = await openLedger({ path })

  const build = (): Desk => {
    const view = createChainView(chain)
    const gateway = bed.client()
    return createDesk(
      {
        domain: chain.domain,
        ledger,
        view,
        exposure: createExposure({ ledger, view }, { trustedWindows: init.trustedWindows ?? 1 }),
        stores: new Map(),
        terms: () => bed.terms(account, { lanes }),
        gatewayLog: (lane) => (init.gateway === false ? Promise.resolve(null) : gateway.laneLog(lane)),
        logger,
      },
      {
        seeder: account.address,
        pricePerGiB: PRICE,
        lanes,
        isFree: () => init.free === true,
        weightOf: () => init.weight ?? 1,
      },
    )
  }
  await ledger.releaseAll()
  const made: DeskBed = {
    account,
    chain,
    get ledger() {
      return ledger
    },
    path,
    desk: build(),
    async restart() {
      await ledger.close()
      ledger = await openLedger({ path })
      await ledger.releaseAll()
      made.desk = build()
    },
    async session(client, maxBytes = 30n * MIB, lane) {
      const offered = lane === undefined ? lanes : [lane]
      const key = createSessionKey()
      const { sessions, refused } = await client.openSessions({
        contentId: bed.content.contentId,
        download: randomBytes(8).toString('hex'),
        remaining: 100n * MIB,
        requests: [{ terms: await bed.terms(account, { lanes: offered }), sessionKey: key.address, maxBytes }],
      })
      const [session] = sessions
      if (session === undefined) throw new Error(refused[0]?.reason ?? 'no session')
      return { session, key }
    },
    hello: (session, receipt = null) => ({
      contentId: bed.content.contentId,
      remotePeer: '12D3KooW',
      session,
      receipt,
    }),
    admit: (session, receipt = null) => made.desk.admit(made.hello(session, receipt)),
    receipt: ({ session, key }, bytesServed) =>
      signReceipt(chain.domain, key, { session: session.session, bytesServed }),
    close: () => ledger.close(),
  }
  return made
}
