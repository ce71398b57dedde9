// The certificate of `/tls/1.0.0` (libp2p specifications, tls/tls.md): self-signed by a key of its own, with an extension
// in which the peer's key vouches for that one. Stock @libp2p/tls lets it begin an hour before its maker's clock, and then
// nobody whose clock is further behind can connect. Nothing here hangs on the time, so this one is always valid.
import { generateKeyPairSync } from 'node:crypto'
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { Extension, PemConverter, X509CertificateGenerator } from '@peculiar/x509'
import { concat } from 'uint8arrays'

export interface Certificate {
  /** PEM. */
  readonly cert: string
  readonly key: string
}

const PUBLIC_KEY_EXTENSION = '1.3.6.1.4.1.53594.1.1'
const SIGNED_PREFIX = new TextEncoder().encode('libp2p-tls-handshake:')
export const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** RFC 5280, 4.1.2.5: the end for what has none. */
export const [BEGIN, END] = [new Date(0), new Date('9999-12-31T23:59:59Z')]

export async function makeCertificate(privateKey: PrivateKey): Promise<Certificate> {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = pair.publicKey.export({ type: 'spki', format: 'der' })
  const signature = await privateKey.sign(concat([SIGNED_PREFIX, spki]))
  const pkcs8 = pair.privateKey.export({ type: 'pkcs8', format: 'der' })
  const signedKey = sequence([octets(publicKeyToProtobuf(privateKey.publicKey)), octets(signature)])
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(),
      notBefore: BEGIN,
      notAfter: END,
      signingAlgorithm: ALGORITHM,
      keys: {
        publicKey: await crypto.subtle.importKey('spki', spki, ALGORITHM, true, ['verify']),
        privateKey: await crypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign']),
      },
      extensions: [new Extension(PUBLIC_KEY_EXTENSION, true, signedKey)],
    },
    crypto,
  )
  return { cert: certificate.toString('pem'), key: PemConverter.encode(pkcs8, 'PRIVATE KEY') }
}

/** Hexadecimal, positive, without a leading zero byte (X.690, 8.3.2). */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8))
  bytes[0] = (bytes[0]! & 0x3f) | 0x40
  return Buffer.from(bytes).toString('hex')
}

const octets = (content: Uint8Array): Uint8Array => der(0x04, content)
const sequence = (parts: Uint8Array[]): Uint8Array => der(0x30, concat(parts))

/** One DER value: tag, length, content. */
function der(tag: number, content: Uint8Array): Uint8Array {
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return concat([Uint8Array.from([tag, ...size]), content])
}
