import { BitCdnError } from '../../errors.ts'

/** Says what PostgreSQL met in the words of this project; anything else passes through. */
export function postgresError(error: unknown, name: string): unknown {
  if (error instanceof BitCdnError || !(error instanceof Error)) return error
  const state = sqlState(error)
  const words = error.message
  if (state === '53100') {
    return new BitCdnError('disk-full', `The disk of ${name} is full: nothing new is accepted.`, {
      advice: 'Free some space; what was acknowledged before is safe, and work goes on by itself.',
      cause: error,
      retry: true,
    })
  }
  if (state === '58030') {
    return new BitCdnError('disk-failed', `The disk of ${name} failed: ${words}.`, {
      advice: 'Check the disk of the database; what was acknowledged before was written through to it.',
      cause: error,
    })
  }
  if (state === 'XX001' || state === 'XX002') {
    return new BitCdnError('file-invalid', `${name} is damaged: ${words}.`, {
      advice: 'Stop the server, keep its files, and restore a backup.',
      cause: error,
    })
  }
  if (state === '42501' || state?.startsWith('28')) {
    return new BitCdnError('file-unreadable', `${name} may not be used: ${words}.`, {
      advice: 'Check the role and its password; it must be able to create a schema in the database.',
      cause: error,
    })
  }
  if (state === '55P03' || state === '57014') {
    return new BitCdnError('refused', `Another process keeps ${name} busy: ${words}.`, {
      advice: 'Wait until it is done and try again.',
      cause: error,
      retry: true,
    })
  }
  if (isOfConnection(error)) {
    return new BitCdnError('database-unreachable', `${name} does not answer: ${words}.`, {
      advice: 'Check the server and the address; what was acknowledged before is safe.',
      cause: error,
      retry: true,
    })
  }
  return error
}

/** Two transactions stood in each other's way, and this one was undone: it may run again. */
export const mayRunAgain = (error: unknown): boolean => ['40001', '40P01'].includes(sqlState(error) ?? '')

/** One statement's values did not fit; the transaction goes on behind a savepoint. */
export const isOfValues = (error: unknown): boolean => /^2[23]/.test(sqlState(error) ?? '')

export function sqlState(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  // EPIPE has five letters too; no class of states begins with E
  return typeof code === 'string' && /^[0-9A-DF-Z][0-9A-Z]{4}$/.test(code) ? code : undefined
}

const LOST = /^(08|53|57P|25P03|25006)/
const SOCKET = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOENT', 'ENOTFOUND', 'ETIMEDOUT', 'EHOSTUNREACH', 'EAI_AGAIN']

function isOfConnection(error: Error): boolean {
  const state = sqlState(error)
  if (state !== undefined) return LOST.test(state)
  const code = 'code' in error ? String(error.code) : ''
  return SOCKET.includes(code) || /[Cc]onnection|not queryable|timeout/.test(error.message)
}
