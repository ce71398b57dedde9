// The same key signs the same message with four programs: ours, viem, ethers, and MetaMask's, which nobody here wrote and
// which shares no code with the contracts' toolchain. All must sign the same bytes and name the same signer.
import { recoverTypedSignature, SignTypedDataVersion, signTypedData, TypedDataUtils } from '@metamask/eth-sig-util'
import { expect } from 'chai'
import { Signature, TypedDataEncoder, verifyTypedData, Wallet } from 'ethers'
import { type Hex, hashTypedData, recoverTypedDataAddress } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import {
  type CompactSignature,
  compactFromWallet,
  createDomain,
  createSessionKey,
  type Digest,
  recoverSigner,
  TYPES,
} from '../../src/receipts/index.ts'
import { createRandom, type Random } from './random.ts'

const COUNT = 12
const CHAIN = { name: 'BitCDN', version: '1', chainId: 31337, verifyingContract: `0x${'b1'.repeat(20)}` } as const
const domain = createDomain({ chainId: CHAIN.chainId, settlement: CHAIN.verifyingContract })

/** How each type that a signature can move money or open a door with is hashed by src/receipts. */
const OURS = {
  // biome-ignore-start lint/suspicious/noExplicitAny: the fields are drawn by their types
  SessionLog: (of: any) => domain.sessionLog({ ...of, sponsor: of.seeder }, of.head, of.expiry),
  Receipt: (of: any) => domain.receipt(of),
  Voucher: (of: any) => domain.voucher({ ...of, sponsor: of.seeder }),
  SessionTicket: (of: any) => domain.ticket(of),
  // biome-ignore-end lint/suspicious/noExplicitAny: until here
} satisfies Partial<Record<keyof typeof TYPES, (of: never) => Digest>>

describe('Four signers', () => {
  for (const [type, ours] of Object.entries(OURS)) {
    it(`agree on the digest, the signature and the signer of ${COUNT} random ${type}s`, async () => {
      for (let i = 0; i < COUNT; i++) {
        const random = createRandom(`signers ${type}`, i)
        const key = createSessionKey(hex(random.bytes(32)))
        const fields = [...TYPES[type as keyof typeof OURS]]
        const message = Object.fromEntries(fields.map((field) => [field.name, drawn(field.type, random)]))
        const { digest, ...answers } = await askAll(key.privateKey, type, fields, message)
        expect(answers.digests).to.deep.equal(Array(3).fill(digest))
        expect(hex(ours(message))).to.equal(digest)
        const signature = key.sign(ours(message))
        expect(answers.signatures).to.deep.equal(Array(3).fill(signature))
        expect(recoverSigner(ours(message), signature)).to.equal(key.address)
        expect(answers.signers.map((signer) => signer.toLowerCase())).to.deep.equal(
          Array(3).fill(key.address.toLowerCase()),
        )
      }
    })
  }

  it('name nobody or another one when one bit of the message is another', () => {
    const random = createRandom('signers, altered')
    const key = createSessionKey(hex(random.bytes(32)))
    const receipt = { session: hex(random.bytes(24)), bytesServed: 1_000n }
    const signature = Signature.from(expand(key.sign(domain.receipt(receipt)))).serialized
    const data = typedData('Receipt', [...TYPES.Receipt], { ...receipt, bytesServed: 1_001n })
    const signer = recoverTypedSignature({ data, signature, version: SignTypedDataVersion.V4 })
    expect(signer).to.not.equal(key.address.toLowerCase())
  })
})

type Fields = { name: string; type: string }[]
type Message = Record<string, unknown>

/** viem, ethers and MetaMask, in this order; each recovers what another one signed. */
async function askAll(privateKey: Hex, primaryType: string, fields: Fields, message: Message) {
  const types = { [primaryType]: fields }
  const viem = privateKeyToAccount(privateKey)
  const ethers = new Wallet(privateKey)
  const data = typedData(primaryType, fields, message)
  const request = { domain: CHAIN, types, primaryType, message }
  const signed: Hex[] = [
    await viem.signTypedData(request),
    (await ethers.signTypedData(CHAIN, types, message)) as Hex,
    signTypedData({
      privateKey: Buffer.from(privateKey.slice(2), 'hex'),
      data,
      version: SignTypedDataVersion.V4,
    }) as Hex,
  ]
  const [byViem, byEthers, byMetaMask] = signed as [Hex, Hex, Hex]
  return {
    digest: hashTypedData(request),
    digests: [
      hashTypedData(request),
      TypedDataEncoder.hash(CHAIN, types, message),
      hex(TypedDataUtils.eip712Hash(data, SignTypedDataVersion.V4)),
    ],
    signatures: signed.map(compactFromWallet),
    signers: [
      await recoverTypedDataAddress({ ...request, signature: byMetaMask }),
      verifyTypedData(CHAIN, types, message, byViem),
      recoverTypedSignature({ data, signature: byEthers, version: SignTypedDataVersion.V4 }),
    ],
  }
}

/** As wallets are asked: with the domain's type spelled out, numbers in decimal. */
function typedData(primaryType: string, fields: Fields, message: Message) {
  const EIP712Domain = [
    { name: 'name', type: 'string' },
    { name: 'version', type: 'string' },
    { name: 'chainId', type: 'uint256' },
    { name: 'verifyingContract', type: 'address' },
  ]
  const plain = Object.entries(message).map(([name, value]) => [name, typeof value === 'bigint' ? `${value}` : value])
  const types = { EIP712Domain, [primaryType]: fields }
  return { domain: CHAIN, types, primaryType, message: Object.fromEntries(plain) }
}

function drawn(type: string, random: Random): unknown {
  const [, kind, size] = /^(uint|bytes|address)(\d*)$/.exec(type) ?? []
  if (kind === 'address') return hex(random.bytes(20))
  if (kind === 'bytes') return hex(random.bytes(Number(size)))
  if (kind === 'uint') return random.pick([0n, 2n ** BigInt(size ?? 0) - 1n, random.bigBelow(2n ** BigInt(size ?? 0))])
  throw new Error(`No value for ${type}`)
}

/** r ‖ s ‖ v of an EIP-2098 signature. */
function expand(compact: CompactSignature): string {
  return Signature.from(compact).serialized
}

function hex(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes).toString('hex')}`
}
