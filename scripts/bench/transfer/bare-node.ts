// The most that Node does with the same bytes: one TLS socket from file to file, each 16 KiB hashed and written in a thread.
// No peers, streams, windows, receipts or ledger, and nobody asks whether the bytes are right: what any transfer of ours can
// come near, on this machine, and none can pass.
//   bare-node.ts send FILE | receive FILE ADDRESS BYTES
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { createServer, connect as tlsConnect } from 'node:tls'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { placeReads } from '../../../src/discovery/placed-reads.ts'
import { selfSigned } from '../sessions/certificate.ts'

const LEAF = 16 * 1024
const PART = 128 * 1024
const SLOT = 1024 * 1024
const SLOTS = 32

if (!isMainThread) {
  const { path, memory } = workerData as { path: string; memory: SharedArrayBuffer }
  const file = openSync(path, 'w')
  parentPort?.on('message', ({ slot, length, at }: { slot: number; length: number; at: number }) => {
    const bytes = new Uint8Array(memory, slot * SLOT, length)
    for (let leaf = 0; leaf < length; leaf += LEAF) hash('sha256', bytes.subarray(leaf, leaf + LEAF), 'buffer')
    // more at once takes memory that a virtual machine has given back
    for (let done = 0; done < length; done += PART) {
      writeSync(file, bytes, done, Math.min(PART, length - done), at + done)
    }
    parentPort?.postMessage(slot)
  })
} else {
  const over = once(process.stdin, 'end')
  const [role, path = '', address = '', bytes = ''] = process.argv.slice(2)
  if (role === 'send') process.stdout.write(`${await send(path)}\n`)
  else {
    process.stdout.write('ready\n')
    await once(process.stdin, 'data')
    await receive(path, Number(address), Number(bytes))
    process.stdout.write('done\n')
  }
  process.stdin.resume()
  await over
  process.exit(0)
}

async function send(path: string): Promise<number> {
  const server = createServer(selfSigned(), (socket) => {
    const file = openSync(path, 'r')
    const part = new Uint8Array(PART)
    // One part at a time, as TLS takes it: its memory is free when it has been encrypted.
    const next = (): void => {
      const length = readSync(file, part)
      if (length > 0) socket.write(part.subarray(0, length), next)
      else {
        closeSync(file)
        socket.end()
      }
    }
    next()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return (server.address() as { port: number }).port
}

async function receive(path: string, port: number, bytes: number): Promise<void> {
  const memory = new SharedArrayBuffer(SLOT * SLOTS)
  const worker = new Worker(new URL(import.meta.url), { workerData: { path, memory } })
  const socket = tlsConnect({ port, host: '127.0.0.1', rejectUnauthorized: false, minVersion: 'TLSv1.3' })
  await once(socket, 'secureConnect')
  const free = Array.from({ length: SLOTS - 1 }, (_, at) => at + 1)
  const done = Promise.withResolvers<void>()
  let [slot, have, received, written] = [0, 0, 0, 0]
  let full = false

  function hand(): void {
    worker.postMessage({ slot, length: have, at: received - have })
    have = 0
    const next = free.shift()
    if (next !== undefined) slot = next
    else {
      full = true
      socket.pause()
    }
  }

  worker.on('message', (returned: number) => {
    written += 1
    if (written === Math.ceil(bytes / SLOT)) done.resolve()
    if (!full) free.push(returned)
    else {
      slot = returned
      full = false
      socket.resume()
    }
  })
  const reads = placeReads(socket, {
    next: () => new Uint8Array(memory, slot * SLOT + have, SLOT - have),
    filled(count) {
      have += count
      received += count
      if (have === SLOT || received === bytes) hand()
    },
  })
  reads.moveOn()
  await done.promise
  await worker.terminate()
}
