import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { UNIT_BYTES, unitRoot } from '../../../src/content/index.ts'
import { type Checker, createChecker } from '../../../src/downloader/checker.ts'
import { createSlots, type Slot } from '../../../src/downloader/slots.ts'
import { noise } from '../../swarm/content.ts'

const UNITS = 8

/** A slot with units that are what their roots say. */
function filledSlot(): Slot {
  const slot = createSlots().borrow()
  slot.bytes.set(noise(UNITS * UNIT_BYTES, 7))
  for (let unit = 0; unit < UNITS; unit += 1) {
    slot.roots.set(unitRoot(slot.bytes.slice(unit * UNIT_BYTES, (unit + 1) * UNIT_BYTES)), unit * 32)
  }
  return slot
}

/** The thread has started when an answer waits for it: before, the check is made at once. */
async function started(checker: Checker, slot: Slot): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    let answered = false
    const check = checker.check(slot, 0, UNIT_BYTES, UNITS).then(() => {
      answered = true
    })
    await Promise.resolve().then(() => undefined)
    const atOnce = answered
    await check
    if (!atOnce) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('The checking thread did not start.')
}

describe('the checker', () => {
  for (const where of ['before its thread has started', 'in its thread']) {
    it(`counts what is right from the front, to the first wrong unit, ${where}`, async function () {
      this.timeout(60_000)
      const checker = createChecker()
      const slot = filledSlot()
      if (where === 'in its thread') await started(checker, slot)
      expect(await checker.check(slot, 0, UNITS * UNIT_BYTES, UNITS)).to.equal(UNITS * UNIT_BYTES)
      slot.bytes[5 * UNIT_BYTES + 77] = (slot.bytes[5 * UNIT_BYTES + 77] ?? 0) ^ 4
      expect(await checker.check(slot, 0, UNITS * UNIT_BYTES, UNITS)).to.equal(5 * UNIT_BYTES)
      expect(await checker.check(slot, 2 * UNIT_BYTES, 4 * UNIT_BYTES, UNITS)).to.equal(3 * UNIT_BYTES)
      expect(await checker.check(slot, 6 * UNIT_BYTES, 2 * UNIT_BYTES, UNITS)).to.equal(2 * UNIT_BYTES)
    })
  }

  it('answers in the order of the questions', async function () {
    this.timeout(60_000)
    const checker = createChecker()
    const slots = Array.from({ length: 6 }, filledSlot)
    await started(checker, slots[0] as Slot)
    const order: number[] = []
    const lengths = [UNITS, 1, 4, 1, UNITS, 2]
    await Promise.all(
      slots.map(async (slot, at) => {
        await checker.check(slot, 0, (lengths[at] ?? 1) * UNIT_BYTES, UNITS)
        order.push(at)
      }),
    )
    expect(order).to.deep.equal([0, 1, 2, 3, 4, 5])
  })

  it('says so and answers everything itself when its thread dies', async function () {
    this.timeout(60_000)
    const folder = await mkdtemp(join(tmpdir(), 'bitcdn-checker-'))
    const warned: string[] = []
    const onWarning = (warning: Error & { code?: string }): void => void warned.push(warning.code ?? '')
    process.on('warning', onWarning)
    try {
      // It starts as the real one does and fails at the first slot that it is told of.
      const path = join(folder, 'thread.mjs')
      const program =
        "import { parentPort } from 'node:worker_threads'\nparentPort.on('message', () => { throw new Error('lost') })\nparentPort.postMessage(null)\n"
      await writeFile(path, program)
      const checker = createChecker(pathToFileURL(path))
      const slot = filledSlot()
      await started(checker, slot)
      expect(await checker.check(slot, 0, UNITS * UNIT_BYTES, UNITS)).to.equal(UNITS * UNIT_BYTES)
      slot.bytes[0] = (slot.bytes[0] ?? 0) ^ 1
      expect(await checker.check(slot, 0, UNIT_BYTES, UNITS)).to.equal(0)
      expect(warned).to.include('BITCDN_NO_CHECK_THREAD')
    } finally {
      process.off('warning', onWarning)
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('lets the process end that has nothing else to do', async function () {
    this.timeout(60_000)
    const folder = await mkdtemp(join(tmpdir(), 'bitcdn-checker-'))
    const program = join(folder, 'program.mjs')
    const source = new URL('../../../src/downloader/checker.ts', import.meta.url)
    await writeFile(program, `import { createChecker } from '${source}'\ncreateChecker()\nsetTimeout(() => {}, 500)\n`)
    const { status } = spawnSync(process.execPath, [program], { timeout: 30_000 })
    await rm(folder, { recursive: true, force: true })
    expect(status).to.equal(0)
  })
})
