// Ranges of a file over HTTP (RFC 9110): what a web seed (BEP 19) is asked with. Who names the URL may be a stranger, so the
// address that a name resolves to is looked at before anything is sent there.
import { lookup } from 'node:dns'
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { isIP, type LookupFunction, type Socket } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { isPrivateAddress } from '../discovery/index.ts'
import { BitCdnError } from '../errors.ts'
import { CONNECT_MILLISECONDS, STALL_MILLISECONDS } from './constants.ts'

export interface RangeRequest {
  readonly url: URL
  /** Of the file; `end` is not part of it. */
  readonly start: number
  readonly end: number
  /** Bytes that the whole file has. */
  readonly total: number
  readonly signal: AbortSignal
}

export interface RangeClient {
  /** The bytes of a range as they come. Throws a {@link WebSeedError}; may end early when the connection does. */
  read(request: RangeRequest): AsyncIterable<Uint8Array>
  close(): void
}

/** A web seed does not serve: for good, or for now (`retry`). */
export class WebSeedError extends BitCdnError {
  override readonly name = 'WebSeedError'

  constructor(message: string, retry: boolean, advice?: string, cause?: unknown) {
    super('no-sources', message, { retry, ...(advice === undefined ? {} : { advice }), cause })
  }
}

const MAX_REDIRECTS = 4
const PARTIAL = 206
const OK = 200
const TRY_LATER = [408, 425, 429, 500, 502, 503, 504]

const heard = new WeakSet<object>()

/** Between the last byte of an answer and the next request nobody hears of a socket's errors, which would end the process. */
function hear(socket: Socket): void {
  if (heard.has(socket)) return
  heard.add(socket)
  socket.on('error', () => undefined)
}

/** @param allowPrivate - whether private and loopback addresses are asked */
export function createRangeClient(allowPrivate: boolean): RangeClient {
  const options = { keepAlive: true, lookup: allowPrivate ? lookup : (publicLookup as typeof lookup) }
  const agents = { 'http:': new HttpAgent(options), 'https:': new HttpsAgent(options) }

  function ask({ url, start, end, signal }: RangeRequest): Promise<IncomingMessage> {
    if (!allowPrivate && isIP(hostOf(url)) !== 0 && isPrivateIp(hostOf(url))) return Promise.reject(privateAddress(url))
    const headers = { range: `bytes=${start}-${end - 1}`, 'accept-encoding': 'identity', 'user-agent': 'bitcdn' }
    return new Promise((resolve, reject) => {
      const secure = url.protocol === 'https:'
      const agent = secure ? agents['https:'] : agents['http:']
      const asking = (secure ? requestHttps : requestHttp)(url, { agent, headers })
      // Not as an option: Node ties the socket to it as well, which other requests may use by then.
      const abort = (): void => void asking.destroy(signal.reason)
      if (signal.aborted) abort()
      signal.addEventListener('abort', abort)
      asking.once('close', () => signal.removeEventListener('abort', abort))
      asking.once('socket', hear)
      asking.setTimeout(CONNECT_MILLISECONDS, () => {
        asking.destroy(new WebSeedError(`${url.host} did not answer within ${CONNECT_MILLISECONDS} ms.`, true))
      })
      asking.once('response', (answer) => {
        asking.removeAllListeners('timeout')
        asking.setTimeout(STALL_MILLISECONDS, () => {
          answer.destroy(new WebSeedError(`${url.host} sent nothing for ${STALL_MILLISECONDS} ms.`, true))
        })
        resolve(answer)
      })
      asking.on('error', (error) => reject(failed(url, error)))
      asking.end()
    })
  }

  /** Follows redirects; each leads to an address that is looked at like the first. */
  async function answerTo(request: RangeRequest): Promise<IncomingMessage> {
    let { url } = request
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const answer = await ask({ ...request, url })
      const { statusCode = 0, headers } = answer
      if (statusCode < 300 || statusCode >= 400 || headers.location === undefined) {
        checkAnswer(answer, { ...request, url })
        return answer
      }
      answer.destroy()
      const next = URL.parse(headers.location, url.href)
      if (next === null || !(next.protocol in agents)) {
        throw new WebSeedError(`${url.host} redirects to something else than HTTP.`, false)
      }
      url = next
    }
    throw new WebSeedError(`${request.url.host} redirects more than ${MAX_REDIRECTS} times.`, false)
  }

  return {
    async *read(request) {
      const answer = await answerTo(request)
      let left = request.end - request.start
      try {
        for await (const chunk of answer as AsyncIterable<Buffer>) {
          const part = chunk.subarray(0, left)
          left -= part.length
          if (part.length > 0) yield part
          if (part.length < chunk.length) return
        }
      } catch (error) {
        throw failed(request.url, error as Error)
      } finally {
        // At its end it is kept for the next request; otherwise nothing more of it is read.
        if (left > 0) answer.destroy()
      }
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }
}

function checkAnswer(answer: IncomingMessage, { url, start, end, total }: RangeRequest): void {
  const { statusCode = 0, headers } = answer
  const fault = faultOf()
  if (fault !== null) {
    answer.destroy()
    throw fault
  }

  function faultOf(): WebSeedError | null {
    if (statusCode === OK && start === 0 && end === total) {
      const length = headers['content-length']
      return length === undefined || Number(length) === total ? null : otherLength(length)
    }
    if (statusCode === OK) {
      return new WebSeedError(
        `${url.host} answers requests for a range with the whole file.`,
        false,
        'Serve it from a server that knows Range, as nginx, Caddy and object stores do.',
      )
    }
    if (statusCode !== PARTIAL) {
      return new WebSeedError(
        `${url.host} answered ${statusCode} to a request for ${lastOf(url)}.`,
        TRY_LATER.includes(statusCode),
        'Check the address of the web seed: for a folder it is that of the folder above.',
      )
    }
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers['content-range'] ?? '')
    if (range === null || Number(range[1]) !== start || Number(range[2]) > end - 1) {
      return new WebSeedError(`${url.host} answered with another range than it was asked for.`, false)
    }
    return range[3] === '*' || Number(range[3]) === total ? null : otherLength(range[3] ?? '')
  }

  function otherLength(length: string): WebSeedError {
    return new WebSeedError(
      `${url.host} has a ${lastOf(url)} of ${length} bytes, not of ${total}.`,
      false,
      'It is another version or another file: check the address of the web seed.',
    )
  }
}

const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, [])
    const [first] = addresses
    if (first === undefined || addresses.some(({ address }) => isPrivateIp(address))) {
      return callback(privateAddress({ host: hostname }), [])
    }
    if (options.all === true) callback(null, addresses)
    else callback(null, first.address, first.family)
  })
}

function isPrivateIp(address: string): boolean {
  const family = isIP(address)
  return family === 0 || isPrivateAddress(multiaddr(`/ip${family}/${address.replace(/%.*$/, '')}/tcp/1`))
}

const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '')

const lastOf = (url: URL): string => decodeURIComponent(url.pathname.split('/').at(-1) || 'file')

function privateAddress({ host }: { host: string }): WebSeedError {
  return new WebSeedError(
    `${host} is a private address, and those are not asked.`,
    false,
    'Give --allow-private where web seeds are on your own network.',
  )
}

function failed(url: URL, error: Error): Error {
  if (error instanceof BitCdnError || error.name === 'AbortError') return error
  return new WebSeedError(`${url.host} broke off: ${error.message}`, true, undefined, error)
}
