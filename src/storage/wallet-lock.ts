// One wallet signs in one process of a machine at a time, whatever data folders the processes have. The lock is the
// operating system's and dies with its holder.
import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Address } from 'viem'
import { hasCode } from '../errors.ts'
import { refused } from './refused.ts'
import { createOwner } from './sqlite/owner.ts'

export interface WalletLock {
  /** Throws `refused` when another process holds it for a minute. */
  hold<T>(
    wallet: { chainId: number; account: Address },
    work: () => Promise<T>,
    signal?: AbortSignal | undefined,
  ): Promise<T>
}

/** Signing and handing over takes a second or two; an endpoint that is silent may make it many. */
const PATIENCE = 60_000
const PAUSE = 25

/** By number: in a container users have no name, and `userInfo()` throws. */
const user = process.getuid?.() ?? -1

export function createWalletLock(folder = join(tmpdir(), `bitcdn-wallets-${user}`)): WalletLock {
  return {
    async hold({ chainId, account }, work, signal) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      const lock = createOwner(join(folder, `${chainId}-${account.toLowerCase()}`))
      const deadline = performance.now() + PATIENCE
      for (;;) {
        signal?.throwIfAborted()
        try {
          lock.take()
          break
        } catch (error) {
          if (!hasCode(error, 'refused')) throw error
          if (performance.now() > deadline) {
            throw refused(
              `Another process is sending with the wallet ${account}.`,
              'Wait until it is done and try again.',
            )
          }
        }
        await sleep(PAUSE, undefined, { signal })
      }
      try {
        return await work()
      } finally {
        lock.release()
      }
    },
  }
}
