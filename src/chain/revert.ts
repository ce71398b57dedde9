// A revert names a custom error of one of our contracts, of OpenZeppelin's or of the stablecoin. This file reads it
// out of whatever the RPC library wrapped around it and says it in one sentence.
import { type Abi, BaseError, decodeErrorResult, type Hex, InsufficientFundsError, isHex, parseAbi } from 'viem'
import { BitCdnError, type ErrorDetails } from '../errors.ts'
import {
  accessPassAbi,
  bandwidthSettlementAbi,
  contentRegistryAbi,
  revenueShareTokenAbi,
  testUsdAbi,
} from './abi/index.ts'

/** What a contract said when it refused: the name of its error and the arguments by name. */
export interface Revert {
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
}

const allAbis = [bandwidthSettlementAbi, accessPassAbi, revenueShareTokenAbi, contentRegistryAbi, testUsdAbi]

/** Errors that our ABIs do not list: OpenZeppelin's ERC-20 and the compiler's own. */
const commonErrors = parseAbi([
  'error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)',
  'error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed)',
  'error SafeERC20FailedOperation(address token)',
  'error Error(string reason)',
  'error Panic(uint256 code)',
])

/** Null when `error` is not a revert (or when no reason came with it). */
export function readRevert(error: unknown): Revert | null {
  const data = revertData(error)
  return data === null ? null : decodeRevert(data)
}

/** Decodes the bytes of a revert; an unknown selector is named by its hex digits. */
export function decodeRevert(data: Hex): Revert {
  for (const abi of [...allAbis, commonErrors] as Abi[]) {
    try {
      const { errorName, args, abiItem } = decodeErrorResult({ abi, data })
      const inputs = abiItem.type === 'error' ? abiItem.inputs : []
      const named = inputs.map((input, at) => [input.name || String(at), (args as readonly unknown[])[at]])
      return { name: errorName, args: Object.fromEntries(named) }
    } catch {
      // not one of this ABI's errors: the next one is asked
    }
  }
  return { name: `error ${data.slice(0, 10)}`, args: {} }
}

/** The refusal as an error of this project, or null when `error` is something else than a refusal. */
export function explainRevert(error: unknown): BitCdnError | null {
  if (error instanceof BaseError && error.walk((inner) => inner instanceof InsufficientFundsError) !== null) {
    return new BitCdnError('no-funds', 'The wallet cannot pay the gas of this transaction.', {
      advice: "Send some of the chain's own coin to the wallet.",
      cause: error,
    })
  }
  const revert = readRevert(error)
  return revert === null ? null : revertError(revert, error)
}

export function revertError(revert: Revert, cause?: unknown): BitCdnError {
  const details: ErrorDetails = cause === undefined ? {} : { cause }
  const { name, args } = revert
  if (name === 'ERC20InsufficientBalance') {
    const missing = (args.needed as bigint) - (args.balance as bigint)
    return new BitCdnError(
      'no-funds',
      `${args.sender} holds ${args.balance} token units and needs ${args.needed} token units: ${missing} token units are missing.`,
      { ...details, advice: `Send at least ${missing} token units to ${args.sender}.` },
    )
  }
  const unit = MONEY.has(name) ? ' token units' : ''
  const said = Object.entries(args).map(([key, value]) => `${key} ${String(value)}${unit}`)
  const words = name === 'Error' ? String(args.reason) : said.length === 0 ? name : `${name} (${said.join(', ')})`
  return new BitCdnError('transaction-failed', `The contract refused: ${words}.`, {
    ...details,
    advice: adviceFor(name) ?? 'Nothing was changed on the chain. Correct the values and try again.',
  })
}

/** Refusals whose numbers are all amounts. */
const MONEY = new Set([
  'BandwidthSettlement_InsufficientBalance',
  'BandwidthSettlement_AllowanceExceeded',
  'AccessPass_PriceAboveMax',
])

function adviceFor(name: string): string | undefined {
  if (name === 'ERC20InsufficientAllowance') return 'Approve the contract for this amount first.'
  if (/expired|deadline/i.test(name)) return 'The deadline has passed: sign and send again.'
  return undefined
}

/** Nodes put the bytes in `data`, in `data.data`, or nowhere. */
function revertData(error: unknown): Hex | null {
  for (let inner: unknown = error, depth = 0; inner instanceof Error && depth < 10; inner = inner.cause, depth++) {
    const data = (inner as { data?: unknown; raw?: unknown }).data
    const found = isHex(data) ? data : (data as { data?: unknown } | undefined)?.data
    if (isHex(found) && found.length >= 10) return found
    const raw = (inner as { raw?: unknown }).raw
    if (isHex(raw) && raw.length >= 10) return raw
  }
  return null
}
