import type { MessageStream } from '@libp2p/interface'
import { expect } from 'chai'
import { Uint8ArrayList } from 'uint8arraylist'
import { HEADROOM, joined, joinWrites } from '../../../src/discovery/joined-writes.ts'
import { noise } from '../../swarm/content.ts'

const short = (byte: number, length = 12): Uint8Array => new Uint8Array(length).fill(byte)

/** A long message that begins at `start` of memory whose front is free. */
function long(start: number, length = 100_000): Uint8Array {
  const memory = new Uint8Array(start + length)
  memory.set(noise(length, 3), start)
  Object.assign(memory.buffer, { [HEADROOM]: start })
  return memory.subarray(start)
}

describe('joined writes', () => {
  it('puts what is short in front of a long part, in the memory that is free there', () => {
    const part = long(64)
    const [one, ...rest] = [...joined([short(1), short(2, 20), part])]
    expect(rest).to.deep.equal([])
    expect(one?.buffer).to.equal(part.buffer)
    expect(Buffer.from(one ?? short(0)).equals(Buffer.concat([short(1), short(2, 20), noise(100_000, 3)]))).to.equal(
      true,
    )
  })

  it('touches no memory whose owner said nothing, or said it for another message', () => {
    const silent = new Uint8Array(100_064)
    const other = long(64).subarray(10)
    const tight = long(8)
    for (const part of [silent.subarray(64), other, tight]) {
      const before = Buffer.from(new Uint8Array(part.buffer))
      const parts = [...joined([short(1), part])]
      expect(parts.map(({ length }) => length)).to.deep.equal([12, part.length])
      expect(before.equals(new Uint8Array(part.buffer))).to.equal(true)
    }
  })

  it('uses room once: a second message from the same place may follow one that is still on its way', () => {
    const part = long(64)
    expect([...joined([short(1), part])].length).to.equal(1)
    expect([...joined([short(2), part])].length).to.equal(2)
  })

  it('joins what is short behind and between, and keeps the order', () => {
    const parts = [...joined([short(1), short(2), noise(5_000, 1), short(3), short(4), noise(5_000, 2), short(5)])]
    expect(parts.map(({ length }) => length)).to.deep.equal([24, 5_000, 24, 5_000, 12])
    expect(parts.map((part) => part[0])).to.deep.equal([1, noise(1, 1)[0], 3, noise(1, 2)[0], 5])
  })

  /** What a connection answers and is written to its socket, which is full from the second write on. */
  function join(waiting = 0) {
    const seen: Uint8Array[] = []
    const connection = { sendData: () => expect.fail('not replaced') } as unknown as MessageStream
    const flush = joinWrites(connection, { writableLength: waiting }, (bytes) => seen.push(bytes) < 2)
    const seam = connection as unknown as { sendData(data: Uint8ArrayList): { canSendMore: boolean } }
    const send = (...parts: Uint8Array[]) => seam.sendData(new Uint8ArrayList(...parts))
    return { seen, flush, send, lengths: () => seen.map(({ length }) => length) }
  }

  it('writes all that it is given, also where the socket is full: no frame is left in two parts', () => {
    const { lengths, flush, send } = join()
    const answer = send(short(1), noise(5_000, 1), short(2), noise(5_000, 2))
    expect(lengths()).to.deep.equal([12, 5_000, 12, 5_000])
    expect(answer).to.deep.equal({ sentBytes: 10_024, canSendMore: false })
    send(short(3))
    send(noise(5_000, 3))
    expect(lengths().slice(4), 'what came first is written first').to.deep.equal([12, 5_000])
    flush?.()
    expect(lengths().length).to.equal(6)
  })

  it('makes one record of the short messages of one turn, which wait for no long ones of others', async () => {
    const { seen, lengths, send, flush } = join()
    expect([1, 2, 3].map((byte) => send(short(byte)).canSendMore)).to.deep.equal([true, true, true])
    expect(lengths()).to.deep.equal([])
    await new Promise((resolve) => setImmediate(resolve))
    expect(lengths()).to.deep.equal([36])
    expect([0, 12, 24].map((at) => seen[0]?.[at])).to.deep.equal([1, 2, 3])
    send(short(4))
    flush?.()
    expect(lengths()).to.deep.equal([36, 12])
  })

  it('says when more waits in the socket than a few long messages', () => {
    expect(join(3_000_000).send(short(1)).canSendMore).to.equal(false)
  })
})
