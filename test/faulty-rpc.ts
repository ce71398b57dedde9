// A JSON-RPC endpoint that misbehaves on purpose, as a real socket in front of a real node.
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export const FAULTS = [
  'silence',
  'hang-up',
  '429',
  '503',
  'garbage',
  'empty',
  'truncated',
  'late-body',
  'stale',
] as const
export type Fault = (typeof FAULTS)[number]

export interface FaultyRpc {
  readonly url: string
  /** Which fault the next request of this method meets; null for none. */
  choose: (method: string) => Fault | null
  /** How many requests met which fault; `none` counts the others. */
  readonly met: Record<string, number>
  /** Blocks that it lags behind when it is stale. */
  lag: bigint
  close(): Promise<void>
}

interface Request {
  id: number
  method: string
  params?: unknown[]
}

/** Between the question and the answer lies the fault: what was sent to be broadcast may have reached the node. */
export async function startFaultyRpc(
  target: string,
  init: { choose?: FaultyRpc['choose']; lag?: bigint } = {},
): Promise<FaultyRpc> {
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const request = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Request
    const fault = proxy.choose(request.method)
    proxy.met[fault ?? 'none'] = (proxy.met[fault ?? 'none'] ?? 0) + 1
    try {
      if (fault === 'stale') return send(response, 200, JSON.stringify(await stale(request)))
      if (fault === '429') return send(response, 429, 'Too Many Requests')
      if (fault === '503') return send(response, 503, '<html>Service Unavailable</html>')
      if (fault === 'silence') return // the asker's patience ends it
      const answer = await forward(request)
      if (fault === 'hang-up') return void response.destroy()
      if (fault === 'garbage') return send(response, 200, '\u0000\ufffd{"jsonrpc":')
      if (fault === 'empty') return send(response, 200, '')
      if (fault === 'truncated') return send(response, 200, answer.slice(0, Math.floor(answer.length / 2)))
      if (fault === 'late-body') {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length })
        return void response.write(answer.slice(0, 5))
      }
      send(response, 200, answer)
    } catch {
      response.destroy() // the node is gone, and so is its answer
    }
  })

  async function forward(request: object): Promise<string> {
    const body = JSON.stringify(request)
    const answer = await fetch(target, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    return answer.text()
  }

  async function ask(method: string, params: unknown[]): Promise<unknown> {
    return (JSON.parse(await forward({ jsonrpc: '2.0', id: 1, method, params })) as { result: unknown }).result
  }

  /** What a node says that has not heard of the newest blocks, nor of any pool. */
  async function stale({ id, method, params = [] }: Request): Promise<object> {
    const now = BigInt((await ask('eth_blockNumber', [])) as string)
    const behind = now > proxy.lag ? now - proxy.lag : 0n
    const known = (tag: unknown) =>
      typeof tag !== 'string' || tag === 'latest' || tag === 'pending' || BigInt(asNumber(tag, behind)) > behind
        ? `0x${behind.toString(16)}`
        : tag
    const answer = (result: unknown) => ({ jsonrpc: '2.0', id, result })
    if (method === 'eth_blockNumber') return answer(`0x${behind.toString(16)}`)
    if (method === 'eth_getTransactionReceipt' || method === 'eth_getTransactionByHash') {
      const found = (await ask(method, params)) as { blockNumber?: string } | null
      const seen = found?.blockNumber != null && BigInt(found.blockNumber) <= behind
      return answer(seen ? found : null)
    }
    const tagAt = { eth_getBlockByNumber: 0, eth_getTransactionCount: 1, eth_getBalance: 1, eth_call: 1 }[method]
    if (tagAt === undefined) return JSON.parse(await forward({ jsonrpc: '2.0', id, method, params })) as object
    const at = await Promise.all(
      params.map(async (value, place) => {
        if (place !== tagAt) return value
        if (value !== 'finalized' && value !== 'safe') return known(value)
        const final = BigInt(((await ask('eth_getBlockByNumber', [value, false])) as { number: string }).number)
        return `0x${(final > proxy.lag ? final - proxy.lag : 0n).toString(16)}`
      }),
    )
    return JSON.parse(await forward({ jsonrpc: '2.0', id, method, params: at })) as object
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: FaultyRpc = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    choose: init.choose ?? (() => null),
    met: {},
    lag: init.lag ?? 20n,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close').catch(() => {})
    },
  }
  return proxy
}

function asNumber(tag: string, behind: bigint): bigint | string {
  return tag.startsWith('0x') ? tag : behind
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(body)
}
