// Several endpoints of one chain as one transport: bounded attempts with growing, jittered pauses, each at the next
// endpoint. A refusal by a node that answers is an answer and is not asked for twice.
import { setTimeout as sleep } from 'node:timers/promises'
import { createTransport, type Transport } from 'viem'
import { BitCdnError } from '../errors.ts'
import { RPC_ATTEMPTS, RPC_PAUSE } from './constants.ts'
import { createEndpoint, type Endpoint, isPassing, type Question } from './endpoint.ts'

/** `rpcUrl` as a list; a text may hold several, separated by commas. Throws `usage` for what is no http(s) URL. */
export function parseRpcUrls(rpcUrl: string | readonly string[]): string[] {
  const given = [rpcUrl].flat().flatMap((text) => text.split(','))
  const urls = [...new Set(given.map((url) => url.trim()).filter((url) => url !== ''))]
  const wrong = urls.find((url) => !/^https?:\/\//.test(url) || !URL.canParse(url))
  if (urls.length > 0 && wrong === undefined) return urls
  // what is no URL may still hold a key
  throw new BitCdnError('usage', `${wrong === undefined ? 'No RPC URL was given' : 'An RPC URL is malformed'}.`, {
    advice: 'Give an http:// or https:// URL of a JSON-RPC endpoint, or several separated by commas.',
  })
}

export function endpointsTransport(urls: readonly string[], timeout: number): Transport {
  const endpoints = urls.map((url) => createEndpoint(url, { timeout }))
  let preferred = 0

  async function request(question: Question, options?: { signal?: AbortSignal }): Promise<unknown> {
    const signal = options?.signal
    const attempts = RPC_ATTEMPTS + endpoints.length - 1
    for (let attempt = 1; ; attempt++) {
      const at = preferred
      try {
        return await (endpoints[at] as Endpoint).request(question, signal)
      } catch (error) {
        if (attempt >= attempts || !isPassing(error) || signal?.aborted) throw error
        // the one that failed is left for the next call as well, unless another call has moved on already
        if (preferred === at) preferred = (at + 1) % endpoints.length
      }
      const most = RPC_PAUSE * 2 ** Math.floor((attempt - 1) / endpoints.length)
      await sleep(most / 2 + (Math.random() * most) / 2, undefined, { signal })
    }
  }

  const config = { key: 'endpoints', name: 'JSON-RPC endpoints', type: 'http', retryCount: 0, timeout }
  return () => createTransport({ ...config, request: request as Parameters<typeof createTransport>[0]['request'] })
}
