import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { openDownloadRecord } from '../../../src/downloader/index.ts'

describe('the record of a download', () => {
  it('is not written to once closed, nor is a file that has its number by then', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bitcdn-record-'))
    try {
      const path = join(folder, 'x.record')
      const record = openDownloadRecord(path)
      const before = readFileSync(path, 'utf8')
      record.close()
      openSync(join(folder, 'other'), 'a') // takes the number
      record.markClosed(`0x${'11'.repeat(24)}`)
      record.close()
      expect(readFileSync(path, 'utf8')).to.equal(before)
      expect(readFileSync(join(folder, 'other'), 'utf8')).to.equal('')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
