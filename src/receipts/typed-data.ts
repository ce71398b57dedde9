// The EIP-712 types of everything that is signed, as any wallet understands them.

export const DOMAIN_NAME = 'BitCDN'
export const DOMAIN_VERSION = '1'

export const TYPES = {
  SessionLog: [
    { name: 'seeder', type: 'address' },
    { name: 'lane', type: 'uint64' },
    { name: 'pricePerGiB', type: 'uint64' },
    { name: 'expiry', type: 'uint40' },
    { name: 'head', type: 'bytes24' },
  ],
  Receipt: [
    { name: 'session', type: 'bytes24' },
    { name: 'bytesServed', type: 'uint48' },
  ],
  Voucher: [
    { name: 'seeder', type: 'address' },
    { name: 'lane', type: 'uint64' },
    { name: 'pricePerGiB', type: 'uint64' },
    { name: 'from', type: 'bytes24' },
    { name: 'to', type: 'bytes24' },
    { name: 'amount', type: 'uint128' },
  ],
  SessionTicket: [
    { name: 'session', type: 'bytes24' },
    { name: 'contentId', type: 'bytes32' },
    { name: 'holder', type: 'address' },
    { name: 'notAfter', type: 'uint40' },
  ],
  SeederTerms: [
    { name: 'seeder', type: 'address' },
    { name: 'peerId', type: 'bytes' },
    { name: 'chainId', type: 'uint256' },
    { name: 'settlement', type: 'address' },
    { name: 'lanes', type: 'uint64[]' },
    { name: 'pricePerGiB', type: 'uint64' },
    { name: 'sequence', type: 'uint64' },
    { name: 'expiry', type: 'uint40' },
  ],
  SessionProof: [
    { name: 'session', type: 'bytes24' },
    { name: 'downloader', type: 'bytes' },
    { name: 'seeder', type: 'bytes' },
    { name: 'nonce', type: 'bytes32' },
  ],
} as const

export type SignedType = keyof typeof TYPES

/** What a wallet is asked to sign: the fields of one of {@link TYPES} by name, for one chain and contract. */
export interface Statement {
  readonly type: SignedType
  readonly domain: { readonly chainId: bigint; readonly settlement: `0x${string}` }
  /** Fields that the type does not have are left out. */
  readonly fields: object
}

/** The statement in the form of `eth_signTypedData_v4`. */
export function typedData({ type, domain, fields }: Statement) {
  const names = TYPES[type].map(({ name }) => name)
  const message = Object.fromEntries(Object.entries(fields).filter(([name]) => (names as string[]).includes(name)))
  return {
    domain: {
      name: DOMAIN_NAME,
      version: DOMAIN_VERSION,
      chainId: domain.chainId,
      verifyingContract: domain.settlement,
    },
    types: { [type]: TYPES[type] },
    primaryType: type,
    message,
  }
}

/** `Receipt(bytes24 session,uint48 bytesServed)`: the string whose hash names the type. */
export function encodeType(type: SignedType): string {
  return `${type}(${TYPES[type].map((field) => `${field.type} ${field.name}`).join(',')})`
}
