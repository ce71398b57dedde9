// Who sends next: start-time fair queueing, once between paid and free sessions and again among those of one kind. A
// session's virtual time is the bytes that it sent by its weight; whoever is furthest behind is next, so that all get
// their share over any stretch in which they want it. Nobody saves up a share that it did not want, but for a moment: who
// reads the next frame from a disk, or waits for a receipt, makes up for the turns that it missed since it last asked.

/** Where somebody stands. */
interface Mark {
  /** Virtual time at which what it was given so far is sent. */
  finish: number
  /** Virtual time, and milliseconds, when it last asked. */
  seen: number
  at: number
}

/** One session as the queue sees it. */
export interface Flow extends Mark {
  readonly free: boolean
  /** Its share beside others of its kind; above 0. */
  readonly weight: number
}

export function createFlow(free: boolean, weight: number): Flow {
  return { free, weight, ...newMark() }
}

const newMark = (): Mark => ({ finish: 0, seen: 0, at: Number.NEGATIVE_INFINITY })

/** Who was away for longer than this did not want its share. */
const AWAY_MILLISECONDS = 250

/** One frame that waits. */
export interface Request {
  readonly flow: Flow
  readonly bytes: number
  /** Nobody waits for it any more: it is passed over. */
  left: boolean
}

export interface FairQueue<R extends Request> {
  /** O(log n). A flow may have one at a time. */
  add(request: R): void
  /** Who is next; null when nobody waits. */
  first(): R | null
  /** It goes: O(log n). */
  shift(): R | null
}

interface Entry<R> {
  readonly start: number
  /** Among equals, first come, first served. */
  readonly order: number
  readonly request: R
}

interface Kind<R> extends Mark {
  readonly share: number
  readonly heap: Entry<R>[]
  virtual: number
  start: number
}

/**
 * @param freeShare - what free sessions get together while others wait too: above 0, below 1
 * @param now - milliseconds that only grow
 */
export function createFairQueue<R extends Request>(
  freeShare: number,
  now: () => number = () => performance.now(),
): FairQueue<R> {
  const kindOf = (share: number): Kind<R> => ({ share, heap: [], virtual: 0, start: 0, ...newMark() })
  const paid = kindOf(1 - freeShare)
  const free = kindOf(freeShare)
  let virtual = 0
  let order = 0

  /** Where who asks now begins. */
  function begin(mark: Mark, virtual: number): number {
    const time = now()
    const start = Math.max(mark.finish, time - mark.at > AWAY_MILLISECONDS ? virtual : mark.seen)
    mark.seen = virtual
    mark.at = time
    return start
  }

  function forget(kind: Kind<R>): void {
    while (kind.heap[0]?.request.left === true) pop(kind.heap)
  }

  function next(): Kind<R> | null {
    forget(paid)
    forget(free)
    if (paid.heap.length === 0) return free.heap.length === 0 ? null : free
    return free.heap.length > 0 && free.start < paid.start ? free : paid
  }

  return {
    add(request) {
      const { flow, bytes } = request
      const kind = flow.free ? free : paid
      forget(kind)
      if (kind.heap.length === 0) kind.start = begin(kind, virtual)
      const start = begin(flow, kind.virtual)
      flow.finish = start + bytes / flow.weight
      push(kind.heap, { start, order: order++, request })
    },
    first: () => next()?.heap[0]?.request ?? null,
    shift() {
      const kind = next()
      const entry = kind === null ? undefined : pop(kind.heap)
      if (kind === null || entry === undefined) return null
      virtual = Math.max(virtual, kind.start)
      kind.virtual = Math.max(kind.virtual, entry.start)
      kind.finish = kind.start + entry.request.bytes / kind.share
      if (kind.heap.length > 0) kind.start = begin(kind, virtual)
      return entry.request
    },
  }
}

function before(one: Entry<unknown>, other: Entry<unknown>): boolean {
  return one.start < other.start || (one.start === other.start && one.order < other.order)
}

function push<E extends Entry<unknown>>(heap: E[], entry: E): void {
  let at = heap.length
  heap.push(entry)
  while (at > 0) {
    const parent = (at - 1) >> 1
    const above = heap[parent] as E
    if (!before(entry, above)) break
    heap[at] = above
    at = parent
  }
  heap[at] = entry
}

function pop<E extends Entry<unknown>>(heap: E[]): E | undefined {
  const top = heap[0]
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return top
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && before(heap[child + 1] as E, heap[child] as E)) child += 1
    if (!before(heap[child] as E, last)) break
    heap[at] = heap[child] as E
    at = child
  }
  heap[at] = last
  return top
}
