import type { PeerId } from '@libp2p/interface'
import { bytesToHex } from 'viem'
import { type Domain, type SeederTerms, type SignedTerms, type Signer, signTerms } from '../receipts/index.ts'
import { TERMS_SECONDS } from './constants.ts'

export interface TermsComponents {
  readonly domain: Domain
  readonly signer: Signer
  /** Unix seconds of the newest block. */
  readonly time: () => Promise<bigint>
}

export interface TermsInit extends Pick<SeederTerms, 'seeder' | 'lanes' | 'pricePerGiB'> {
  readonly peerId: PeerId
}

export interface Terms {
  current(): Promise<SignedTerms>
  /** Signs them anew when half of their time is over, by the chain: to be called every now and then. */
  renew(): Promise<void>
}

/**
 * What this seeder asks for, signed by itself or its operator and bound to its peer id. Order and expiry follow the chain: a
 * clock that is set back would make newer terms look like old ones. While the chain is silent the last ones stand.
 */
export function createTerms({ domain, signer, time }: TermsComponents, init: TermsInit): Terms {
  const peerId = bytesToHex(init.peerId.toMultihash().bytes)
  let kept: Promise<SignedTerms> | null = null

  function sign(now: bigint): Promise<SignedTerms> {
    const { seeder, lanes, pricePerGiB } = init
    const { chainId, settlement } = domain
    return signTerms(domain, signer, {
      ...{ seeder, peerId, chainId, settlement, lanes, pricePerGiB },
      sequence: now * 1000n,
      expiry: now + TERMS_SECONDS,
    })
  }

  function current(): Promise<SignedTerms> {
    if (kept !== null) return kept
    const made = time().then(sign)
    kept = made
    made.catch(() => {
      if (kept === made) kept = null
    })
    return made
  }

  return {
    current,
    async renew() {
      const now = await time()
      if ((await current()).expiry - now > TERMS_SECONDS / 2n) return
      kept = Promise.resolve(await sign(now))
    },
  }
}
