import { BitCdnError } from '../errors.ts'

/** What libp2p said when it could not listen, as one of ours. */
export function listenError(error: unknown, listen: readonly string[]): BitCdnError {
  const message = error instanceof Error ? error.message : String(error)
  if (message.includes('EADDRINUSE')) {
    return new BitCdnError('port-in-use', `Another program already listens on ${listen.join(' or ')}.`, {
      advice: 'Stop that program, or choose another port (0 takes a free one).',
      cause: error,
    })
  }
  // libp2p names each address in a line of its own, with advice for programmers before and stacks behind
  const reasons = message.split('\n').filter((line) => /^\s+\//.test(line))
  const why = reasons.length === 0 ? message : reasons.map((line) => line.trim()).join('; ')
  return new BitCdnError('usage', `The node cannot listen on ${listen.join(', ')}: ${why.trim()}`, {
    advice: 'Give addresses like /ip4/0.0.0.0/tcp/4001 that belong to this machine.',
    cause: error,
  })
}

/** A peer that cannot be reached. */
export function dialError(error: unknown, target: string): BitCdnError {
  const name = error instanceof Error ? error.name : ''
  const message =
    error instanceof AggregateError ? reasonsOf(error) : error instanceof Error ? error.message : String(error)
  if (name === 'DialDeniedError' || name === 'NoValidAddressesError') {
    return new BitCdnError('no-sources', `${target} has no public address, and private ones are not dialled.`, {
      advice: 'Allow private addresses (--allow-private) if the peer is in your own network.',
      cause: error,
    })
  }
  return new BitCdnError('no-sources', `${target} cannot be reached: ${message}.`, {
    advice: 'Check the address, and whether the peer runs.',
    cause: error,
    retry: true,
  })
}

/** Why each address failed, in a few words: what all of them together failed of says nothing. */
function reasonsOf({ errors, message }: AggregateError): string {
  const reasons = new Set(
    errors.map((error: unknown) => (error instanceof Error ? error.message : String(error)).split('\n')[0]),
  )
  return reasons.size === 0 ? message : [...reasons].slice(0, MOST_REASONS).join('; ')
}

const MOST_REASONS = 3
