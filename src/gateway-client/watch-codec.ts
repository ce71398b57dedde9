// What a seeder tells a gateway beside vouchers: its copies of logs, the sessions that it serves, and what stayed unsigned.
import type { Address } from 'viem'
import type { Head, Lane } from '../receipts/types.ts'
import type { DebtsRequest, PresentJson, PresentRequest, PresentState, WatchJson, WatchRequest } from './api.ts'
import { logFromJson, logToJson, type SignedLog } from './codec.ts'
import { LIMITS } from './constants.ts'
import { readAddress, readHex, readList, readObject, readText, readUint } from './parse.ts'

/** A seeder's copy of one log; null where it holds none. */
export interface PresentedLog {
  readonly lane: Lane
  readonly log: SignedLog | null
}

export interface WatchAnswer {
  readonly epoch: string
  readonly ended: readonly { readonly session: Head; readonly reason: string }[]
}

export interface SessionDebt {
  readonly session: Head
  readonly bytes: bigint
}

export function presentToJson({ lane, log }: PresentedLog): PresentRequest {
  return {
    seeder: lane.seeder,
    lane: String(lane.lane),
    pricePerGiB: String(lane.pricePerGiB),
    log: log === null ? null : logToJson(log),
  }
}

/** The sponsor is not in the request: it is the gateway's own. */
export function presentFromJson(value: unknown, sponsor: Lane['sponsor']): PresentedLog {
  const json = readObject(value, 'body')
  return {
    lane: {
      sponsor,
      seeder: readAddress(json.seeder, 'seeder'),
      lane: readUint(json.lane, 'lane', 64),
      pricePerGiB: readUint(json.pricePerGiB, 'pricePerGiB', 64),
    },
    log: json.log === null ? null : logFromJson(readObject(json.log, 'log')),
  }
}

const STATES: readonly PresentState[] = ['same', 'ahead', 'adopted', 'forked']

export function presentAnswerFromJson(value: unknown): PresentState {
  const said = readText((readObject(value, 'body') as Partial<PresentJson>).state, 'state', 16)
  return STATES.find((state) => state === said) ?? 'forked'
}

export function watchToJson(sessions: readonly Head[]): WatchRequest {
  return { sessions: sessions.slice(0, LIMITS.lines) }
}

export function watchFromJson(value: unknown): Head[] {
  const json = readObject(value, 'body')
  return readList(json.sessions, 'sessions', LIMITS.lines, (head, name) => readHex(head, name, 24))
}

export function watchAnswerFromJson(value: unknown): WatchAnswer {
  const json = readObject(value, 'body') as Partial<WatchJson>
  return {
    epoch: readText(json.epoch, 'epoch', 64),
    ended: readList(json.ended, 'ended', LIMITS.lines, (element, name) => {
      const one = readObject(element, name)
      return {
        session: readHex(one.session, `${name}.session`, 24),
        reason: readText(one.reason, `${name}.reason`, LIMITS.words),
      }
    }),
  }
}

export function debtsToJson(seeder: Address, debts: readonly SessionDebt[]): DebtsRequest {
  const newest = debts.slice(-LIMITS.lines)
  return { seeder, debts: newest.map(({ session, bytes }) => ({ session, bytes: String(bytes) })) }
}

export function debtsFromJson(value: unknown): { seeder: Address; debts: SessionDebt[] } {
  const json = readObject(value, 'body')
  return {
    seeder: readAddress(json.seeder, 'seeder'),
    debts: readList(json.debts, 'debts', LIMITS.lines, (element, name) => {
      const one = readObject(element, name)
      return { session: readHex(one.session, `${name}.session`, 24), bytes: readUint(one.bytes, `${name}.bytes`, 48) }
    }),
  }
}
