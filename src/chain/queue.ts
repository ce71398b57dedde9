// Transactions of one account take their nonces one after the other. Two calls that ask the node at the same moment
// would be told the same nonce, and one of them would replace the other.

interface Turns {
  /** Ends when the newest turn has ended; never rejects. */
  last: Promise<unknown>
  /** Sent and neither mined nor given up. */
  inFlight: number
  next: number
}

/** By chain and account, for the whole process: two connections of one wallet share a queue. */
const queues = new Map<string, Turns>()

/** What a turn is given: the nonce to use, and a way to say that the transaction has left. */
export interface Turn {
  /** `pending` is the node's count of this account's transactions, the pending ones included. */
  nonce(pending: number): number
  /** Call once the node has the transaction; call the answer once it is mined or given up. */
  sent(nonce: number): () => void
}

/** Runs `work` when all earlier turns of this account have ended. A turn that fails uses up no nonce. */
export async function inTurn<T>(chainId: number, account: string, work: (turn: Turn) => Promise<T>): Promise<T> {
  const key = `${chainId}:${account.toLowerCase()}`
  const turns = queues.get(key) ?? { last: Promise.resolve(), inFlight: 0, next: 0 }
  queues.set(key, turns)
  const run = turns.last.then(() => work(turnOf(turns)))
  turns.last = run.catch(() => {})
  const mine = turns.last
  try {
    return await run
  } finally {
    if (turns.inFlight === 0 && turns.last === mine) queues.delete(key)
  }
}

function turnOf(turns: Turns): Turn {
  return {
    // A node behind a balancer may not have heard of our last transaction: our own count wins while one is in flight.
    nonce: (pending) => (turns.inFlight > 0 ? Math.max(pending, turns.next) : pending),
    sent: (nonce) => {
      turns.inFlight++
      turns.next = Math.max(turns.next, nonce + 1)
      let open = true
      return () => {
        if (open) turns.inFlight--
        open = false
      }
    },
  }
}
