// Session logs, receipts, vouchers and batches, written from docs/CONTRACTS.md with ethers alone.
import type { HDNodeWallet } from 'ethers'
import type { BandwidthSettlement } from '../../types/ethers-contracts/settlement/BandwidthSettlement.ts'
import { ethers, MIB, NEVER } from './fixture.ts'

export const PRICE = 10_000_000n
const NO_SIGNATURE = `0x${'00'.repeat(64)}`

export interface Line {
  readonly session: string
  readonly key: HDNodeWallet
  readonly maxBytes: bigint
  readonly bytesServed: bigint
}

export interface LogInit {
  readonly settlement: BandwidthSettlement
  readonly sponsor: string
  readonly seeder: string
  readonly lane?: bigint
  readonly pricePerGiB?: bigint
}

export interface GroupInit {
  readonly by: HDNodeWallet
  readonly delegated?: boolean
  readonly least?: bigint
  readonly first?: number
}

/** What a session log owes for these bytes, as the contract counts it. */
export function owed(bytes: readonly bigint[], pricePerGiB = PRICE): bigint {
  return (bytes.reduce((sum, b) => sum + b, 0n) * pricePerGiB) >> 30n
}

/** A sponsor's log for one seeder, with the session keys in hand. */
export function createLog(init: LogInit) {
  const { settlement, sponsor, seeder, lane = 1n, pricePerGiB = PRICE } = init
  const key = ethers.solidityPackedKeccak256(
    ['address', 'address', 'uint64', 'uint64'],
    [sponsor, seeder, lane, pricePerGiB],
  )
  const lines: Line[] = []
  const log = { key, lane, pricePerGiB, lines, head: key.slice(0, 50), add, raw, voucher, lineBytes }
  return log

  /** One session that acknowledges `bytesServed`; 0 = it was never used. */
  function add(bytesServed: bigint, maxBytes = 64n * MIB) {
    const session = log.head
    const sessionKey = ethers.Wallet.createRandom()
    lines.push({ session, key: sessionKey, maxBytes, bytesServed })
    log.head = ethers
      .solidityPackedKeccak256(['bytes24', 'address', 'uint48'], [session, sessionKey.address, maxBytes])
      .slice(0, 50)
    return log
  }

  async function lineBytes({ session, key: signer, maxBytes, bytesServed }: Line): Promise<string> {
    if (bytesServed === 0n) return pack(['uint48', 'uint48', 'address'], [maxBytes, 0n, signer.address])
    const types = { Receipt: fields('bytes24 session', 'uint48 bytesServed') }
    const signature = await compact(signer, types, { session, bytesServed })
    return pack(['uint48', 'uint48', 'bytes'], [maxBytes, bytesServed, signature])
  }

  /** Lines `first` to the end as raw receipts. */
  async function raw(group: GroupInit & { expiry?: bigint; lines?: string[]; signedHead?: string }): Promise<string> {
    const expiry = group.expiry ?? NEVER
    const packed = group.lines ?? (await Promise.all(lines.slice(group.first ?? 0).map(lineBytes)))
    const types = {
      SessionLog: fields('address seeder', 'uint64 lane', 'uint64 pricePerGiB', 'uint40 expiry', 'bytes24 head'),
    }
    const head = group.signedHead ?? log.head
    const signature = await compact(group.by, types, { seeder, lane, pricePerGiB, expiry, head })
    const body = pack(
      ['uint40', 'uint16', 'bytes', 'bytes'],
      [expiry, packed.length, signed(group, signature), ethers.concat(packed)],
    )
    return header(group, group.delegated ? 3 : 1) + body.slice(2)
  }

  async function voucher(group: GroupInit & { from?: string; to?: string; amount: bigint }): Promise<string> {
    const from = group.from ?? lines[group.first ?? 0]?.session ?? key.slice(0, 50)
    const to = group.to ?? log.head
    const { amount } = group
    const types = {
      Voucher: fields(
        'address seeder',
        'uint64 lane',
        'uint64 pricePerGiB',
        'bytes24 from',
        'bytes24 to',
        'uint128 amount',
      ),
    }
    const signature = await compact(group.by, types, { seeder, lane, pricePerGiB, from, to, amount })
    const body = pack(['bytes24', 'uint128', 'bytes'], [to, amount, signed(group, signature)])
    return header(group, group.delegated ? 4 : 2) + body.slice(2)
  }

  function header({ least }: GroupInit, kind: number): string {
    const head = pack(
      ['uint8', 'address', 'uint64', 'uint64'],
      [kind | (least === undefined ? 0 : 0x80), sponsor, lane, pricePerGiB],
    )
    return least === undefined ? head : head + pack(['uint128'], [least]).slice(2)
  }

  function signed(group: GroupInit, signature: string): string {
    return group.delegated ? pack(['address', 'bytes'], [group.by.address, signature]) : signature
  }

  async function compact(signer: HDNodeWallet, types: Types, message: Record<string, unknown>): Promise<string> {
    const { name, version, chainId, verifyingContract } = await settlement.eip712Domain()
    const signature = await signer.signTypedData({ name, version, chainId, verifyingContract }, types, message)
    return ethers.Signature.from(signature).compactSerialized
  }
}

type Types = Parameters<HDNodeWallet['signTypedData']>[1]

function fields(...list: string[]) {
  return list.map((field) => {
    const [type, name] = field.split(' ')
    return { type: type!, name: name! }
  })
}

function pack(types: string[], values: unknown[]): string {
  return ethers.solidityPacked(types, values)
}

/** A line whose signature recovers nobody. */
export function brokenLine(maxBytes: bigint, bytesServed: bigint): string {
  return pack(['uint48', 'uint48', 'bytes'], [maxBytes, bytesServed, NO_SIGNATURE])
}

export function join(...groups: string[]): string {
  return ethers.concat(groups)
}
