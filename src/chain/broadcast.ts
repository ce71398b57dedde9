// Handing a signed transaction to the nodes. Nobody's answer decides whether it is on its way: one that fails may have
// taken it, and one that refuses may have it already.
import type { Hex } from 'viem'
import { BitCdnError } from '../errors.ts'
import type { Chain } from './chain.ts'
import { asBitCdnError } from './rpc.ts'
import { everywhere } from './standing.ts'

/**
 * Every endpoint gets it. Null when one has it now; the reason when that is in doubt (nobody answered, or its nonce is used
 * or bid for already): the chain is asked what became of it. Throws what the nodes say when all that answer refuse it.
 */
export async function broadcast(chain: Chain, { raw, hash }: { raw: Hex; hash: Hex }): Promise<BitCdnError | null> {
  const answers = await Promise.allSettled(
    chain.endpoints.map((client) => client.sendRawTransaction({ serializedTransaction: raw })),
  )
  const refusals = answers.flatMap((answer) =>
    answer.status === 'rejected' ? [asBitCdnError(answer.reason, chain.rpcUrl)] : [],
  )
  if (refusals.length < answers.length || refusals.some(isKnown)) return null
  if (await isPooled(chain, hash).catch(() => false)) return null
  const doubt = refusals.find((error) => error.code === 'rpc-unreachable' || isNonceUsed(error))
  if (doubt !== undefined) return doubt
  throw refusals[0]
}

/** Whether any endpoint has heard of it. */
export async function isPooled(chain: Chain, hash: Hex): Promise<boolean> {
  const asked = everywhere(chain, (client) =>
    client.getTransaction({ hash }).then(
      () => true,
      () => false,
    ),
  )
  return (await asked).some(Boolean)
}

/** Nodes agree on the words and on nothing else. */
export function isNonceUsed(error: unknown): boolean {
  return error instanceof BitCdnError && /nonce( is)? too low|replacement/i.test(error.message)
}

function isKnown(error: BitCdnError): boolean {
  return /already (known|imported)|known transaction/i.test(error.message)
}
