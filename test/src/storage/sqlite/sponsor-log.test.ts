import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SponsorLog } from '../../../../src/receipts/index.ts'
import { openSponsorLog } from '../../../../src/storage/sqlite/index.ts'
import { sponsorLogBehaviour } from '../../../behaviours/sponsor-log.ts'

const folder = mkdtempSync(join(tmpdir(), 'bitcdn-sponsor-'))
const paths = new Map<SponsorLog, string>()
let files = 0

async function open(path: string): Promise<SponsorLog> {
  const log = await openSponsorLog({ path })
  paths.set(log, path)
  return log
}

after(() => rmSync(folder, { recursive: true, force: true }))

sponsorLogBehaviour('SQLite', {
  create: () => open(join(folder, `${files++}.sqlite`)),
  async reopen(log) {
    await log.close()
    return open(paths.get(log)!)
  },
})
