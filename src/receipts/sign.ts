// Puts a signature on each kind of statement.
import type { Domain, SessionProof } from './domain.ts'
import type { SessionKey, Signer } from './signer.ts'
import type {
  CompactSignature,
  Head,
  Lane,
  Receipt,
  SeederTerms,
  SessionTicket,
  SignedHead,
  SignedReceipt,
  SignedTerms,
  SignedTicket,
  SignedVoucher,
  Voucher,
} from './types.ts'

/** Authorises every line of the lane's log up to `head`, until `expiry` (Unix seconds). */
export async function signHead(
  domain: Domain,
  signer: Signer,
  lane: Lane,
  log: { head: Head; expiry: bigint },
): Promise<SignedHead> {
  const { head, expiry } = log
  const statement = { type: 'SessionLog', domain, fields: { ...lane, head, expiry } } as const
  return {
    head,
    expiry,
    signer: signer.address,
    signature: await signer.sign(domain.sessionLog(lane, head, expiry), statement),
  }
}

export function signReceipt(domain: Domain, key: SessionKey, receipt: Receipt): SignedReceipt {
  const { session, bytesServed } = receipt
  return { session, bytesServed, signature: key.sign(domain.receipt(receipt)) }
}

export async function signVoucher(domain: Domain, signer: Signer, voucher: Voucher): Promise<SignedVoucher> {
  const statement = { type: 'Voucher', domain, fields: voucher } as const
  return { ...voucher, signer: signer.address, signature: await signer.sign(domain.voucher(voucher), statement) }
}

export async function signTicket(domain: Domain, signer: Signer, ticket: SessionTicket): Promise<SignedTicket> {
  const statement = { type: 'SessionTicket', domain, fields: ticket } as const
  return { ...ticket, signer: signer.address, signature: await signer.sign(domain.ticket(ticket), statement) }
}

export async function signTerms(domain: Domain, signer: Signer, terms: SeederTerms): Promise<SignedTerms> {
  const statement = { type: 'SeederTerms', domain, fields: terms } as const
  return { ...terms, signer: signer.address, signature: await signer.sign(domain.terms(terms), statement) }
}

export function signProof(domain: Domain, key: SessionKey, proof: SessionProof): CompactSignature {
  return key.sign(domain.proof(proof))
}
