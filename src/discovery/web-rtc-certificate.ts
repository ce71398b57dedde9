// The certificate of WebRTC Direct (libp2p specifications, webrtc/webrtc-direct.md). Its hash is a part of the address that
// is handed out, so it has to be the same after a restart. Key, signature (RFC 6979) and all else follow from the peer key:
// nothing is stored, and whoever keeps the peer key keeps the address. As in certificate.ts nothing hangs on the time.
import { createECDH, createPrivateKey, createPublicKey, hkdfSync } from 'node:crypto'
import type { PrivateKey } from '@libp2p/interface'
import { p256 } from '@noble/curves/nist.js'
import { PemConverter, X509CertificateGenerator } from '@peculiar/x509'
import { base64url } from 'multiformats/bases/base64'
import { sha256 } from 'multiformats/hashes/sha2'
import { ALGORITHM, BEGIN, END } from './certificate.ts'

/** As the transport takes it. */
export interface WebRtcCertificate {
  /** PEM, PKCS #8. */
  readonly privateKey: string
  readonly pem: string
  /** The multihash of the certificate in multibase, as it stands behind `/certhash/`. */
  readonly certhash: string
}

/** Sets this key apart from all others that are derived from a peer key. */
const PURPOSE = 'bitcdn webrtc-direct certificate 1'

/** Bytes that are reduced to a key: FIPS 186-5, A.2.1 asks for 64 bits more than the order has. */
const SEED_BYTES = 48

export async function makeWebRtcCertificate(peerKey: PrivateKey): Promise<WebRtcCertificate> {
  const secret = p256.utils.randomSecretKey(new Uint8Array(hkdfSync('sha256', peerKey.raw, '', PURPOSE, SEED_BYTES)))
  const curve = createECDH('prime256v1')
  curve.setPrivateKey(secret)
  const point = curve.getPublicKey()
  const jwk = { kty: 'EC', crv: 'P-256', d: text(secret), x: text(point.subarray(1, 33)), y: text(point.subarray(33)) }
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' })
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: '01',
      name: 'CN=bitcdn',
      ...{ notBefore: BEGIN, notAfter: END, signingAlgorithm: ALGORITHM },
      keys: {
        publicKey: await crypto.subtle.importKey('spki', spki, ALGORITHM, true, ['verify']),
        privateKey: await crypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign']),
      },
    },
    signingWith(secret),
  )
  const { bytes } = await sha256.digest(new Uint8Array(certificate.rawData))
  return {
    privateKey: PemConverter.encode(pkcs8, 'PRIVATE KEY'),
    pem: certificate.toString('pem'),
    certhash: base64url.encode(bytes),
  }
}

// one signature in the life of a process: tables that make the next ones cheap cost three times as much as it
p256.Point.BASE.precompute(1)

/** The platform's own signatures differ each time, and with them the hash of what they stand in. */
function signingWith(secret: Uint8Array): typeof crypto {
  const exportKey = crypto.subtle.exportKey.bind(crypto.subtle)
  const sign = async (_algorithm: unknown, _key: unknown, data: ArrayBuffer): Promise<ArrayBuffer> =>
    Uint8Array.from(p256.sign(new Uint8Array(data), secret, { lowS: false })).buffer
  return { subtle: { exportKey, sign } } as unknown as typeof crypto
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
