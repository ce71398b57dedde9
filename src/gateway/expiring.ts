/** A map whose entries end, whatever the clock is set to: the oldest leave when it is full, so nobody can fill the memory with them. */
export interface ExpiringMap<V> {
  get(key: string): V | undefined
  /** Reads and forgets. */
  take(key: string): V | undefined
  set(key: string, value: V): void
}

/** Keeps at most `capacity` entries, each for `lifetime` milliseconds. */
export function createExpiringMap<V>({ capacity, lifetime }: { capacity: number; lifetime: number }): ExpiringMap<V> {
  const entries = new Map<string, { value: V; end: number }>()
  const get = (key: string): V | undefined => {
    const entry = entries.get(key)
    if (entry === undefined) return undefined
    if (entry.end > performance.now()) return entry.value
    entries.delete(key)
    return undefined
  }
  return {
    get,
    take(key) {
      const value = get(key)
      entries.delete(key)
      return value
    },
    set(key, value) {
      entries.delete(key)
      entries.set(key, { value, end: performance.now() + lifetime })
      for (const oldest of entries.keys()) {
        if (entries.size <= capacity) break
        entries.delete(oldest)
      }
    },
  }
}

/** Counts events by key; `false` once a key had more than `limit` of them in the running window of `seconds`. */
export function createRateLimit({
  limit,
  seconds,
  capacity = 50_000,
}: {
  limit: number
  seconds: number
  capacity?: number
}): (key: string) => boolean {
  const counts = createExpiringMap<{ count: number }>({ capacity, lifetime: seconds * 1000 })
  return (key) => {
    const counter = counts.get(key)
    if (counter !== undefined) return ++counter.count <= limit
    counts.set(key, { count: 1 })
    return limit >= 1
  }
}
