// Trust can end while bytes flow: a delegate is revoked, a reserve thaws, a pool is emptied, a ticket ends.
import { hasCode } from '../errors.ts'
import { RefusedError } from '../transfer/index.ts'
import { checkStanding } from './authority.ts'
import type { ChainView } from './chain-view.ts'
import type { Desk, OpenSession } from './desk.ts'
import type { ExposureBook } from './exposure.ts'

export interface TrustWatchComponents {
  readonly desk: Pick<Desk, 'sessions' | 'checkAllowance'>
  readonly view: ChainView
  readonly exposure: ExposureBook
}

/** Looks once whether every session that is being served is still good for its bytes, and ends those that are not. */
export async function watchTrust({ desk, view, exposure }: TrustWatchComponents): Promise<void> {
  await Promise.all(
    desk.sessions.map(async (open) => {
      try {
        await recheck(open)
      } catch (error) {
        if (error instanceof RefusedError) open.end(error)
        else if (!hasCode(error, 'rpc-unreachable')) throw error
        // while the chain is silent the last word that it gave holds: a reserve takes a week to leave
      }
    }),
  )

  async function recheck(open: OpenSession): Promise<void> {
    const { allowance } = await checkStanding(view, open)
    if (allowance !== null) await desk.checkAllowance(open.lane, open.maxBytes, allowance)
    await exposure.recheck(open.lane, { selfPaid: open.ticket === null })
  }
}
