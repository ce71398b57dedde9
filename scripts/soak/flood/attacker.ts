// Those who only want a seeder to fail. Started as a program: writes a line when the attack stands, and goes on until its
// stdin is closed. Each attacker comes from an address prefix of its own, so that no limit by address helps.
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { multiaddr } from '@multiformats/multiaddr'
import { parseMetainfo, pieceAt } from '../../../src/content/index.ts'
import { readTorrentFile } from '../../../src/storage/pieces/index.ts'
import { openTransfer, TRANSFER_PROTOCOL } from '../../../src/transfer/index.ts'
import { createStranger, prefixOf } from '../../../test/swarm/cheat.ts'

export const ATTACKS = ['dials', 'half handshakes', 'unread streams', 'element bombs'] as const
export type Attack = (typeof ATTACKS)[number]

export interface AttackInit {
  readonly attack: Attack
  /** On IPv4's loopback. */
  readonly address: string
  readonly torrent: string
}

const DIALS = 10_000
const HALF_HANDSHAKES = 1_000
const UNREAD_PEERS = 64
const UNREAD_STREAMS = 16
const BOMBERS = 8
const SLICE = 1 << 20

let over = false

/** Dials, one in ten to the end of its handshake, as fast as they are taken. */
async function dials({ address }: AttackInit, stands: () => void): Promise<void> {
  let next = 0
  stands()
  await Promise.all(
    Array.from({ length: 100 }, async () => {
      while (!over && next < DIALS) {
        const index = next++
        if (index % 10 === 0) await dialWhole(address, index).catch(() => undefined)
        else await dialBare(portOf(address), index)
      }
    }),
  )
}

async function dialWhole(address: string, index: number): Promise<void> {
  const node = await createStranger(prefixOf(index))
  try {
    await node.dial(multiaddr(address), { signal: AbortSignal.timeout(5_000) })
  } finally {
    await node.stop()
  }
}

function dialBare(port: number, index: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: prefixOf(index) })
    socket.on('connect', () => socket.destroy())
    socket.on('error', () => undefined)
    socket.on('close', () => resolve())
  })
}

/** Connections that say the first bytes of a TLS hello and nothing more; one that is closed comes again. */
async function halfHandshakes({ address }: AttackInit, stands: () => void): Promise<void> {
  const port = portOf(address)
  const hold = (index: number): void => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: prefixOf(index) })
    socket.on('connect', () => socket.write(Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc)))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      if (!over) setTimeout(hold, 100, index)
    })
  }
  for (let index = 0; index < HALF_HANDSHAKES; index++) hold(index)
  await pause(1_000)
  stands()
}

/** Free streams that ask for eight MiB each, over connections of which nothing is read any more. */
async function unreadStreams({ address, torrent }: AttackInit, stands: () => void): Promise<void> {
  const metainfo = parseMetainfo(await readTorrentFile(torrent))
  const target = new Uint8Array(SLICE)
  const ask = async (index: number): Promise<void> => {
    const { port, freeze } = await valve(portOf(address), prefixOf(index))
    const node = await createStranger(prefixOf(index))
    const there = address.replace(`/tcp/${portOf(address)}`, `/tcp/${port}`)
    const signal = AbortSignal.timeout(30_000)
    const connection = await node.dial(multiaddr(there), { signal })
    const transfers = await Promise.all(
      Array.from({ length: UNREAD_STREAMS }, async () => {
        const transfer = await openTransfer(connection, node.peerId, {}, signal)
        await transfer.terms(signal)
        await transfer.hello({ contentId: metainfo.contentId, session: null, key: null, receipt: null }, signal)
        return transfer
      }),
    )
    freeze()
    for (const transfer of transfers) {
      for (let piece = 0; piece < 8; piece++) {
        transfer.want({ piece: pieceAt(metainfo, piece), offset: 0, length: SLICE, target, hashes: false })
      }
    }
  }
  const asking = Array.from({ length: UNREAD_PEERS }, (_, index) => ask(index).catch(() => undefined))
  await Promise.all(asking)
  stands()
  // Who is thrown out comes again.
  for (let index = UNREAD_PEERS; !over; index++) {
    await pause(100)
    await ask(index).catch(() => undefined)
  }
}

/** Passes bytes on in both directions, until nothing that comes from the seeder is read any more. */
async function valve(port: number, localAddress: string): Promise<{ port: number; freeze: () => void }> {
  const sockets: Socket[] = []
  const server = createServer((down) => {
    const up = connect({ port, host: '127.0.0.1', localAddress })
    sockets.push(up)
    for (const socket of [down, up]) socket.on('error', () => undefined)
    down.pipe(up).pipe(down)
    down.on('close', () => up.destroy())
    up.on('close', () => down.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const freeze = (): void => {
    for (const socket of sockets) socket.unpipe().pause()
  }
  return { port: (server.address() as { port: number }).port, freeze }
}

/** Messages of legal length with a million elements, and with half a million empty ones, again and again. */
async function elementBombs({ address }: AttackInit, stands: () => void): Promise<void> {
  const bombs = [
    field(10, field(1, new Uint8Array(1_000_000))),
    field(2, field(2, repeat(Uint8Array.of(0x62, 0), 480_000))),
  ]
  stands()
  await Promise.all(
    Array.from({ length: BOMBERS }, async (_, index) => {
      while (!over) {
        const node = await createStranger(prefixOf(index))
        try {
          const connection = await node.dial(multiaddr(address), { signal: AbortSignal.timeout(5_000) })
          while (!over && connection.status === 'open') {
            const stream = await connection.newStream(TRANSFER_PROTOCOL, { signal: AbortSignal.timeout(5_000) })
            const bomb = bombs[index % bombs.length] as Uint8Array
            stream.send(Buffer.concat([varint(bomb.length), bomb]))
            await Promise.race([new Promise((resolve) => stream.addEventListener('close', resolve)), pause(2_000)])
          }
        } catch {
          await pause(50)
        } finally {
          await node.stop()
        }
      }
    }),
  )
}

function field(number: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes])
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128)
  return Uint8Array.from([...bytes, value])
}

function repeat(part: Uint8Array, times: number): Uint8Array {
  return new Uint8Array(part.length * times).map((_, at) => part[at % part.length] as number)
}

const portOf = (address: string): number => Number(/\/tcp\/(\d+)/.exec(address)?.[1])

if (process.argv[1] === import.meta.filename) {
  const init = JSON.parse(process.argv[2] ?? '{}') as AttackInit
  const run = {
    dials,
    'half handshakes': halfHandshakes,
    'unread streams': unreadStreams,
    'element bombs': elementBombs,
  }
  process.stdin.on('close', () => process.exit(0)).resume()
  // Connections break in all ways here, and some of libp2p's promises have nobody who waits for them.
  process.on('unhandledRejection', () => undefined)
  await run[init.attack](init, () => process.stdout.write('stands\n'))
  over = true
  process.stdout.write('over\n')
}
