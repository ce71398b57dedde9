// A gateway that does not keep its word: between the seeder and a real one stands a server that spoils vouchers.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { readCredit } from '../../../src/chain/index.ts'
import { createGatewayClient, createGateways } from '../../../src/gateway-client/index.ts'
import { amountFor } from '../../../src/receipts/index.ts'
import { createSettlementChain, createSettler } from '../../../src/settlement/index.ts'
import { createLogger } from '../../../src/telemetry/index.ts'
import { USD } from '../../chain.ts'
import { PRICE } from '../gateway/fixture.ts'
import { type DeliveryBed, startDeliveryBed } from './delivery.ts'

const BYTES = 4 * 2 ** 20

/** What becomes of the real gateway's answer to a request for a voucher. */
type Spoil = (answer: { amount: string; signature: string; signer: string }, response: ServerResponse) => void

const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const SPOILS: Readonly<Record<string, Spoil>> = {
  refuses: (_, response) => json(response, 409, { error: { code: 'refused', message: 'Not today.' } }),
  'says nothing in time': () => undefined,
  'pays too little': (answer, response) =>
    json(response, 200, { ...answer, amount: String(BigInt(answer.amount) - 1n) }),
  'promises more than it signed': (answer, response) =>
    json(response, 200, { ...answer, amount: String(BigInt(answer.amount) + 1n) }),
  'names a signer that may not sign': (answer, response) =>
    json(response, 200, { ...answer, signer: `0x${'11'.repeat(20)}` }),
  'answers with garbage': (_, response) => response.writeHead(200).end('{"amount":'),
  'fails inside': (_, response) => json(response, 500, {}),
  'hangs up': (_, response) => void response.destroy(),
}

describe('a gateway that breaks its word about vouchers', () => {
  let delivery: DeliveryBed
  let server: Server
  let spoil: Spoil
  let behind = ''
  let url = ''
  let asked = 0
  before(async () => {
    delivery = await startDeliveryBed(BYTES)
    server = createServer((request, response) => void forward(request, response))
    const port = await freePort()
    url = `http://127.0.0.1:${await listen(server)}`
    await delivery.bed.open({ port, publicUrl: url })
    behind = `http://127.0.0.1:${port}`
  })
  after(async () => {
    server.closeAllConnections()
    server.close()
    await delivery.close()
  })

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { authorization } = request.headers
    const answer = await fetch(`${behind}${request.url}`, {
      method: request.method ?? 'GET',
      headers: { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) },
      ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
    })
    const said = (await answer.json()) as Parameters<Spoil>[0]
    if (request.url !== '/v1/vouchers' || answer.status !== 200) return json(response, answer.status, said)
    asked += 1
    spoil(said, response)
  }

  for (const [what, how] of Object.entries(SPOILS)) {
    it(`that ${what}: the receipts are settled themselves, in full`, async () => {
      spoil = how
      const one = await delivery.seed({ reserved: USD })
      await delivery.download([one.node], (await delivery.bed.buyer()).client)
      const before = asked
      const chain = await delivery.bed.chain.as(one.account)
      const gateways = createGateways([createGatewayClient({ url, account: one.account })])
      const settler = createSettler(
        {
          ...{ ledger: one.ledger, chain: createSettlementChain(chain, one.ledger.journal), vouchers: gateways },
          logger: createLogger({ name: 'seeder', level: 'silent' }),
        },
        { idleSeconds: 0, voucherTimeout: 1_500 },
      )
      const earned = amountFor([BigInt(BYTES)], PRICE)
      const report = await settler.settleOnce()
      expect(asked - before, 'the gateway was asked, and signed').to.be.greaterThan(0)
      expect([report.vouchers, report.settled]).to.deep.equal([0, earned])
      expect(await readCredit(chain, one.account.address)).to.equal(earned)
      expect((await one.ledger.earnings()).paid).to.equal(earned)
      await one.stop()
    })
  }
})

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function freePort(): Promise<number> {
  const probe = createServer()
  const port = await listen(probe)
  await new Promise((resolve) => probe.close(resolve))
  return port
}
