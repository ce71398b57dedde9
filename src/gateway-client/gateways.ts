import type { Address } from 'viem'
import { BitCdnError } from '../errors.ts'
import type { Head, Lane, SignedReceipt, SignedVoucher } from '../receipts/types.ts'
import type { GatewayClient } from './client.ts'
import type { SignedLog } from './codec.ts'

/** Closed lines of one log, as a seeder's ledger knows them (a part of the ledger's `SettleableRange`). */
export interface ClosedRange {
  readonly lane: Lane
  readonly from: Head
  readonly to: Head
  readonly sessions: readonly { readonly receipt: SignedReceipt | null }[]
}

export interface SignalOption {
  signal?: AbortSignal | undefined
}

/** The gateways that a seeder works with, each found by the sponsor that it says it serves. */
export interface Gateways {
  /** All of them, whether they answer or not. */
  readonly clients: readonly GatewayClient[]
  /** The gateway of this sponsor; null when none is known or answers. */
  of(sponsor: Address, options?: SignalOption): Promise<GatewayClient | null>
  /** The sponsor's copy of a log; null when it is not to be had. */
  log(lane: Lane, options?: SignalOption): Promise<SignedLog | null>
  /** A voucher for closed lines (settlement's `VoucherSource`). The clients need the key of the seeder or its operator. */
  request(range: ClosedRange, options?: SignalOption): Promise<SignedVoucher>
}

/** Clients of any number of sponsors as one; `onSilent` hears of those that do not answer. */
export function createGateways(
  clients: readonly GatewayClient[],
  { onSilent }: { onSilent?: (client: GatewayClient, error: Error) => void } = {},
): Gateways {
  const sponsors = new Map<string, GatewayClient>()

  async function of(sponsor: Address, options: SignalOption = {}): Promise<GatewayClient | null> {
    const key = sponsor.toLowerCase()
    const known = sponsors.get(key)
    if (known !== undefined) return known
    const unasked = clients.filter((client) => ![...sponsors.values()].includes(client))
    const asked = unasked.map(async (client) => {
      try {
        sponsors.set((await client.info(options)).sponsor.toLowerCase(), client)
      } catch (error) {
        onSilent?.(client, error as Error)
      }
    })
    await Promise.all(asked)
    return sponsors.get(key) ?? null
  }

  return {
    clients,
    of,
    async log(lane, options = {}) {
      const client = await of(lane.sponsor, options)
      try {
        return client === null ? null : await client.laneLog(lane, options)
      } catch (error) {
        onSilent?.(client!, error as Error)
        return null
      }
    },
    async request({ lane, from, to, sessions }, options = {}) {
      const client = await of(lane.sponsor, options)
      if (client === null) {
        throw new BitCdnError('gateway-unreachable', `No gateway of the sponsor ${lane.sponsor} answers.`, {
          advice: 'The receipts can be settled without it.',
          retry: true,
        })
      }
      const receipts = sessions.flatMap(({ receipt }) => receipt ?? [])
      return client.requestVoucher({ lane, from, to, receipts }, options)
    },
  }
}
