// The least of a BitTorrent tracker (BEP 3, BEP 23), for rivals that cannot be told where a seeder is.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The address to announce to; on loopback, and of no weight: a process may end while it listens. */
export async function startTracker(): Promise<string> {
  const ports = new Map<string, Set<number>>()
  const server = createServer((request, response) => {
    const query = /\?(.*)/.exec(request.url ?? '')?.[1] ?? ''
    // an infohash is bytes, not text: it is compared as it was escaped
    const infohash = /info_hash=([^&]*)/.exec(query)?.[1] ?? ''
    const own = Number(/(?:^|&)port=(\d+)/.exec(query)?.[1])
    const known = ports.get(infohash) ?? new Set()
    ports.set(infohash, known)
    const others = [...known].filter((port) => port !== own)
    if (/event=stopped/.test(query)) known.delete(own)
    else known.add(own)
    const peers = Buffer.concat(others.map((port) => Buffer.from([127, 0, 0, 1, port >> 8, port & 255])))
    response.end(Buffer.concat([Buffer.from(`d8:intervali60e5:peers${peers.length}:`), peers, Buffer.from('e')]))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  server.unref()
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/announce`
}
