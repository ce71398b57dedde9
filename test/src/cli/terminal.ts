import { runCli } from '../../../src/cli/run.ts'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
  /** The last line of standard output, as JSON. */
  json(): Record<string, unknown>
}

/** Runs a command line in this process, with an environment of its own. */
export async function bitcdn(
  argv: readonly string[],
  env: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Ran> {
  const out: string[] = []
  const err: string[] = []
  let wanted: number | undefined
  const code = await runCli(argv, {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    draw: () => {},
    env,
    signal: signal ?? new AbortController().signal,
    terminal: false,
    columns: () => 80,
    exitWith: (value) => {
      wanted = value
    },
  })
  return {
    code: wanted ?? code,
    out: out.join('\n'),
    err: err.join('\n'),
    json: () => JSON.parse(out.at(-1) ?? '') as Record<string, unknown>,
  }
}
