// Loaded into a program with `--import`, to look at it from inside: how long its event loop stood still, and what memory it
// has. A loop stands still when a timer comes late; time in which the thread could have run and other programs had the
// cores (the kernel counts it) is no stall of its own. Appends a JSON line every BITCDN_INSIDE_EVERY ms to BITCDN_INSIDE.
import { appendFileSync, readFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

/** One look, over the time since the last one. Milliseconds and bytes. */
export interface Look {
  readonly at: number
  /** The longest that the loop stood still, and the same without what other programs took of the cores. */
  readonly late: number
  readonly stall: number
  /** After a collection of garbage, where the program may ask for one. */
  readonly rss: number
  readonly heap: number
  readonly external: number
}

const TICK = 5
const MILLION = 1e6

const path = process.env.BITCDN_INSIDE
if (isMainThread && path !== undefined) watch(path, Number(process.env.BITCDN_INSIDE_EVERY ?? 1_000))

function watch(file: string, every: number): void {
  let [late, stall] = [0, 0]
  let [last, waited] = [performance.now(), waitedByNow()]
  const tick = (): void => {
    const [now, wait] = [performance.now(), waitedByNow()]
    const gap = now - last - TICK
    late = Math.max(late, gap)
    stall = Math.max(stall, gap - (wait - waited))
    ;[last, waited] = [now, wait]
  }
  setInterval(tick, TICK).unref()
  setInterval(() => {
    tick()
    globalThis.gc?.()
    const { rss, heapUsed: heap, external } = process.memoryUsage()
    const look: Look = { at: Date.now(), late, stall, rss, heap, external }
    appendFileSync(file, `${JSON.stringify(look)}\n`)
    ;[late, stall] = [0, 0]
    ;[last, waited] = [performance.now(), waitedByNow()] // what looking took is not counted
  }, every).unref()
}

/** How long this thread has waited for a core, ms. */
function waitedByNow(): number {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[1]) / MILLION
}
