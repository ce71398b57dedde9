// A shop whose one seeder is looked at from inside, and downloads from it that go on.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { reserveMany } from '../../../src/chain/index.ts'
import { call } from '../../../test/faults/call.ts'
import { openShop, PRICE_PER_GIB, type Shop } from '../../../test/faults/shop.ts'
import type { Run } from '../campaign.ts'
import type { Look } from './watch.ts'

const WATCH = resolve(import.meta.dirname, 'watch.ts')

export interface Watched {
  /** Of its monitor. */
  readonly url: string
  readonly downloads: number
  looks(): readonly Look[]
  /** Ends the downloads; throws what one of them failed with. */
  close(): Promise<void>
}

export interface WatchedInit {
  readonly bytes: number
  /** Downloads at one time, and how fast each is at most. */
  readonly downloads: number
  readonly rate: string
  /** Milliseconds between two looks. */
  readonly every: number
}

/** Of one buyer: a gateway gives nobody a content more than some forty times a day. */
const DOWNLOADS_EACH = 30

export async function openWatched(run: Run, init: WatchedInit): Promise<Watched> {
  const file = join(run.folder, 'looks')
  const compiled = { NODE_COMPILE_CACHE: join(run.folder, 'compiled') }
  const inside = {
    NODE_OPTIONS: `--expose-gc --import=${WATCH}`,
    BITCDN_INSIDE: file,
    BITCDN_INSIDE_EVERY: String(init.every),
  }
  const env = (name: string) => ({ ...compiled, ...(name === 'watched' ? inside : {}) })
  const shop = await openShop({ bytes: init.bytes, seeders: 0, reserve: 0n, env })
  const closing = new AbortController()
  let downloads = 0
  try {
    const seeder = await shop.bed.persona('watched')
    const flags = [
      '--monitor',
      '127.0.0.1:0',
      '--claim-interval',
      '30',
      '--claim-max-gas',
      '1000',
      '--claim-min',
      '0.001',
    ]
    const { ready } = await shop.startSeeder(seeder, shop.file, flags)
    await fill(shop, seeder.address)
    const slots = await Promise.all(Array.from({ length: init.downloads }, (_, at) => shop.buyer(`buyer${at + 1}-0`)))
    const running = Promise.all(
      slots.map(async (first, at) => {
        let buyer = first
        for (let count = 1; !closing.signal.aborted; count++) {
          if (count % DOWNLOADS_EACH === 0) buyer = await shop.buyer(`buyer${at + 1}-${count}`)
          const folder = join(buyer.home, 'out')
          mkdirSync(folder)
          const args = [...shop.get(buyer, folder), '--no-seed', '--json', '--limit-down', init.rate]
          const got = await call(args, { env: compiled, signal: closing.signal }).catch((error: Error) => {
            if (!closing.signal.aborted) throw error
            return null
          })
          if (got === null) return
          if (got.code !== 0) throw new Error(`A download ended with ${got.code}: ${got.err}${got.out}`)
          downloads += 1
          rmSync(folder, { recursive: true })
          rmSync(join(buyer.home, 'downloads'), { recursive: true })
        }
      }),
    )
    running.catch(() => {})
    return {
      url: String(ready.monitor),
      get downloads() {
        return downloads
      },
      looks: () =>
        existsSync(file)
          ? readFileSync(file, 'utf8')
              .trim()
              .split('\n')
              .filter(Boolean)
              .map((line) => JSON.parse(line) as Look)
          : [],
      async close() {
        closing.abort()
        try {
          await running
        } finally {
          await shop.close()
        }
      },
    }
  } catch (error) {
    closing.abort()
    await delay(0)
    await shop.close()
    throw error
  }
}

/** The pool pays for all that may be downloaded, from as many sales as that takes. */
async function fill(shop: Shop, seeder: `0x${string}`): Promise<void> {
  for (let at = 1; at <= 4; at++) await shop.buyer(`patron${at}`)
  const amount = 3_500_000n
  await reserveMany(shop.creator.chain, {
    reservations: [{ seeder, lane: 0n, pricePerGiB: PRICE_PER_GIB, amount }],
  })
}
