import { expect } from 'chai'
import { Signature, verifyTypedData } from 'ethers'
import {
  getAddress,
  type Hex,
  recoverAddress,
  serializeCompactSignature,
  serializeSignature,
  signatureToCompactSignature,
} from 'viem'
import { generatePrivateKey, privateKeyToAccount, sign } from 'viem/accounts'
import {
  checkSignatureForm,
  compactFromWallet,
  createDomain,
  createSessionKey,
  isSignedBy,
  recoverSigner,
  signerFromAccount,
  signHead,
  signProof,
  signReceipt,
  signTerms,
  signTicket,
  signVoucher,
  TYPES,
  verifyHead,
  verifyProof,
  verifyReceipt,
  verifyTerms,
  verifyTicket,
  verifyVoucher,
} from '../../../src/receipts/index.ts'

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const SECRET = `0x${'07'.repeat(32)}` as Hex
const CONTRACT = getAddress('0x00000000000000000000000000000000b17cd000')
const domain = createDomain({ chainId: 31337, settlement: CONTRACT })
const session = `0x${'5e'.repeat(24)}` as Hex
const lane = { sponsor: CONTRACT, seeder: CONTRACT, lane: 1n, pricePerGiB: 10_000n } as const
const toHex = (bytes: Uint8Array): Hex => `0x${Buffer.from(bytes).toString('hex')}`
const word = (value: bigint): string => value.toString(16).padStart(64, '0')

