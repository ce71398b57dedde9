/** Unsigned bytes that nobody answered for in time: told to whoever watches the payer. */
export interface Debt {
  readonly session: string
  /** Whom it is held against: sponsor, pass holder, address prefix. */
  readonly subjects: readonly string[]
  readonly bytes: number
}

export interface CreditInit {
  /** Default {@link UNSIGNED_BUDGET_BYTES}. */
  budget?: number
  /** Default {@link MAX_DEBT_BYTES}. */
  maxDebt?: number
  /** Default {@link FIRST_WINDOW_BYTES}. */
  firstWindow?: number
  /** Default {@link MAX_WINDOW_BYTES}. */
  maxWindow?: number
  /** Milliseconds that only grow. */
  now?: () => number
  onDebt?: (debt: Debt) => void
}

/** What one subject owes. */
export interface Owed {
  readonly subject: string
  readonly bytes: number
}

/** What one stream may still be sent on trust. Byte counts are those of the session: cumulative, as receipts are. */
export interface Tab {
  /** W: how far the bytes sent may be ahead of the last durable receipt. */
  readonly window: number
  /** Acknowledged by the highest durable receipt. */
  readonly signed: number
  readonly served: number
  /** Bytes that may be sent now. */
  room(): number
  /** Whether the downloader waits for bytes. */
  want(on: boolean): void
  /** Bytes were sent. */
  serve(bytes: number): void
  /** A receipt is durable. Returns the window from here on. */
  sign(bytesServed: number): number
  /** Whether the oldest unsigned byte has waited for longer than a debt may. */
  overdue(): boolean
  /** The stream is gone; what is unsigned stays on the book. */
  close(): void
}

export interface Origin {
  /** What this peer signed for in other sessions backs this one. Default: nobody. */
  readonly peer?: string
  /** Bytes that were sent of it, as far as is known: of a session that this book never saw and nobody signed for they are lost. */
  readonly served?: number
}

export interface CreditBook {
  /**
   * Opens the tab of a session at `signed` bytes. Throws `needsPayment` when its earlier streams, or one of `subjects`,
   * left too much unsigned.
   */
  open(session: string, signed: number, subjects: readonly string[], from?: Origin): Tab
  /** Unsigned bytes of all sessions, debt not counted. */
  readonly unsigned: number
  debtOf(subject: string): number
  readonly debts: readonly Owed[]
  /** Debts of an earlier run. */
  recall(debts: readonly Owed[]): void
  /** The end: what closed sessions left unsigned becomes debt at once. */
  writeOff(): void
  /** Turns what waited for too long into debt and forgets what is long over. */
  sweep(): void
  /** Calls back when room may have come back for a tab that had none. */
  onRoom(listener: () => void): () => void
}
