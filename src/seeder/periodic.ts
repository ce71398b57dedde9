/** Work that comes again and again, one kind beside the other, until it is over. None of it keeps the process alive. */
export interface Periodic {
  /** Every so many milliseconds; not while the last time still runs. What it throws is told, and it comes again. */
  every(milliseconds: number, work: () => Promise<unknown>): void
  stop(): void
}

export function createPeriodic(failed: (error: Error) => void): Periodic {
  const timers: NodeJS.Timeout[] = []
  return {
    every(milliseconds, work) {
      let busy = false
      const timer = setInterval(async () => {
        if (busy) return
        busy = true
        try {
          await work()
        } catch (error) {
          failed(error as Error)
        } finally {
          busy = false
        }
      }, milliseconds)
      timer.unref()
      timers.push(timer)
    },
    stop() {
      for (const timer of timers) clearInterval(timer)
    },
  }
}