describe('Signatures', () => {
  it('of a session key are the ones that viem makes: RFC 6979, low s, EIP-2098', async () => {
    const key = createSessionKey(SECRET)
    expect(key.address).to.equal(privateKeyToAccount(SECRET).address)
    for (let i = 0n; i < 50n; i++) {
      const digest = domain.receipt({ session, bytesServed: i })
      const reference = await sign({ hash: toHex(digest), privateKey: SECRET })
      expect(key.sign(digest)).to.equal(serializeCompactSignature(signatureToCompactSignature(reference)))
      expect(recoverSigner(digest, key.sign(digest))).to.equal(key.address)
    }
  })

  it('of a session key are readable by ethers', () => {
    const key = createSessionKey()
    const receipt = signReceipt(domain, key, { session, bytesServed: 77n })
    const signer = verifyTypedData(
      { name: 'BitCDN', version: '1', chainId: 31337n, verifyingContract: CONTRACT },
      { Receipt: [...TYPES.Receipt] },
      { session, bytesServed: 77n },
      Signature.from(receipt.signature),
    )
    expect(signer).to.equal(key.address)
  })

  it('of an account come out in the same form', async () => {
    const account = privateKeyToAccount(SECRET)
    const digest = domain.receipt({ session, bytesServed: 1n })
    const statement = { type: 'Receipt', domain, fields: { session, bytesServed: 1n } } as const
    const local = await signerFromAccount(account).sign(digest, statement)
    expect(local).to.equal(createSessionKey(SECRET).sign(digest))
  })

  it('of a wallet with a high s are turned round', async () => {
    const digest = domain.receipt({ session, bytesServed: 1n })
    const low = await sign({ hash: toHex(digest), privateKey: SECRET })
    const high = serializeSignature({
      r: low.r,
      s: `0x${word(ORDER - BigInt(low.s))}`,
      yParity: low.yParity === 0 ? 1 : 0,
    })
    expect(await recoverAddress({ hash: toHex(digest), signature: high })).to.equal(privateKeyToAccount(SECRET).address)
    expect(compactFromWallet(high)).to.equal(createSessionKey(SECRET).sign(digest))
  })

  it('are accepted in one encoding only', async () => {
    const key = createSessionKey(SECRET)
    for (let i = 1n; i <= 500n; i++) {
      const digest = domain.receipt({ session, bytesServed: i })
      const good = key.sign(digest)
      const r = good.slice(2, 66)
      const vs = BigInt(`0x${good.slice(66)}`)
      const parity = vs >> 255n
      const s = vs & (2n ** 255n - 1n)
      const encodings: Hex[] = [
        serializeSignature({ r: `0x${r}`, s: `0x${word(s)}`, yParity: Number(parity) }), // 65 bytes
        `0x${r}${word(s)}00`,
        `0x${r}${word(s)}01`,
        `${good}00`, // trailing bytes
        good.slice(0, -2) as Hex, // one byte short
        `0x${r}${word(vs ^ (1n << 255n))}`, // the other parity
        `0x${r}${word(ORDER - s)}`, // high s
        `0x${word(0n)}${word(vs)}`,
        `0x${r}${word(0n)}`,
        `0x${word(ORDER)}${word(vs)}`,
      ]
      expect(isSignedBy(digest, good, key.address)).to.equal(true)
      for (const other of encodings) expect(isSignedBy(digest, other, key.address), other).to.equal(false)
    }
  })

  it('whose s lies just above half of the order are refused, although they recover to a key', () => {
    const digest = domain.receipt({ session, bytesServed: 1n })
    const r = createSessionKey(SECRET).sign(digest).slice(2, 66)
    const half = ORDER / 2n
    const atHalf = `0x${r}${word(half)}` as Hex
    const aboveHalf = `0x${r}${word(half + 1n)}` as Hex
    expect(recoverSigner(digest, atHalf)).to.match(/^0x/)
    expect(recoverSigner(digest, aboveHalf)).to.equal(null)
    expect(() => checkSignatureForm(aboveHalf)).to.throw('low form')
    checkSignatureForm(atHalf)
  })

  it('fail for every flipped bit', () => {
    const key = createSessionKey(SECRET)
    const digest = domain.receipt({ session, bytesServed: 9n })
    const good = Buffer.from(key.sign(digest).slice(2), 'hex')
    for (let bit = 0; bit < 512; bit++) {
      const bad = Buffer.from(good)
      bad[bit >> 3] = bad[bit >> 3]! ^ (1 << (bit & 7))
      expect(isSignedBy(digest, toHex(bad), key.address), `bit ${bit}`).to.equal(false)
    }
  })

  it('bind every field of every statement', async () => {
    const key = createSessionKey(SECRET)
    const other = createDomain({ chainId: 1, settlement: CONTRACT })
    const head = await signHead(domain, key, lane, { head: session, expiry: 5n })
    expect(verifyHead(domain, lane, head)).to.equal(true)
    expect(verifyHead(other, lane, head)).to.equal(false)
    expect(verifyHead(domain, { ...lane, lane: 2n }, head)).to.equal(false)
    expect(verifyHead(domain, { ...lane, pricePerGiB: 2n }, head)).to.equal(false)
    expect(verifyHead(domain, lane, { ...head, expiry: 6n })).to.equal(false)
    expect(verifyHead(domain, lane, { ...head, expiry: -6n })).to.equal(false)

    const receipt = signReceipt(domain, key, { session, bytesServed: 5n })
    expect(verifyReceipt(domain, receipt, key.address)).to.equal(true)
    expect(verifyReceipt(domain, { ...receipt, bytesServed: 6n }, key.address)).to.equal(false)
    expect(verifyReceipt(domain, receipt, lane.seeder)).to.equal(false)

    const voucher = await signVoucher(domain, key, { ...lane, from: session, to: `0x${'66'.repeat(24)}`, amount: 9n })
    expect(verifyVoucher(domain, voucher)).to.equal(true)
    expect(verifyVoucher(domain, { ...voucher, amount: 10n })).to.equal(false)
    expect(verifyVoucher(domain, { ...voucher, from: voucher.to })).to.equal(false)

    const grant = { session, contentId: `0x${'01'.repeat(32)}`, holder: CONTRACT, notAfter: 7n } as const
    const ticket = await signTicket(domain, key, grant)
    expect(verifyTicket(domain, ticket)).to.equal(true)
    expect(verifyTicket(domain, { ...ticket, notAfter: 8n })).to.equal(false)

    const terms = await signTerms(domain, key, {
      seeder: CONTRACT,
      peerId: '0x0011',
      chainId: 31337n,
      settlement: CONTRACT,
      lanes: [1n, 2n],
      pricePerGiB: 10n,
      sequence: 1n,
      expiry: 9n,
    })
    expect(verifyTerms(domain, terms)).to.equal(true)
    expect(verifyTerms(domain, { ...terms, lanes: [1n] })).to.equal(false)
    expect(verifyTerms(domain, { ...terms, chainId: 1n })).to.equal(false)
    expect(verifyTerms(domain, { ...terms, settlement: key.address })).to.equal(false)
    for (const foreign of [{ chainId: 1n }, { settlement: key.address }]) {
      const statement = await signTerms(domain, key, { ...terms, ...foreign })
      expect(verifyTerms(domain, statement), 'another chain or contract, signed for this one').to.equal(false)
    }

    const proof = { session, downloader: '0x01', seeder: '0x02', nonce: `0x${'03'.repeat(32)}` } as const
    const proved = signProof(domain, key, proof)
    expect(verifyProof(domain, proof, proved, key.address)).to.equal(true)
    expect(verifyProof(domain, { ...proof, downloader: '0x02', seeder: '0x01' }, proved, key.address)).to.equal(false)
  })

  it('are made with a new key for each download', () => {
    expect(createSessionKey().address).to.not.equal(createSessionKey().address)
    expect(() => createSessionKey(`0x${'00'.repeat(32)}`)).to.throw('zero or above')
    const secret = generatePrivateKey()
    expect(createSessionKey(secret).privateKey).to.equal(secret)
  })
})
