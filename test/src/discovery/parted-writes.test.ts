import { Writable } from 'node:stream'
import { expect } from 'chai'
import { writeInParts } from '../../../src/discovery/parted-writes.ts'
import { noise } from '../../swarm/content.ts'

const MIB = 1024 * 1024

/** A stream that joins what waits, as sockets do, where nobody keeps it from that; each write takes a turn. */
class Recorder extends Writable {
  readonly parts: Buffer[] = []

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.parts.push(Buffer.from(chunk))
    setImmediate(done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), '', done)
  }
}

describe('parted writes', () => {
  /** Resolves with the lengths of what TLS was given for each message, when the last has left. */
  async function write(messages: readonly Uint8Array[]): Promise<number[]> {
    const socket = new Recorder()
    const inParts = writeInParts(socket)
    await Promise.all(messages.map((message) => new Promise<void>((resolve) => void inParts(message, () => resolve()))))
    expect(Buffer.compare(Buffer.concat(socket.parts), Buffer.concat(messages))).to.equal(0)
    return socket.parts.map(({ length }) => length)
  }

  it('hands TLS no more than a record at once while little was written, and keeps the order of all', async () => {
    const parts = await write([noise(20, 1), noise(100_000, 2), noise(7, 3)])
    expect(parts).to.deep.equal([20, ...Array(6).fill(16_000), 4_000, 7])
  })

  it('hands it 128 KiB at once after four megabytes: never what it would keep a megabyte for', async () => {
    const parts = await write(Array.from({ length: 8 }, (_, at) => noise(MIB, at)))
    expect(Math.max(...parts)).to.equal(128 * 1024)
    const first = parts.findIndex((length) => length > 16_000)
    expect(parts.slice(0, first).reduce((sum, length) => sum + length, 0)).to.be.within(4 * MIB, 5 * MIB)
    expect(parts.slice(first).filter((length) => length < 16_000).length).to.be.at.most(4)
  })
})
