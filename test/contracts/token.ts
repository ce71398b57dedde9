import { expect } from 'chai'
import { deployed, ethers, networkHelpers, now, receiveAuthorization, USD, wallet } from './fixture.ts'

const { loadFixture } = networkHelpers

describe('TestUSD', () => {
  it('has six decimals and a mint for everybody', async () => {
    const { token, other } = await loadFixture(deployed)
    await token.connect(other).mint(other.address, 5n * USD)
    expect(await token.balanceOf(other.address)).to.equal(5n * USD)
    expect([await token.decimals(), await token.symbol()]).to.deep.equal([6n, 'tUSD'])
  })

  it('moves money by a signature (EIP-3009) within its time, once, and only to the caller that it names', async () => {
    const { token, other, relayer } = await loadFixture(deployed)
    const from = wallet()
    await token.mint(from.address, 10n * USD)
    const terms = { to: other.address, value: 4n * USD, nonce: ethers.id('nonce') }
    const send = async (by: typeof other, more: { validAfter?: bigint; validBefore?: bigint } = {}) => {
      const { validAfter, validBefore, v, r, s } = await receiveAuthorization(token, from, { ...terms, ...more })
      const { to, value, nonce } = terms
      return token
        .connect(by)
        .receiveWithAuthorization(from.address, to, value, validAfter, validBefore, nonce, v, r, s)
    }
    await expect(send(relayer)).to.be.revertedWithCustomError(token, 'ERC20InvalidReceiver')
    for (const time of [{ validAfter: (await now()) + 99n }, { validBefore: await now() }]) {
      await expect(send(other, time)).to.be.revertedWithCustomError(token, 'ERC3009InvalidAuthorizationTime')
    }
    await send(other)
    expect(await token.balanceOf(other.address)).to.equal(4n * USD)
    expect(await token.authorizationState(from.address, terms.nonce)).to.equal(true)
    await expect(send(other)).to.be.revertedWithCustomError(token, 'ERC3009UsedAuthorization')
  })

  it('forgets an authorisation that its signer cancels', async () => {
    const { token, other } = await loadFixture(deployed)
    const from = wallet()
    const { name, version, chainId, verifyingContract } = await token.eip712Domain()
    const nonce = ethers.id('nonce')
    const types = {
      CancelAuthorization: [
        { name: 'authorizer', type: 'address' },
        { name: 'nonce', type: 'bytes32' },
      ],
    }
    const signature = await from.signTypedData({ name, version, chainId, verifyingContract }, types, {
      authorizer: from.address,
      nonce,
    })
    const { v, r, s } = ethers.Signature.from(signature)
    await token.cancelAuthorization(from.address, nonce, v, r, s)
    const signed = await receiveAuthorization(token, from, { to: other.address, value: 0n, nonce })
    await expect(
      token
        .connect(other)
        .receiveWithAuthorization(
          from.address,
          other.address,
          0n,
          0n,
          signed.validBefore,
          nonce,
          signed.v,
          signed.r,
          signed.s,
        ),
    ).to.be.revertedWithCustomError(token, 'ERC3009UsedAuthorization')
  })
})
