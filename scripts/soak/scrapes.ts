// One seeder under load is scraped again and again, by ten at once: the answers of a second are one reading, so a reading a
// second is the most there is. Its event loop, looked at from inside, never stands still for long.
//   node scripts/soak/scrapes.ts [--runs 1000] [--seed N] [--tenth]
import { setTimeout as delay } from 'node:timers/promises'
import { campaign } from './campaign.ts'
import { openWatched } from './inside/watched.ts'

const BAR = 50
const SCRAPERS = 10
/** Longer than an answer of the monitor is good for. */
const EVERY = 1_010
/** Readings before the first that counts: code is compiled on the way. */
const WARM = 5

await campaign({ name: '/metrics under load', runs: 1_000, tenth: 40 }, async (run) => {
  const watched = await openWatched(run, { bytes: 64_000_000, downloads: 2, rate: '10MB', every: 1_000 })
  try {
    let slowest = 0
    let begun = Date.now()
    for (let at = -WARM; at < run.runs; at++) {
      if (at === 0) begun = Date.now()
      const started = performance.now()
      const sizes = await Promise.all(Array.from({ length: SCRAPERS }, () => scrape(watched.url)))
      if (at >= 0) slowest = Math.max(slowest, performance.now() - started)
      if (sizes.some((size) => size < 5_000)) throw new Error(`An answer has only ${Math.min(...sizes)} bytes.`)
      await delay(EVERY)
      if (at > 0 && at % 100 === 0) run.say(`${at} readings, ${watched.downloads} downloads`)
    }
    const looks = watched.looks().filter(({ at }) => at > begun)
    const stall = Math.max(...looks.map((look) => look.stall))
    const late = Math.max(...looks.map((look) => look.late))
    if (stall > BAR) throw new Error(`The event loop stood still for ${stall.toFixed(0)} ms.`)
    return (
      `${run.runs} readings, ${run.runs * SCRAPERS} answers, the slowest after ${slowest.toFixed(0)} ms, beside ${watched.downloads} downloads: ` +
      `longest stall ${stall.toFixed(0)} ms (${late.toFixed(0)} ms with what other programs took of the cores)`
    )
  } finally {
    await watched.close()
  }
})

async function scrape(url: string): Promise<number> {
  const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(30_000) })
  if (answer.status !== 200) throw new Error(`/metrics answered ${answer.status}.`)
  return (await answer.text()).length
}
