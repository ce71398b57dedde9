/** How long one request to a gateway may take, milliseconds. */
export const REQUEST_TIMEOUT = 15_000

/** The largest answer that is read, bytes: a metainfo file is 10 MiB at most. */
export const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/** What a gateway and its client accept in one message; more is refused before it is looked at. */
export const LIMITS = {
  /** Seeders in one request for sessions. */
  requests: 32,
  /** Lanes that one seeder offers. */
  lanes: 16,
  /** Lines, or receipts, of one log at once. */
  lines: 4096,
  /** Addresses that a gateway dials back for one question. */
  dials: 8,
  peerIdBytes: 64,
  downloadName: 128,
  words: 1024,
  contents: 10_000,
} as const
