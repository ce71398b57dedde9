import type { Address } from 'viem'
import type { ReceiptLedger } from '../receipts/index.ts'
import { createSettlementChain, createSettler, type SettleOptions, type Settler } from '../settlement/index.ts'
import { gatewaysOf } from './gateways.ts'
import type { CommandIo } from './io.ts'
import { openLedgerOf } from './ledger.ts'
import type { Options, Settings } from './settings.ts'
import { parseAddress, type Wallet } from './wallet.ts'
import { parseGas, parseMoney, parseWhole } from './words.ts'

/** What every way to claim starts from. */
export interface ClaimContext {
  readonly io: CommandIo
  readonly settings: Settings
  readonly options: Options
  readonly wallet: Wallet
  say(amount: bigint): string
}

/** Only says something; the settler's notes come back in its report. */
const QUIET = { info: () => {}, warn: () => {} }

/** Opens the ledger for one claim. */
export async function withSettler(
  context: ClaimContext,
  work: (settler: Settler, ledger: ReceiptLedger) => Promise<void>,
): Promise<void> {
  const { settings, wallet } = context
  const { chain } = wallet
  const ledger = await openLedgerOf(settings, { chain })
  try {
    const vouchers = gatewaysOf(settings, chain.account!)
    const settlement = createSettlementChain(chain, ledger.journal)
    await work(createSettler({ ledger, chain: settlement, vouchers, logger: QUIET }), ledger)
  } finally {
    await ledger.close()
  }
}

/** What the options of one claim say. */
export function claimOptions({ io, options, settings, wallet }: ClaimContext): SettleOptions {
  const { min, maxGas, all, idle } = options
  return {
    signal: io.signal,
    all: all === true,
    idleSeconds: parseWhole(String(idle), '--idle'),
    min: min === undefined ? undefined : parseMoney(String(min), wallet.decimals, '--min'),
    maxGasPrice: maxGas === undefined ? undefined : parseGas(String(maxGas), '--max-gas'),
    coinPrice: coinPriceOf(settings, wallet.decimals),
  }
}

/** Token units for one whole coin of the chain, where the settings name it. */
export function coinPriceOf(settings: Settings, decimals: number): bigint | undefined {
  const text = settings.text('coinPrice')
  return text === undefined ? undefined : parseMoney(text, decimals, '--coin-price')
}

/** Where the money goes: `--to`, or the wallet. */
export const payee = (options: Options, fallback: Address): Address =>
  options.to === undefined ? fallback : parseAddress(String(options.to), '--to')
