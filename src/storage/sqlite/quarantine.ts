// A damaged database may hold the only proof of what is owed: it is copied as it was met, before anybody tries anything.
import { createHash } from 'node:crypto'
import { chmodSync, constants, copyFileSync, existsSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { flush } from './publish.ts'

/**
 * Copies `path` with its -wal and -shm beside it and answers the copy's name, or null where the copy failed (a full
 * disk). The same damage is copied once, however often a supervisor starts the program again.
 */
export function quarantine(path: string): string | null {
  try {
    const files = ['', '-wal', '-shm'].filter((end) => existsSync(`${path}${end}`))
    const aside = `${path}.damaged-${fingerprint(path)}`
    for (const end of files) {
      if (existsSync(`${aside}${end}`)) continue
      copyFileSync(`${path}${end}`, `${aside}${end}`, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
      chmodSync(`${aside}${end}`, 0o600)
      flush(`${aside}${end}`)
    }
    flush(dirname(path))
    return aside
  } catch {
    return null
  }
}

/** Of both ends and the size: enough to tell one damage from the next, cheap for a file of gigabytes. */
function fingerprint(path: string): string {
  const hash = createHash('sha256')
  for (const end of ['', '-wal']) {
    if (!existsSync(`${path}${end}`)) continue
    const { size, mtimeMs } = statSync(`${path}${end}`)
    hash.update(`${end} ${size} ${mtimeMs}`)
    if (size < 1 << 20) hash.update(readFileSync(`${path}${end}`))
  }
  return hash.digest('hex').slice(0, 12)
}
