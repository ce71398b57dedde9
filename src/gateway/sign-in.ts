// Sign in with Ethereum (EIP-4361): a nonce is good for one attempt, for this domain, on this chain, for a few minutes.
import { createHash, randomBytes } from 'node:crypto'
import { type Address, type Hex, isAddressEqual, recoverMessageAddress } from 'viem'
import { parseSiweMessage, validateSiweMessage } from 'viem/siwe'
import type { Chain } from '../chain/index.ts'
import { BitCdnError } from '../errors.ts'
import { NONCE_SECONDS, NONCES_KEPT, TOKEN_SECONDS, TOKENS_KEPT } from './constants.ts'
import { GatewayError } from './errors.ts'
import { createExpiringMap } from './expiring.ts'

/** What a wallet signs in its message: the times are this gateway's, so that it need not matter what the wallet's clock says. */
export interface Challenge {
  readonly nonce: string
  /** ISO 8601. */
  readonly issuedAt: string
  readonly expirationTime: string
}

export interface SignIn {
  challenge(): Challenge
  /** Checks message and signature; answers a bearer token. Throws `refused`. */
  verify(message: string, signature: Hex): Promise<{ token: string; expiresAt: string }>
  /** Who holds this token; throws a 401 when nobody does. */
  holder(authorization: string | undefined): Address
}

export function createSignIn({ chain, domain }: { chain: Chain; domain: () => string }): SignIn {
  const nonces = createExpiringMap<true>({ capacity: NONCES_KEPT, lifetime: NONCE_SECONDS * 1000 })
  // Only hashes are kept: a dump of this memory opens nothing.
  const tokens = createExpiringMap<Address>({ capacity: TOKENS_KEPT, lifetime: TOKEN_SECONDS * 1000 })

  return {
    challenge() {
      const nonce = randomBytes(16).toString('hex')
      nonces.set(nonce, true)
      const now = Date.now()
      return { nonce, issuedAt: inIso(now), expirationTime: inIso(now + NONCE_SECONDS * 1000) }
    },
    async verify(message, signature) {
      const said = parseSiweMessage(message)
      // taken before anything else is looked at: a failed attempt costs its nonce
      if (said.nonce === undefined || nonces.take(said.nonce) === undefined)
        throw refused('The nonce is unknown, used, or older than five minutes.')
      if (said.domain !== domain()) throw refused(`The message is for ${said.domain}, and this is ${domain()}.`)
      if (said.chainId !== chain.id)
        throw refused(`The message is for chain ${said.chainId}, and this gateway works on chain ${chain.id}.`)
      if (said.version !== '1' || said.address === undefined || said.expirationTime === undefined) {
        throw refused('The message lacks its version, address or expiration time.')
      }
      const now = Date.now()
      if (!validateSiweMessage({ message: said, time: new Date(now) })) {
        const valid = `from ${(said.notBefore ?? said.issuedAt)?.toISOString() ?? 'now'} to ${said.expirationTime.toISOString()}`
        throw refused(`The message is not valid now, ${inIso(now)} by this gateway's clock: it is valid ${valid}.`)
      }
      if (!(await isSignedBy(chain, said.address, message, signature)))
        throw refused(`The message is not signed by ${said.address}.`)
      const token = randomBytes(32).toString('base64url')
      tokens.set(hashOf(token), said.address)
      return { token, expiresAt: inIso(now + TOKEN_SECONDS * 1000) }
    },
    holder(authorization) {
      const token = /^Bearer ([\w-]{1,512})$/.exec(authorization ?? '')?.[1]
      const holder = token === undefined ? undefined : tokens.get(hashOf(token))
      if (holder === undefined)
        throw new GatewayError(401, 'refused', 'Sign in first, or again.', 'POST /v1/auth/nonce, then /v1/auth/verify.')
      return holder
    },
  }
}

const inIso = (milliseconds: number): string => new Date(milliseconds).toISOString()

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex')

/** By the key itself, or for contract wallets by their own word (ERC-1271). */
async function isSignedBy(chain: Chain, address: Address, message: string, signature: Hex): Promise<boolean> {
  try {
    if (isAddressEqual(await recoverMessageAddress({ message, signature }), address)) return true
  } catch {
    // not the form of a key's signature: a contract wallet may still know it
  }
  const code = await chain.client.getCode({ address })
  if (code === undefined) return false
  return chain.client.verifyMessage({ address, message, signature })
}

function refused(message: string): BitCdnError {
  return new BitCdnError('refused', message, {
    advice: 'Ask for a new nonce and sign again, with the times that come with it.',
  })
}
