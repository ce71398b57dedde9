// The client: picks seeders, fetches from all of them at once, verifies every unit before it counts, pays by receipts,
// and goes on where it stopped. Where the money comes from and where the bytes go, others say.
export {
  createDownloader,
  type Downloader,
  type DownloaderComponents,
  type DownloaderInit,
  type DownloadRequest,
  type DownloadResult,
} from './download.ts'
export { BadUnitError, type SeederFailure, UnsuitableTermsError } from './errors.ts'
export type {
  DownloadNode,
  DownloadRecord,
  FoundPeer,
  RecordedSession,
  SessionGrant,
  SessionRequest,
  SessionSource,
} from './ports.ts'
export type { DownloadProgress, PeerProgress } from './progress.ts'
export { createMemoryRecord, openDownloadRecord } from './record.ts'
export { BAN_MILLISECONDS, type KnownSource, openSourceBook, type SourceBook } from './source-book.ts'
