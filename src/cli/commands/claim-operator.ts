// One party settles for another: approve it, hand it batches, send what others handed over.
import { readFileSync, writeFileSync } from 'node:fs'
import { type Address, type Hex, isAddress, isHex } from 'viem'
import { approveOperator, settleMany } from '../../chain/index.ts'
import { BitCdnError } from '../../errors.ts'
import { SKIP_WORDS } from '../../settlement/index.ts'
import { type ClaimContext, claimOptions, withSettler } from '../claims.ts'
import { printResult, toJson } from '../io.ts'
import { payoutIn } from '../payout.ts'
import { parseAddress } from '../wallet.ts'
import { inCoins } from '../words.ts'

export async function changeOperator(context: ClaimContext, text: string, approved: boolean): Promise<void> {
  const { io, settings, wallet } = context
  const operator = parseAddress(text, approved ? '--approve' : '--revoke')
  const seeder = wallet.chain.account!.address
  const { hash, gasUsed } = await approveOperator(wallet.chain, { operator, approved }, { signal: io.signal })
  printResult(io, settings.json, { operator, seeder, approved, hash, gasUsed }, () =>
    approved
      ? [
          `Approved   ${operator} may serve and settle for ${seeder}`,
          'It can     forfeit what is not settled yet, by settling badly. It cannot take money: only this key withdraws.',
        ]
      : [`Revoked    ${operator} may no longer settle for ${seeder}`],
  )
}

export async function settleBatches(context: ClaimContext, files: readonly string[]): Promise<void> {
  const { io, settings, wallet, say } = context
  const batches = files.flatMap(readBatches)
  const { hash, gasUsed, settled, skipped } = await settleMany(wallet.chain, batches, { signal: io.signal })
  const amount = settled.reduce((sum, move) => sum + move.amount, 0n)
  printResult(io, settings.json, { settled: amount, groups: settled.length, skipped, hash, gasUsed }, () => [
    `Settled    ${say(amount)} in ${settled.length} of ${settled.length + skipped.length} groups, ${gasUsed} gas`,
    ...skipped.map(({ seeder, reason, amount: left }) => `Skipped    ${say(left)} of ${seeder}: ${SKIP_WORDS[reason]}`),
  ])
}

export async function prepareBatches(context: ClaimContext): Promise<void> {
  const { io, settings, options, wallet, say } = context
  await withSettler(context, async (settler, ledger) => {
    const seeder = await payoutIn(ledger, settings, wallet.chain)
    const { batches, notes } = await settler.prepare({ ...claimOptions(context), seeder })
    const result = {
      batches: batches.map(({ seeder, batch, amount, vouchers, receipts }) => ({
        ...{ seeder, batch, amount, vouchers, receipts },
      })),
      amount: batches.reduce((sum, { amount }) => sum + amount, 0n),
      notes: notes.map(({ words }) => words),
    }
    if (options.output !== undefined) writeBatches(String(options.output), result)
    printResult(io, settings.json || options.output === undefined, result, () => [
      `Prepared   ${say(result.amount)} in ${String(options.output)}`,
      ...result.notes.map((words) => `Note       ${inCoins(words)}`),
    ])
  })
}

function writeBatches(path: string, result: object): void {
  try {
    writeFileSync(path, `${toJson(result)}\n`)
  } catch (cause) {
    throw new BitCdnError('disk-failed', `${path} cannot be written: ${(cause as Error).message}`, { cause })
  }
}

function readBatches(path: string): { seeder: Address; batch: Hex }[] {
  let content: string
  try {
    content = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new BitCdnError('file-missing', `The batch ${path} cannot be read.`, { cause })
  }
  try {
    const { batches } = JSON.parse(content) as { batches: { seeder: string; batch: string }[] }
    return batches.map(({ seeder, batch }) => {
      if (!isAddress(seeder) || !isHex(batch)) throw new TypeError('not an address and bytes')
      return { seeder, batch }
    })
  } catch (cause) {
    throw new BitCdnError('file-invalid', `${path} holds no batch.`, {
      advice: 'A seeder makes one with: bitcdn claim --prepare -o FILE',
      cause,
    })
  }
}
