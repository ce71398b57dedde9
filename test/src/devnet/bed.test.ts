import { existsSync } from 'node:fs'
import { expect } from 'chai'
import { createBed } from '../../../src/devnet/bed.ts'

describe('a bed', () => {
  it('may be closed again, as an interrupt and what fails by it do, and leaves no folder', async () => {
    const bed = await createBed()
    await Promise.all([bed.close(), bed.close()])
    await bed.close()
    expect(existsSync(bed.folder)).to.equal(false)
  })
})
