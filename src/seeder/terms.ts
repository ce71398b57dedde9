import type { PeerId } from '@libp2p/interface'
import { bytesToHex } from 'viem'
import { type Domain, type SeederTerms, type SignedTerms, type Signer, signTerms } from '../receipts/index.ts'
import { TERMS_SECONDS } from './constants.ts'

export interface TermsInit extends Pick<SeederTerms, 'seeder' | 'lanes' | 'pricePerGiB'> {
  readonly peerId: PeerId
}

/** What this seeder asks for, signed by itself or its operator and bound to its peer id; signed anew twice a day. */
export function createTerms(
  { domain, signer }: { domain: Domain; signer: Signer },
  init: TermsInit,
): () => Promise<SignedTerms> {
  const peerId = bytesToHex(init.peerId.toMultihash().bytes)
  let current: { terms: Promise<SignedTerms>; until: number } | null = null
  return () => {
    const now = Date.now()
    if (current === null || now >= current.until) {
      const { seeder, lanes, pricePerGiB } = init
      const { chainId, settlement } = domain
      const expiry = BigInt(Math.floor(now / 1000) + TERMS_SECONDS)
      const terms = signTerms(domain, signer, {
        seeder,
        peerId,
        chainId,
        settlement,
        lanes,
        pricePerGiB,
        sequence: BigInt(now),
        expiry,
      })
      const made = { terms, until: now + TERMS_SECONDS * 500 }
      current = made
      terms.catch(() => {
        if (current === made) current = null
      })
    }
    return current.terms
  }
}
