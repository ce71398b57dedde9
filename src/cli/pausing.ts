// "bitcdn pause" and "bitcdn resume" talk to a running process by a file beside its description: `run/<name>.paused`.
import { existsSync } from 'node:fs'
import { markPaused, pauseFile } from './running.ts'

export interface PauseWatch {
  readonly paused: boolean
  /** Called when it is paused or resumed; answers how to stop that. */
  onChange(listener: () => void): () => void
  /** Resolves when it is not paused, or `signal` aborts. */
  resumed(signal: AbortSignal): Promise<void>
  stop(): void
}

const LOOK_MILLISECONDS = 250

/** Watches for requests to the announced process `name`, and says in its description that it heard them. */
export function watchPauses(home: string, name: string): PauseWatch {
  const file = pauseFile(home, name)
  const listeners = new Set<() => void>()
  let paused = false

  function look(): void {
    if (existsSync(file) === paused) return
    paused = !paused
    markPaused(home, name, paused)
    for (const listener of listeners) listener()
  }

  const timer = setInterval(look, LOOK_MILLISECONDS).unref()
  const onChange = (listener: () => void): (() => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  return {
    get paused() {
      return paused
    },
    onChange,
    resumed(signal) {
      return new Promise((resolve) => {
        const look = (): void => {
          if (paused && !signal.aborted) return
          off()
          signal.removeEventListener('abort', look)
          resolve()
        }
        const off = onChange(look)
        signal.addEventListener('abort', look)
        look()
      })
    },
    stop: () => clearInterval(timer),
  }
}

/**
 * Does `work` until it is done. A pause aborts its signal, unless `mayPause` says no; when it has ended in order and the
 * pause is over, it is done again, and goes on where it was.
 */
export async function pausable<T>(
  watch: PauseWatch,
  { signal, mayPause, say }: { signal: AbortSignal; mayPause: () => boolean; say: (paused: boolean) => void },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  for (;;) {
    const round = new AbortController()
    const off = watch.onChange(() => {
      if (watch.paused && mayPause()) round.abort()
    })
    try {
      return await work(AbortSignal.any([signal, round.signal]))
    } catch (error) {
      if (signal.aborted || !round.signal.aborted) throw error
    } finally {
      off()
    }
    say(true)
    await watch.resumed(signal)
    signal.throwIfAborted()
    say(false)
  }
}
