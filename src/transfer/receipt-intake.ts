import type { Address } from 'viem'
import { type Domain, type SignedReceipt, verifyReceipt } from '../receipts/index.ts'
import { MAX_BAD_RECEIPTS, SPACING_DIVISOR, SPACING_MILLISECONDS } from './constants.ts'
import type { Tab } from './credit-types.ts'
import { ProtocolError } from './errors.ts'
import type { Admission } from './ports.ts'

export interface ReceiptIntakeInit {
  readonly domain: Domain
  readonly key: Address
  readonly maxBytes: bigint
  readonly tab: Tab
  readonly admission: Admission
  /** A receipt is durable: the highest one, and the window from here on. */
  held(bytesServed: bigint, window: number): void
  /** The ledger could not store a receipt. */
  failed(error: Error): void
}

/**
 * Takes the receipts of one session: cheap checks first, then the signature, then the ledger, then the window. While
 * one is being stored the newest waits and replaces those between.
 */
export interface ReceiptIntake {
  /** Throws a {@link ProtocolError} for the third bad one. */
  take(receipt: SignedReceipt): void
  /** Reads a receipt that came too close behind another, once its time has come (or `now`, at the end). */
  readDeferred(now?: boolean): void
  /** Resolves when everything that was read is durable. */
  settled(): Promise<void>
}

export function createReceiptIntake(init: ReceiptIntakeInit): ReceiptIntake {
  const { domain, key, maxBytes, tab, admission } = init
  let highest = BigInt(tab.signed)
  let readAt = Number.NEGATIVE_INFINITY
  let deferred: SignedReceipt | null = null
  let waiting: SignedReceipt | null = null
  let storing: Promise<void> | null = null
  let bad = 0

  function countBad(words: string): void {
    bad += 1
    if (bad >= MAX_BAD_RECEIPTS) throw new ProtocolError(`${words} It was the ${bad}th bad receipt of this stream.`)
  }

  function tooClose(receipt: SignedReceipt): boolean {
    const reach = tab.served - tab.signed + tab.room()
    const near = Number(receipt.bytesServed - highest) < reach / SPACING_DIVISOR
    return near && performance.now() - readAt < SPACING_MILLISECONDS
  }

  function read(receipt: SignedReceipt): void {
    deferred = null
    readAt = performance.now()
    if (!verifyReceipt(domain, receipt, key)) {
      countBad(`A receipt for ${receipt.bytesServed} bytes is not signed by ${key}.`)
      return
    }
    highest = receipt.bytesServed
    waiting = receipt
    storing ??= store().finally(() => {
      storing = null
    })
  }

  async function store(): Promise<void> {
    try {
      for (let receipt = waiting; receipt !== null; receipt = waiting) {
        waiting = null
        const held = await admission.acceptReceipt(receipt.bytesServed, receipt.signature)
        init.held(held, tab.sign(Number(held)))
      }
    } catch (error) {
      init.failed(error as Error)
    }
  }

  return {
    take(receipt) {
      const { bytesServed } = receipt
      if (bytesServed <= highest) return
      if (bytesServed > BigInt(tab.served) || bytesServed > maxBytes) {
        countBad(`A receipt for ${bytesServed} bytes came where ${tab.served} were served, at most ${maxBytes}.`)
        return
      }
      if (tooClose(receipt)) deferred = receipt
      else read(receipt)
    },
    readDeferred(now = false) {
      if (deferred !== null && (now || !tooClose(deferred))) read(deferred)
    },
    async settled() {
      while (storing !== null) await storing
    },
  }
}
