import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { createQuickReads } from '../../../../src/storage/pieces/quick-reads.ts'

describe('quick reads', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bitcdn-quick-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('are left to threads for a while after one was slow, and give the same bytes', async () => {
    let time = 0
    let step = 0
    const io = createQuickReads(() => {
      time += step
      return time
    })
    const handle = await open(join(folder, 'file'), 'w+')
    let threads = 0
    const counting = new Proxy(handle, {
      get(target, name) {
        if (name === 'read') threads += 1
        const value = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index)
    const back = new Uint8Array(1000)
    await handle.write(bytes, 0, 1000, 24)
    const readBack = async (): Promise<void> => {
      expect(await io.read(counting, back, 24)).to.equal(1000)
      expect(back).to.deep.equal(bytes)
      back.fill(0)
    }
    try {
      await readBack()
      expect(threads).to.equal(0)
      step = 5
      await io.read(counting, back, 24)
      step = 0
      await readBack()
      expect(threads).to.equal(1)
      time += 1_000
      await readBack()
      expect(threads).to.equal(1)
      expect(await io.read(counting, back, 1024)).to.equal(0)
    } finally {
      await handle.close()
    }
  })
})
