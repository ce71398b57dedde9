// A seeder's desk for tests: the real ledger and the real store, without chain, gateway and reserve.
import type { PeerId } from '@libp2p/interface'
import { bytesToHex, type Hex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import type { ContentStore } from '../../src/content/index.ts'
import { hasCode } from '../../src/errors.ts'
import {
  createDomain,
  type Domain,
  type ReceiptLedger,
  signerFromAccount,
  signTerms,
  verifyHead,
} from '../../src/receipts/index.ts'
import { type Admission, type HelloRequest, RefusedError, type ServingDesk } from '../../src/transfer/index.ts'

export const DOMAIN: Domain = createDomain({ chainId: 31337n, settlement: `0x${'c0'.repeat(20)}` })

export interface DeskInit {
  readonly key: Hex
  readonly peerId: PeerId
  readonly ledger: ReceiptLedger
  readonly stores: readonly ContentStore[]
  readonly pricePerGiB?: bigint
  readonly free?: boolean
  readonly domain?: Domain
}

export async function createDesk(init: DeskInit): Promise<ServingDesk> {
  const { ledger } = init
  const domain = init.domain ?? DOMAIN
  const signer = signerFromAccount(privateKeyToAccount(init.key))
  const terms = await signTerms(domain, signer, {
    seeder: signer.address,
    peerId: bytesToHex(init.peerId.toMultihash().bytes),
    chainId: domain.chainId,
    settlement: domain.settlement,
    lanes: [1n],
    pricePerGiB: init.pricePerGiB ?? 1_000_000n,
    sequence: 1n,
    expiry: BigInt(Math.floor(Date.now() / 1000) + 86_400),
  })

  async function admit({ contentId, session, receipt }: HelloRequest): Promise<Admission> {
    if (session === null) {
      if (init.free !== true) throw new RefusedError('needsPayment', 'This content is not free.')
      return { ...nothing, session: null, receipt: null, served: 0n }
    }
    if (!verifyHead(domain, session.lane, session.signed)) {
      throw new RefusedError('badSignature', 'The head is not signed by its signer.')
    }
    await ledger.extendLog(session.lane, session.from, session.lines, session.signed)
    const id = session.session
    const { receipt: known = null, state = 'settled' } = (await ledger.session(id)) ?? {}
    // as the real desk does: what is signed stays owed, whether its session can be opened or not
    if (receipt !== null && receipt.bytesServed > (known?.bytesServed ?? 0n)) {
      await ledger.acceptReceipt(id, receipt.bytesServed, receipt.signature)
    }
    if (state === 'closed' || state === 'settled') {
      throw new RefusedError('sessionExpired', `This session is ${state}: a new one is needed.`)
    }
    const { served, receipt: held } = await ledger
      .openSession(id, { contentId, holder: null })
      .catch((error: Error) => {
        throw hasCode(error, 'refused') ? new RefusedError('sessionOpenElsewhere', error.message) : error
      })
    return {
      session: { id, key: session.line.sessionKey, maxBytes: session.line.maxBytes },
      ...{ receipt: held, served },
      bid: { pricePerGiB: session.lane.pricePerGiB, weight: 1 },
      acceptReceipt: (bytesServed, signature) => ledger.acceptReceipt(id, bytesServed, signature),
      noteServed: (bytesServed) => ledger.noteServed(id, bytesServed),
      release: (final) => ledger.releaseSession(id, final),
    }
  }

  return {
    content: async (contentId) => init.stores.find((store) => store.metainfo.contentId === contentId) ?? null,
    terms: async () => terms,
    admit,
  }
}

const nothing: Omit<Admission, 'session' | 'receipt' | 'served'> = {
  acceptReceipt: async (bytesServed) => bytesServed,
  noteServed: () => undefined,
  release: async () => undefined,
}
