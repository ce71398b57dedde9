// How a machine looks from outside: a gateway dials it back.
import type { DialFate, ReachJson, ReachRequest } from './api.ts'
import { LIMITS } from './constants.ts'
import { readList, readObject, readText } from './parse.ts'

export interface DialedAddress {
  /** As it was asked about. */
  readonly address: string
  readonly fate: DialFate
}

export interface ReachAnswer {
  /** The IP address that the question came from. */
  readonly from: string
  readonly addresses: readonly DialedAddress[]
}

const FATES: readonly DialFate[] = ['reached', 'refused', 'no-answer', 'another-program', 'another-address', 'not-tcp']

export function reachToJson(addresses: readonly string[]): ReachRequest {
  return { addresses: addresses.slice(0, LIMITS.dials) }
}

export function addressesFromJson(value: unknown): string[] {
  const json = readObject(value, 'body')
  return readList(json.addresses, 'addresses', LIMITS.dials, (one, name) => readText(one, name, LIMITS.words))
}

/** A fate that this version does not know says nothing about an address: as good as not dialled. */
export function reachAnswerFromJson(value: unknown): ReachAnswer {
  const json = readObject(value, 'body') as Partial<ReachJson>
  return {
    from: readText(json.from, 'from', 64),
    addresses: readList(json.addresses, 'addresses', LIMITS.dials, (element, name) => {
      const one = readObject(element, name)
      const said = readText(one.fate, `${name}.fate`, 32)
      return {
        address: readText(one.address, `${name}.address`, LIMITS.words),
        fate: FATES.find((fate) => fate === said) ?? 'not-tcp',
      }
    }),
  }
}
