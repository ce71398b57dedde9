import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** Debian's package belongs to Debian's Python. */
const PYTHON = '/usr/bin/python3'

export interface Infohashes {
  readonly infohashV1: string | null
  readonly infohashV2: string | null
}

export interface Shown extends Infohashes {
  readonly name: string
  readonly files: readonly { readonly path: string; readonly length: number }[]
}

export interface Checked {
  readonly progress: number
  readonly bytes: number
  readonly wanted: number
  readonly badPieces: readonly number[]
  readonly error: string | null
}

/** libtorrent in a process of its own, which answers one job after the other. */
export interface Libtorrent {
  make(job: { path: string; pieceLength: number; kind: 'hybrid' | 'v1' | 'v2'; out: string }): Promise<Infohashes>
  show(job: { torrent: string }): Promise<Shown>
  check(job: { torrent: string; folder: string }): Promise<Checked>
  close(): void
}

/** Throws when libtorrent is not installed: an interop test that is skipped proves nothing. */
export function startLibtorrent(): Libtorrent {
  const { status } = spawnSync(PYTHON, ['-c', 'import libtorrent'])
  if (status !== 0) {
    throw new Error(
      'These tests need libtorrent 2: apt-get install -y python3-libtorrent (it belongs to /usr/bin/python3).',
    )
  }
  const script = fileURLToPath(new URL('judge.py', import.meta.url))
  const child = spawn(PYTHON, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let last: Promise<unknown> = Promise.resolve()

  function ask<T>(job: object): Promise<T> {
    const answer = last.then(async () => {
      child.stdin.write(`${JSON.stringify(job)}\n`)
      const { value, done } = await lines.next()
      if (done) throw new Error('libtorrent ended without an answer.')
      const parsed = JSON.parse(value) as T & { failure?: string }
      if (parsed.failure !== undefined) throw new Error(`libtorrent: ${parsed.failure}`)
      return parsed
    })
    last = answer.catch(() => {})
    return answer
  }

  return {
    make: (job) => ask({ do: 'make', ...job }),
    show: (job) => ask({ do: 'show', ...job }),
    check: (job) => ask({ do: 'check', ...job }),
    close: () => void child.stdin.end(),
  }
}
