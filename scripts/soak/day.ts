// A day of one seeder: downloads without a pause, a scrape every fifteen seconds, settlements. Its memory and its event loop
// are looked at from inside, memory after a collection of garbage. How fast memory grows is the median of the slopes between
// all pairs of looks behind the first third, with the interval that holds it at 95 % (Theil and Sen). In a run of an hour or
// more the slope must be within the bar. In a shorter run a program still warms up, by tens of MiB an hour: from ten minutes on only
// the interval's lower end must be below a MiB a minute, which no leak of that size passes, and below that it is only told.
//   node scripts/soak/day.ts [--runs MINUTES] [--seed N] [--tenth]
import { setTimeout as delay } from 'node:timers/promises'
import { campaign } from './campaign.ts'
import type { Look } from './inside/watch.ts'
import { openWatched } from './inside/watched.ts'

const SLOPE_BAR = 1
const SHORT_SLOPE_BAR = 60
const STALL_BAR = 250
const MIB = 2 ** 20
const HOUR = 3_600_000
const SCRAPE = 15_000
/** Pairs of looks are as many as their square. */
const MOST_LOOKS = 1_500

await campaign({ name: 'a day of one seeder, in minutes', runs: 1_440, tenth: 10 }, async (run) => {
  const watched = await openWatched(run, {
    bytes: 24_000_000,
    downloads: 2,
    rate: '3MB',
    every: run.runs < 60 ? 2_000 : 20_000,
  })
  try {
    const until = performance.now() + run.runs * 60_000
    for (let at = 0; performance.now() < until; at++) {
      const answer = await fetch(`${watched.url}/metrics`, { signal: AbortSignal.timeout(30_000) })
      if (answer.status !== 200) throw new Error(`/metrics answered ${answer.status}.`)
      await answer.text()
      await delay(Math.min(SCRAPE, Math.max(0, until - performance.now())))
      if (at > 0 && at % 40 === 0) run.say(`${watched.downloads} downloads, ${inWords(growth(watched.looks()))}`)
    }
    const looks = watched.looks()
    const later = looks.slice(1) // in the first one the program starts
    const stall = Math.max(...later.map((look) => look.stall))
    const late = Math.max(...later.map((look) => look.late))
    const slope = growth(looks)
    if (stall > STALL_BAR) throw new Error(`The event loop stood still for ${stall.toFixed(0)} ms.`)
    const grows = run.runs >= 60 ? slope.median > SLOPE_BAR : run.runs >= 10 && slope.low > SHORT_SLOPE_BAR
    if (grows) throw new Error(inWords(slope))
    if (watched.downloads === 0) throw new Error('No download was complete.')
    const rss = (looks.at(-1) as Look).rss / MIB
    return (
      `${run.runs} minutes, ${watched.downloads} downloads, ${looks.length} looks: ${inWords(slope)}, ${rss.toFixed(0)} MiB at the end; ` +
      `longest stall ${stall.toFixed(0)} ms (${late.toFixed(0)} ms with what other programs took of the cores)`
    )
  } finally {
    await watched.close()
  }
})

/** MiB an hour. */
interface Slope {
  readonly median: number
  readonly low: number
  readonly high: number
}

function growth(all: readonly Look[]): Slope {
  const warm = all.slice(Math.floor(all.length / 3))
  const every = Math.ceil(warm.length / MOST_LOOKS)
  const looks = warm.filter((_, at) => at % every === 0)
  const slopes: number[] = []
  for (const [i, a] of looks.entries()) {
    for (const b of looks.slice(i + 1)) slopes.push(((b.rss - a.rss) / MIB / (b.at - a.at)) * HOUR)
  }
  slopes.sort((a, b) => a - b)
  const count = looks.length
  const spread = 1.96 * Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18)
  const at = (place: number): number => slopes[Math.min(slopes.length - 1, Math.max(0, Math.round(place)))] ?? 0
  return {
    median: at((slopes.length - 1) / 2),
    low: at((slopes.length - spread) / 2),
    high: at((slopes.length + spread) / 2),
  }
}

function inWords({ median, low, high }: Slope): string {
  return `RSS grows by ${median.toFixed(1)} MiB/h (${low.toFixed(1)} to ${high.toFixed(1)} at 95 %)`
}
