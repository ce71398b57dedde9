// Whether a statement was signed by whom it names. What that signer may do (a delegate's allowance, an operator's
// approval) is the chain's to answer.
import type { Address } from 'viem'
import type { Domain, SessionProof } from './domain.ts'
import { isSignedBy, recoverSigner } from './signature.ts'
import type {
  CompactSignature,
  Lane,
  SignedHead,
  SignedReceipt,
  SignedTerms,
  SignedTicket,
  SignedVoucher,
} from './types.ts'

/** Whether `sessionKey` signed this receipt. False, never an error, for anything malformed. */
export function verifyReceipt(domain: Domain, receipt: SignedReceipt, sessionKey: Address): boolean {
  return check(() => isSignedBy(domain.receipt(receipt), receipt.signature, sessionKey))
}

/** Who signed this receipt, or null. */
export function receiptSigner(domain: Domain, receipt: SignedReceipt): Address | null {
  return recoverSigner(domain.receipt(receipt), receipt.signature)
}

/** Whether `signed.signer` signed this head of this lane. */
export function verifyHead(domain: Domain, lane: Lane, signed: SignedHead): boolean {
  return check(() => isSignedBy(domain.sessionLog(lane, signed.head, signed.expiry), signed.signature, signed.signer))
}

export function verifyVoucher(domain: Domain, voucher: SignedVoucher): boolean {
  return check(() => isSignedBy(domain.voucher(voucher), voucher.signature, voucher.signer))
}

export function verifyTicket(domain: Domain, ticket: SignedTicket): boolean {
  return check(() => isSignedBy(domain.ticket(ticket), ticket.signature, ticket.signer))
}

/** Whether `terms.signer` signed these terms for this domain's chain and contract. */
export function verifyTerms(domain: Domain, terms: SignedTerms): boolean {
  if (terms.chainId !== domain.chainId) return false
  if (terms.settlement.toLowerCase() !== domain.settlement.toLowerCase()) return false
  return check(() => isSignedBy(domain.terms(terms), terms.signature, terms.signer))
}

export function verifyProof(
  domain: Domain,
  proof: SessionProof,
  signature: CompactSignature,
  sessionKey: Address,
): boolean {
  return check(() => isSignedBy(domain.proof(proof), signature, sessionKey))
}

/** A field out of its range cannot have been signed. */
function check(verify: () => boolean): boolean {
  try {
    return verify()
  } catch {
    return false
  }
}
