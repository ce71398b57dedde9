import { constants } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect } from 'chai'
import { openFile } from '../../../../src/storage/pieces/disk-file.ts'
import { createQuickCall } from '../../../../src/storage/pieces/quick-calls.ts'

describe('quick calls', () => {
  let time = 0
  let threads = 0
  let quickly = createQuickCall(() => time)
  /** A call that takes so long. */
  const call = (milliseconds: number) =>
    quickly(
      () => {
        time += milliseconds
      },
      async () => void threads++,
    )

  beforeEach(async () => {
    await nextTurn()
    time = 1_000
    threads = 0
    quickly = createQuickCall(() => time)
  })

  it('are left to threads for a while after one was slow where others were', async () => {
    await call(1)
    for (let slow = 0; slow < 20 && threads === 0; slow++) {
      await nextTurn()
      await call(8)
    }
    expect(time).to.be.below(1_200)
    expect(threads).to.equal(1)
    time += 251
    for (const [took, left] of [
      [0, 1],
      [5, 1],
      [0, 2],
    ] as const) {
      await nextTurn()
      await call(took)
      expect(threads).to.equal(left)
    }
  })

  it('are left to threads after one that was very slow', async () => {
    await call(200)
    await nextTurn()
    await call(0)
    expect(threads).to.equal(1)
  })

  it('are not left to threads when the program now and then waits for a processor', async () => {
    for (let made = 0; made < 2_000; made++) {
      await call(made % 50 === 0 ? 8 : 0.02)
      await nextTurn()
    }
    expect(threads).to.equal(0)
  })

  it('fill no turn of the loop', async () => {
    for (let made = 0; made < 20; made++) await call(1)
    expect(threads).to.be.within(8, 10)
    await nextTurn()
    await call(1)
    expect(threads).to.be.within(8, 10)
  })

  it('throw what the call throws', () => {
    const failing = () => {
      throw new Error('no')
    }
    expect(() => quickly(failing, async () => undefined)).to.throw('no')
  })
})

describe('a file on the disk', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bitcdn-file-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('gives back what was written, short or long', async () => {
    const file = await openFile(join(folder, 'file'), constants.O_RDWR | constants.O_CREAT)
    for (const length of [1, 1000, 3 << 20]) {
      const bytes = Uint8Array.from({ length }, (_, at) => at * 7)
      await file.write(bytes, 24)
      for (const read of [file.read, file.readBehind]) {
        const back = new Uint8Array(length)
        expect(await read.call(file, back, 24)).to.equal(length)
        expect(Buffer.compare(back, bytes)).to.equal(0)
        expect(await read.call(file, back, 24 + length)).to.equal(0)
      }
      expect((await file.stat()).size).to.equal(24 + length)
      await file.truncate(0)
    }
    await file.close()
  })

  it('closes when what runs on it is done, once, and is of no use then', async () => {
    const open = (await readdir('/proc/self/fd')).length
    const file = await openFile(join(folder, 'file'), constants.O_RDWR | constants.O_CREAT)
    const bytes = new Uint8Array(4 << 20).fill(1)
    const writing = file.write(bytes, 0)
    await Promise.all([file.close(), file.close(), writing])
    expect((await readdir('/proc/self/fd')).length).to.equal(open)
    const errors = [
      () => file.read(bytes, 0),
      () => file.write(bytes, 0),
      () => file.stat(),
      () => file.truncate(0),
      () => file.sync(),
    ]
    for (const use of errors) expect(await use().catch((error) => error.code)).to.equal('EBADF')
    const again = await openFile(join(folder, 'file'), constants.O_RDONLY)
    expect((await again.stat()).size).to.equal(bytes.length)
    await again.close()
  })
})
