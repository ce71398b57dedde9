// What libp2p remembers of others, in memory: peers it met, and who provides what in the DHT. libp2p's own store keeps both
// without a bound, and each of its values is a few bytes of a slab of 64 KiB, which stays with it: a seeder would grow with
// every downloader that ever came.
import { NotFoundError, type PeerId } from '@libp2p/interface'
import { BaseDatastore } from 'datastore-core'
import { Key, type KeyQuery, type Pair, type Query } from 'interface-datastore'
import { MAX_DHT_RECORDS, MAX_KNOWN_PEERS } from './constants.ts'

const PEERS = '/peers/'

export interface PeerMemoryInit {
  /** Whose own records are never forgotten. */
  readonly self: PeerId
  readonly maxPeers?: number
  readonly maxRecords?: number
}

/** Of the peers those stay that were asked for last, of the records of others those that were written last. */
export function createPeerMemory(init: PeerMemoryInit): BaseDatastore {
  return new PeerMemory(init)
}

class PeerMemory extends BaseDatastore {
  /** Each in the order in which they are forgotten. */
  readonly #own = new Map<string, Uint8Array>()
  readonly #peers = new Map<string, Uint8Array>()
  readonly #records = new Map<string, Uint8Array>()
  readonly #names: readonly string[]
  readonly #maxPeers: number
  readonly #maxRecords: number

  constructor({ self, maxPeers = MAX_KNOWN_PEERS, maxRecords = MAX_DHT_RECORDS }: PeerMemoryInit) {
    super()
    this.#names = [self.toString(), self.toCID().toString()]
    this.#maxPeers = maxPeers
    this.#maxRecords = maxRecords
  }

  #shelf(name: string): Map<string, Uint8Array> {
    if (this.#names.some((own) => name.endsWith(`/${own}`))) return this.#own
    return name.startsWith(PEERS) ? this.#peers : this.#records
  }

  override put(key: Key, value: Uint8Array): Key {
    const name = key.toString()
    const shelf = this.#shelf(name)
    shelf.delete(name)
    shelf.set(name, Uint8Array.from(value))
    const most = shelf === this.#peers ? this.#maxPeers : shelf === this.#records ? this.#maxRecords : null
    if (most !== null && shelf.size > most) shelf.delete(shelf.keys().next().value as string)
    return key
  }

  override get(key: Key): Uint8Array {
    const name = key.toString()
    const shelf = this.#shelf(name)
    const value = shelf.get(name)
    if (value === undefined) throw new NotFoundError()
    if (shelf === this.#peers) {
      shelf.delete(name)
      shelf.set(name, value)
    }
    return value
  }

  override has(key: Key): boolean {
    const name = key.toString()
    return this.#shelf(name).has(name)
  }

  override delete(key: Key): void {
    const name = key.toString()
    this.#shelf(name).delete(name)
  }

  /** A copy: whoever walks through it writes and deletes meanwhile. */
  #named(prefix = ''): [string, Uint8Array][] {
    const found: [string, Uint8Array][] = []
    for (const shelf of [this.#own, this.#peers, this.#records]) {
      for (const entry of shelf) if (entry[0].startsWith(prefix)) found.push(entry)
    }
    return found
  }

  override *_all({ prefix }: Query): Generator<Pair> {
    for (const [name, value] of this.#named(prefix)) yield { key: new Key(name), value }
  }

  override *_allKeys({ prefix }: KeyQuery): Generator<Key> {
    for (const [name] of this.#named(prefix)) yield new Key(name)
  }
}
