// Whether a seeder's statement can be believed: it is signed by whom it pays or by an operator that the seeder approved.
import { type Chain, isOperator } from '../chain/index.ts'
import { type SignedTerms, verifyTerms } from '../receipts/index.ts'
import type { GatewayContent } from './contents.ts'
import { createExpiringMap } from './expiring.ts'

/** Answers why these terms are not taken at `now` (block time, seconds), or null when they are. */
export type TermsCheck = (terms: SignedTerms, content: GatewayContent, now: bigint) => Promise<string | null>

export function createTermsCheck(chain: Chain): TermsCheck {
  const operators = createExpiringMap<boolean>({ capacity: 10_000, lifetime: 60_000 })
  const newest = createExpiringMap<bigint>({ capacity: 50_000, lifetime: 86_400_000 })

  async function maySpeak(terms: SignedTerms): Promise<boolean> {
    if (terms.signer === terms.seeder) return true
    const key = `${terms.seeder}:${terms.signer}`
    const known = operators.get(key) ?? (await isOperator(chain, terms.seeder, terms.signer))
    operators.set(key, known)
    return known
  }

  return async (terms, content, now) => {
    if (terms.chainId !== BigInt(chain.id)) return `its terms are for chain ${terms.chainId}, not ${chain.id}`
    if (terms.settlement.toLowerCase() !== chain.addresses.settlement.toLowerCase())
      return `its terms are for the contract ${terms.settlement}`
    if (!isPeerId(terms.peerId)) return 'its terms name no libp2p peer'
    if (!verifyTerms(chain.domain, terms)) return `its terms are not signed by ${terms.signer}`
    if (terms.expiry < now) return 'its terms have expired'
    if (terms.lanes.length === 0) return 'it offers no lane'
    if (terms.pricePerGiB > content.pricePerGiB) {
      return `it asks ${terms.pricePerGiB} token units per GiB, and this content pays ${content.pricePerGiB} token units at most`
    }
    const peer = `${terms.seeder}:${terms.peerId}`
    const last = newest.get(peer)
    if (last !== undefined && terms.sequence < last) return 'newer terms of this peer are known'
    if (!(await maySpeak(terms))) return `${terms.signer} is no operator of ${terms.seeder}`
    newest.set(peer, terms.sequence)
    return null
  }
}

/** A peer id is a multihash: sha2-256, or a small key in its whole (identity). */
function isPeerId(hex: string): boolean {
  return /^0x1220[0-9a-f]{64}$/.test(hex) || /^0x00(2[0-9a-f])[0-9a-f]{64,92}$/.test(hex)
}
