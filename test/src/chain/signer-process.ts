// A signer as clef and Web3Signer are: a process with a key, asked by JSON-RPC over HTTP. It signs with ethers, which
// shares no code with the side under test. Its second argument makes it misbehave.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { Transaction, Wallet } from 'ethers'

const wallet = new Wallet(readFileSync(process.argv[2]!, 'utf8').trim())
const mood = process.argv[3] ?? 'honest'
const stranger = Wallet.createRandom()
const asked: string[] = []

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString())
  asked.push(method)
  const answer = (body: object): void => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ jsonrpc: '2.0', id, ...body }))
  }
  if (
    mood === 'locked' &&
    request.headers.authorization !== `Basic ${Buffer.from('me:open sesame').toString('base64')}`
  ) {
    response.statusCode = 401
    return response.end('who are you?')
  }
  try {
    answer({ result: await sign(method, params) })
  } catch (error) {
    answer({ error: { code: (error as { rpc?: number }).rpc ?? -32000, message: (error as Error).message } })
  }
})

async function sign(method: string, params: readonly unknown[]): Promise<unknown> {
  if (method === 'test_asked') return asked
  if (method === 'eth_accounts') return mood === 'two' ? [wallet.address, stranger.address] : [wallet.address]
  if (mood === 'refuses') throw new Error('request denied')
  const key = mood === 'other key' ? stranger : wallet
  const [first, second] = params
  if (method === 'eth_signTransaction') return signTransaction(key, first as Record<string, string>)
  if (method === (mood === 'old' ? 'eth_signTypedData' : 'eth_signTypedData_v4')) {
    const { domain, types, message } = (typeof second === 'string' ? JSON.parse(second) : second) as TypedData
    delete types.EIP712Domain
    if (mood === 'changes' && 'pricePerGiB' in message) message.pricePerGiB = '1'
    return key.signTypedData(domain, types, message)
  }
  if (method === 'personal_sign') return key.signMessage(Buffer.from(String(first).slice(2), 'hex'))
  throw Object.assign(new Error(`the method ${method} does not exist`), { rpc: -32601 })
}

interface TypedData {
  readonly domain: object
  readonly types: Record<string, { name: string; type: string }[]>
  readonly message: Record<string, string>
}

async function signTransaction(key: Pick<Wallet, 'signTransaction'>, asked: Record<string, string>): Promise<unknown> {
  const { from, input, gas, ...fields } = asked
  const to = mood === 'changes' ? stranger.address : fields.to!
  const raw = await key.signTransaction({
    ...fields,
    to,
    data: input!,
    gasLimit: gas!,
    nonce: Number(fields.nonce),
    type: 2,
  })
  return mood === 'old' ? raw : { raw, tx: Transaction.from(raw).toJSON() }
}

server.listen(0, '127.0.0.1', () => console.log((server.address() as { port: number }).port))
