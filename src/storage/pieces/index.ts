// Content on disk: listing what is to be published, serving files that somebody holds, and downloads that survive a kill at
// any moment. Nothing is ever written or read outside of the folder that the user named.
export { type FileFate, fatesOfFiles } from './changed.ts'
export { type CheckOptions, type CheckResult, checkContent, checkContentV1 } from './check.ts'
export { type CreatedTorrent, type CreateOptions, createTorrent } from './create.ts'
export { type DownloadOptions, openDownload } from './download.ts'
export { locateContent, type Place } from './locate.ts'
export { type ScannedContent, scanContent } from './scan.ts'
export { openSeed, type SeedOptions } from './seed.ts'
export { readTorrentFile, writeTorrentFile } from './torrent-files.ts'
