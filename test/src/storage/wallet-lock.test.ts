import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { createWalletLock } from '../../../src/storage/wallet-lock.ts'

const WALLET = { chainId: 1, account: '0x00000000000000000000000000000000000000aa' } as const

describe('The lock of a wallet', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bitcdn-lock-'))
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('lets one holder after the other work, whichever data folder it belongs to', async () => {
    let inside = 0
    let most = 0
    const work = async () => {
      most = Math.max(most, ++inside)
      await new Promise((resolve) => setTimeout(resolve, 5))
      inside--
    }
    await Promise.all(Array.from({ length: 8 }, () => createWalletLock(folder).hold(WALLET, work)))
    expect([most, inside]).to.deep.equal([1, 0])
  })

  it('is free again after work that failed, and one wallet does not hold up another', async () => {
    const lock = createWalletLock(folder)
    const failed = await lock.hold(WALLET, () => Promise.reject(new Error('no gas'))).catch((error: Error) => error)
    expect(failed).to.have.property('message', 'no gas')
    const other = { ...WALLET, chainId: 2 }
    expect(await lock.hold(WALLET, () => createWalletLock(folder).hold(other, async () => 'both'))).to.equal('both')
  })

  it('stops waiting when it is told to', async () => {
    const lock = createWalletLock(folder)
    const stopped = await lock.hold(WALLET, () =>
      createWalletLock(folder)
        .hold(WALLET, async () => 'taken', AbortSignal.timeout(20))
        .catch((error: Error) => error.name),
    )
    expect(stopped).to.be.oneOf(['TimeoutError', 'AbortError'])
  })
})
