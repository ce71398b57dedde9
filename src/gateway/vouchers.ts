// Trades receipts for one signature. The amount follows the contract's own rule, and only ranges of the stored log are
// vouched for: a voucher for anything else would move a head to where this sponsor never agreed to be.
import type { Address } from 'viem'
import type { Chain } from '../chain/index.ts'
import { BitCdnError } from '../errors.ts'
import type { VoucherQuestion } from '../gateway-client/index.ts'
import {
  amountFor,
  paidBytes,
  type SignedVoucher,
  type Signer,
  type SponsorLine,
  type SponsorLog,
  signVoucher,
  verifyReceipt,
} from '../receipts/index.ts'
import type { RequireVoice } from './voice.ts'

export type IssueVoucher = (question: VoucherQuestion, asker: Address) => Promise<SignedVoucher>

/**
 * Throws `refused` when the asker is not the seeder or its operator (the first voucher for a range stands, so a stranger
 * could spoil it), when the log does not lead from one head to the other, or when a receipt does not verify.
 */
export function createVouchers({
  chain,
  log,
  signer,
  requireVoice,
}: {
  chain: Chain
  log: SponsorLog
  signer: Signer
  requireVoice: RequireVoice
}): IssueVoucher {
  return async ({ lane, from, to, receipts }, asker) => {
    await requireVoice(lane.seeder, asker)
    const issued = await log.voucher(lane, from, to)
    if (issued !== null) return issued
    const lines = await log.range(lane, from, to)
    if (lines === null || lines.length === 0) {
      throw refused(
        `The log of this lane does not lead from ${from} to ${to}.`,
        'Read it at /v1/lanes, or settle the receipts themselves.',
      )
    }
    const acknowledged = acknowledge(lines)
    const amount = amountFor(acknowledged, lane.pricePerGiB)
    const voucher = await signVoucher(chain.domain, signer, { ...lane, from, to, amount })
    return log.saveVoucher(voucher, acknowledged)

    /** Bytes to pay of each line, in order; 0 for a line without a receipt. */
    function acknowledge(lines: readonly SponsorLine[]): bigint[] {
      const bySession = new Map(receipts.map((receipt) => [receipt.session, receipt]))
      if (bySession.size !== receipts.length) throw refused('A session has two receipts.', 'Send the highest of each.')
      const bytes = lines.map((line) => {
        const receipt = bySession.get(line.session)
        if (receipt === undefined) return 0n
        bySession.delete(line.session)
        if (!verifyReceipt(chain.domain, receipt, line.sessionKey)) {
          throw refused(
            `The receipt of session ${line.session} is not signed by ${line.sessionKey}.`,
            'Leave it out, or settle the receipts themselves.',
          )
        }
        return paidBytes(receipt.bytesServed, line.maxBytes)
      })
      for (const session of bySession.keys())
        throw refused(`Session ${session} is not between these heads.`, 'Send the receipts of this range alone.')
      return bytes
    }
  }
}

function refused(message: string, advice: string): BitCdnError {
  return new BitCdnError('refused', message, { advice })
}
