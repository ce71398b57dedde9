import { X509Certificate } from 'node:crypto'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { verifyPeerCertificate } from '@libp2p/tls/utils'
import { expect } from 'chai'
import { makeCertificate } from '../../../src/discovery/certificate.ts'

describe('the certificate of a peer', () => {
  for (const type of ['Ed25519', 'secp256k1', 'RSA'] as const) {
    it(`is taken by stock libp2p: ${type}`, async () => {
      const key = await (type === 'RSA' ? generateKeyPair('RSA', 2048) : generateKeyPair(type))
      const { cert } = await makeCertificate(key)
      const read = new X509Certificate(cert)
      const peer = await verifyPeerCertificate(Uint8Array.from(read.raw))
      expect(peer.equals(peerIdFromPrivateKey(key))).to.equal(true)
    })
  }

  it('is valid whatever either clock says', async () => {
    const { cert } = await makeCertificate(await generateKeyPair('Ed25519'))
    const read = new X509Certificate(cert)
    expect(read.validFromDate.getTime()).to.equal(0)
    expect(read.validToDate.getUTCFullYear()).to.equal(9999)
  })

  it('has another serial number and key each time', async () => {
    const key = await generateKeyPair('Ed25519')
    const [one, other] = await Promise.all([makeCertificate(key), makeCertificate(key)])
    expect(one.key).not.to.equal(other.key)
    expect(new X509Certificate(one.cert).serialNumber).not.to.equal(new X509Certificate(other.cert).serialNumber)
  })
})
