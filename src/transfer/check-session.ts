// Whether a session that a downloader presents is one with us, at our price, by whoever holds its key.
import type { PeerId } from '@libp2p/interface'
import { bytesToHex, type Hex } from 'viem'
import { createDomain, type SignedTerms, verifyProof, verifyReceipt } from '../receipts/index.ts'
import { decodeSession, type PresentedSession } from './codec.ts'
import { RefusedError } from './errors.ts'
import type { Hello } from './generated/wire.js'

/** What the key's proof has to cover. */
export interface ProofScope {
  readonly nonce: Uint8Array
  readonly downloader: PeerId
  readonly seeder: PeerId
}

/** @param known - our terms. Throws a {@link RefusedError}. */
export function checkSession(
  hello: NonNullable<Hello['session']>,
  known: SignedTerms | null,
  stream: ProofScope,
): PresentedSession {
  if (known === null) {
    throw new RefusedError('wrongLane', 'This seeder has no terms: it serves free content only.')
  }
  const domain = createDomain(known)
  const presented = decodeSession(hello, known.seeder)
  const { lane, line, session } = presented.session
  if (!known.lanes.includes(lane.lane)) {
    throw new RefusedError('wrongLane', `Lane ${lane.lane} is not served here; ${known.lanes.join(', ')} are.`)
  }
  if (lane.pricePerGiB < known.pricePerGiB) {
    throw new RefusedError(
      'priceTooLow',
      `${lane.pricePerGiB} token units per GiB were offered, ${known.pricePerGiB} token units are asked.`,
    )
  }
  const proof = {
    ...{ session, nonce: bytesToHex(stream.nonce) },
    ...{ downloader: peerBytes(stream.downloader), seeder: peerBytes(stream.seeder) },
  }
  if (!verifyProof(domain, proof, presented.proof, line.sessionKey)) {
    throw new RefusedError('badSignature', `The session key ${line.sessionKey} did not sign this stream's nonce.`)
  }
  if (presented.receipt !== null && !verifyReceipt(domain, presented.receipt, line.sessionKey)) {
    throw new RefusedError('badSignature', `The presented receipt is not signed by ${line.sessionKey}.`)
  }
  return presented
}

function peerBytes(peer: PeerId): Hex {
  return bytesToHex(peer.toMultihash().bytes)
}
