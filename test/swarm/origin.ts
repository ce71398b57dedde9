// HTTP origins for tests: nginx where the machine has it, and one in this process that can be told to misbehave.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

export interface Origin {
  /** With a slash at its end: the served folder. */
  readonly url: string
  /** Bytes of bodies that it sent, so far. */
  sent(): Promise<number>
  stop(): Promise<void>
}

export interface OriginFaults {
  /** Flips one bit of the byte at this place of every MiB of a file. */
  readonly flip?: number
  /** Breaks the connection after so many bytes of each answer. */
  readonly breakAfter?: number
  /** Answers everything with the whole file. */
  readonly noRanges?: boolean
  /** Answers everything with this. */
  readonly status?: number
  /** Sends every request to this address. */
  readonly redirect?: string
}

export const hasNginx = spawnSync('nginx', ['-v']).status === 0

/** nginx, or without it the one in this process. `scratch`: an empty folder of its own. */
export async function startOrigin(folder: string, scratch: string): Promise<Origin> {
  if (!hasNginx) return startFaultyOrigin(folder, {})
  await mkdir(join(scratch, 'logs'), { recursive: true })
  const port = await freePort()
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${scratch}/tmp;`)
  const log = join(scratch, 'logs', 'access.log')
  await writeFile(
    join(scratch, 'nginx.conf'),
    `daemon off; master_process off; pid ${scratch}/pid; error_log ${scratch}/logs/error.log; user root;
     events {}
     http { ${paths.join(' ')} log_format bytes '$body_bytes_sent'; access_log ${log} bytes;
       server { listen 127.0.0.1:${port}; root ${folder}; } }`,
  )
  const child = spawn('nginx', ['-p', scratch, '-c', join(scratch, 'nginx.conf')], { stdio: 'ignore' })
  await reachable(port, child)
  return {
    url: `http://127.0.0.1:${port}/`,
    async sent() {
      await pause(100) // a line is written when its request is over
      const lines = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n')
      return lines.reduce((sum, line) => sum + Number(line), 0)
    },
    async stop() {
      child.kill('SIGTERM')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

export async function startFaultyOrigin(folder: string, faults: OriginFaults, host = '127.0.0.1'): Promise<Origin> {
  let sent = 0
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy())
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (faults.redirect !== undefined) return void response.writeHead(302, { location: faults.redirect }).end()
    if (faults.status !== undefined) return void response.writeHead(faults.status).end()
    const path = join(folder, decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname))
    const { size } = await stat(path)
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
    const whole = faults.noRanges === true || range === null
    const start = whole ? 0 : Number(range[1])
    const end = whole ? size : Number(range[2]) + 1
    const bytes = Buffer.alloc(end - start)
    const file = await open(path)
    await file.read(bytes, 0, bytes.length, start)
    await file.close()
    for (let place = faults.flip ?? end; place < end; place += 2 ** 20) {
      if (place >= start) bytes[place - start] = (bytes[place - start] ?? 0) ^ 1
    }
    response.writeHead(whole ? 200 : 206, {
      'content-length': bytes.length,
      ...(whole ? {} : { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
    })
    const part = bytes.subarray(0, faults.breakAfter ?? bytes.length)
    sent += part.length
    response.write(part, () => {
      if (part.length < bytes.length) response.destroy()
      else response.end()
    })
  }

  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    url: `http://${host}:${port}/`,
    sent: async () => sent,
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function reachable(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (child.exitCode !== null) throw new Error(`nginx left: ${child.exitCode}.`)
    const socket = connect(port, '127.0.0.1')
    const open = await new Promise((settle) => {
      socket.once('connect', () => settle(true)).once('error', () => settle(false))
    })
    socket.destroy()
    if (open === true) return
    await pause(50)
  }
  throw new Error('nginx does not listen.')
}
