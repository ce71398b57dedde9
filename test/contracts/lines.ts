// The walk over a session log: the assembly, the plain Solidity that it replaces, and a model in TypeScript agree on seeded
// random lines of every sort.
import { expect } from 'chai'
import { SigningKey } from 'ethers'
import { ethers, networkHelpers } from './fixture.ts'

const { loadFixture } = networkHelpers
const SEED = 20_261_121
const DOMAIN = ethers.id('a domain')
const U48 = (1n << 48n) - 1n
const TYPE = ethers.id('Receipt(bytes24 session,uint48 bytesServed)')

interface Walked {
  end: bigint
  newHead: string
  bytesOwed: bigint
  recovered: boolean
}

/** Bits that are the same in every run. */
function randomOf(seed: number) {
  let state = ethers.id(`lines ${seed}`)
  return (below: bigint): bigint => {
    state = ethers.keccak256(state)
    return BigInt(state) % below
  }
}

const word = (value: bigint | string) => ethers.zeroPadValue(ethers.toBeHex(value), 32)
const nextHead = (head: string, key: string, max: bigint) =>
  ethers.dataSlice(ethers.solidityPackedKeccak256(['bytes24', 'address', 'uint48'], [head, key, max]), 0, 24)

function digestOf(session: string, bytesServed: bigint): string {
  const struct = ethers.keccak256(ethers.concat([TYPE, ethers.zeroPadBytes(session, 32), word(bytesServed)]))
  return ethers.keccak256(ethers.concat(['0x1901', DOMAIN, struct]))
}

/** Who signed, as the precompile sees it: any s below the order, zero for nobody. */
function signerOf(digest: string, r: string, vs: bigint): string {
  const s = vs & ((1n << 255n) - 1n)
  if (s === 0n || s >= ethers.N || BigInt(r) === 0n || BigInt(r) >= ethers.N) return ethers.ZeroAddress
  const parity = Number(vs >> 255n)
  const low = s > ethers.N / 2n ? ethers.N - s : s
  try {
    const signature = ethers.Signature.from({ r, s: word(low), v: 27 + (low === s ? parity : 1 - parity) })
    return ethers.computeAddress(SigningKey.recoverPublicKey(digest, signature))
  } catch {
    return ethers.ZeroAddress
  }
}

async function harness() {
  return ethers.deployContract('SessionLinesHarness')
}

type Harness = Awaited<ReturnType<typeof harness>>

async function agree(contract: Harness, batch: string, offset: number, count: number, head: string, model: Walked) {
  for (const name of ['fast', 'plain']) {
    const walked = await contract.getFunction(name).staticCall(batch, offset, count, head, DOMAIN)
    const { end, newHead, bytesOwed, recovered } = walked
    const told = `${name}, seed ${SEED}`
    expect({ end, newHead, bytesOwed, recovered }, told).to.deep.equal(model)
  }
}

describe('SessionLines', () => {
  it(`walks like its reference and like the model (seed ${SEED})`, async () => {
    const contract = await loadFixture(harness)
    const random = randomOf(SEED)
    for (let round = 0; round < 60; round++) {
      const before = `0x${'5a'.repeat(Number(random(90n)))}`
      const offset = (before.length - 2) / 2
      const start = ethers.dataSlice(ethers.id(`head ${round}`), 0, 24)
      const model: Walked = { end: BigInt(offset), newHead: start, bytesOwed: 0n, recovered: true }
      const lines: string[] = []
      const count = Number(random(9n))
      for (let i = 0; i < count; i++) lines.push(addLine(random, model))
      await agree(contract, ethers.concat([before, ...lines]), offset, count, start, model)
    }
  })

  /** One line at random: unused, signed, damaged, of a high s, or of noise; moves the model behind it. */
  function addLine(random: (below: bigint) => bigint, model: Walked): string {
    const sort = random(6n)
    const maxBytes = random(4n) === 0n ? random(5n) : random(U48 + 1n)
    if (sort === 0n) {
      const key = ethers.dataSlice(word(random(1n << 160n)), 12)
      model.newHead = nextHead(model.newHead, key, maxBytes)
      model.end += 32n
      return ethers.solidityPacked(['uint48', 'uint48', 'bytes20'], [maxBytes, 0n, key])
    }
    const served = random(3n) === 0n ? maxBytes || 1n : random(U48) + 1n
    const digest = digestOf(model.newHead, served)
    const signed = new SigningKey(word(random(ethers.N - 1n) + 1n)).sign(digest)
    let r = signed.r
    let vs = BigInt(signed.yParityAndS)
    if (sort === 1n) r = word(0n) // nobody
    if (sort === 2n) vs ^= 1n << 255n // the other parity: somebody else
    if (sort === 3n) vs = ethers.N / 2n + 1n + random(1n << 100n) // a high s, which fits into 255 bits just so
    if (sort === 4n) r = word(random(1n << 256n))
    const signer = signerOf(digest, r, vs)
    const high = (vs & ((1n << 255n) - 1n)) > ethers.N / 2n
    if (signer === ethers.ZeroAddress || high) model.recovered = false
    model.bytesOwed += served < maxBytes ? served : maxBytes
    model.newHead = nextHead(model.newHead, signer, maxBytes)
    model.end += 76n
    return ethers.solidityPacked(['uint48', 'uint48', 'bytes32', 'uint256'], [maxBytes, served, r, vs])
  }

  it('takes an s of exactly half the order and refuses the next one', async () => {
    const contract = await loadFixture(harness)
    const start = ethers.dataSlice(ethers.id('head'), 0, 24)
    const r = new SigningKey(word(7n)).sign(ethers.id('anything')).r
    for (const s of [ethers.N / 2n, ethers.N / 2n + 1n]) {
      const signer = signerOf(digestOf(start, 5n), r, s)
      const line = ethers.solidityPacked(['uint48', 'uint48', 'bytes32', 'uint256'], [9n, 5n, r, s])
      const model = {
        end: 76n,
        newHead: nextHead(start, signer, 9n),
        bytesOwed: 5n,
        recovered: s === ethers.N / 2n && signer !== ethers.ZeroAddress,
      }
      expect(signer).to.not.equal(ethers.ZeroAddress)
      await agree(contract, line, 0, 1, start, model)
    }
  })

  it('leaves the head alone without lines', async () => {
    const contract = await loadFixture(harness)
    const head = ethers.dataSlice(ethers.id('head'), 0, 24)
    await agree(contract, '0x1234', 1, 0, head, { end: 1n, newHead: head, bytesOwed: 0n, recovered: true })
  })
})
