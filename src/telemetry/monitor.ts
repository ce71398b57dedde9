// What a running program tells its operator over HTTP: figures in Prometheus' text format, whether it lives, whether it is
// ready, and answers of its own. It tells no secrets and changes nothing, but it is for operators: by default on loopback.
import { statfs } from 'node:fs/promises'
import { type FastifyInstance, fastify } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { BitCdnError } from '../errors.ts'

/** One metric with all its samples, read anew for each scrape. */
export interface Family {
  /** As Prometheus names metrics: `bitcdn_…`, with its unit, counters with `_total` at the end. */
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly labels?: readonly string[]
  samples(): readonly Sample[] | Promise<readonly Sample[]>
}

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number | bigint
}

export interface MonitorInit {
  /** `host:port`; port 0 takes any free one. */
  readonly listen: string
  readonly families: readonly Family[]
  /** What keeps it from its work, in words; empty when nothing does. */
  ready(): Promise<readonly string[]>
  /** The data folder, of whose disk it tells what is left. */
  readonly folder?: string
  /** Paths such as `/v1/earnings`, each answered with JSON. */
  readonly answers?: Readonly<Record<string, () => Promise<unknown>>>
}

export interface Monitor {
  readonly url: string
  close(): Promise<void>
}

const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

/** Samples of one scrape serve all that come within this time: many scrapers cost what one costs. */
const FRESH_MILLISECONDS = 1_000

/** Throws `usage` for a `listen` that is no address, `port-in-use` where nothing can listen. */
export async function startMonitor(init: MonitorInit): Promise<Monitor> {
  const { host, port } = parseListen(init.listen)
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  // what the end `_total` says is not true of these, and nobody needs them
  for (const name of MISNAMED) registry.removeSingleMetric(name)
  const ready = shared(() => init.ready())
  for (const family of [...init.families, ...ownFamilies(ready, init.folder)]) register(registry, family)
  const scrape = shared(() => registry.metrics())
  const app = fastify({ logger: false, bodyLimit: 1_024, requestTimeout: 10_000, forceCloseConnections: true })
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
  })
  app.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await scrape()))
  app.get('/healthz', async () => ({ healthy: true }))
  app.get('/readyz', async (_request, reply) => {
    const reasons = await ready()
    return reply.code(reasons.length === 0 ? 200 : 503).send({ ready: reasons.length === 0, reasons })
  })
  for (const [path, answer] of Object.entries(init.answers ?? {})) {
    const fresh = shared(answer)
    app.get(path, async (_request, reply) => reply.type('application/json').send(toJson(await fresh())))
  }
  const url = await listen(app, host, port)
  return { url, close: () => app.close() }
}

/** What every program tells of itself and its machine. */
function ownFamilies(ready: () => Promise<readonly string[]>, folder: string | undefined): Family[] {
  const gauge = { type: 'gauge' } as const
  return [
    {
      ...{ name: 'bitcdn_ready', help: '1 while nothing keeps it from its work, as /readyz says.', ...gauge },
      samples: async () => [{ value: (await ready()).length === 0 ? 1 : 0 }],
    },
    {
      ...{ name: 'bitcdn_clock_seconds', help: 'Unix time by the clock of its machine.', ...gauge },
      samples: () => [{ value: Date.now() / 1_000 }],
    },
    ...(folder === undefined
      ? []
      : [
          {
            ...{ name: 'bitcdn_disk_free_bytes', help: 'Left on the disk of the data folder.', ...gauge },
            samples: async () => {
              const { bavail, bsize } = await statfs(folder)
              return [{ value: bavail * bsize }]
            },
          },
        ]),
  ]
}

function register(registry: Registry, { name, help, type, labels = [], samples }: Family): void {
  const config = { name, help, labelNames: [...labels], registers: [registry] }
  if (type === 'gauge') {
    new Gauge({
      ...config,
      async collect() {
        const read = await samples()
        this.reset()
        // otherwise the library would say 0 for what is not known
        if (labels.length === 0 && read.length === 0) this.remove()
        for (const { labels: of = {}, value } of read) this.set(of, Number(value))
      },
    })
    return
  }
  new Counter({
    ...config,
    async collect() {
      const read = await samples()
      this.reset()
      for (const { labels: of = {}, value } of read) this.inc(of, Number(value))
    },
  })
}

/** One call at a time, whose answer is good for a while. A failure is not kept. */
function shared<T>(read: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | null = null
  let until = 0
  return () => {
    if (running !== null && performance.now() < until) return running
    until = Number.POSITIVE_INFINITY
    const reading = read()
    running = reading
    reading.then(
      () => {
        until = performance.now() + FRESH_MILLISECONDS
      },
      () => {
        until = 0
      },
    )
    return reading
  }
}

/** Token units are larger than what JSON's readers hold exactly: bigints travel as decimal strings. */
function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? part.toString() : part))
}

function parseListen(text: string): { host: string; port: number } {
  const found = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<host>[^:[\]]+)):(?<port>\d{1,5})$/i.exec(text)?.groups
  const port = Number(found?.port)
  if (found === undefined || port > 65_535) {
    throw new BitCdnError('usage', `"${text}" is no address to listen on.`, {
      advice: 'Give one such as 127.0.0.1:9464 or [::1]:9464.',
    })
  }
  return { host: found.v6 ?? found.host ?? '', port }
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (cause) {
    throw new BitCdnError('port-in-use', `Nothing can listen on ${host}, port ${port}: ${(cause as Error).message}.`, {
      advice: 'Choose another port with --monitor, or 0 for any free one.',
      cause,
    })
  }
}
