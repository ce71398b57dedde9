#!/usr/bin/env node
// The only place that reads the process's environment and ends it.
import { setFlagsFromString } from 'node:v8'
import { lineAsker, secretAsker } from './ask.ts'
import { runCli } from './run.ts'

// Garbage is collected when it is two fifths of what lives. V8 waits for one to four times that, and what it took stays resident.
setFlagsFromString('--heap-growing-percent=40')

const interrupt = new AbortController()
let exitCode: number | undefined
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (interrupt.signal.aborted) process.exit(130) // asked twice: do not wait for the tidy end
    interrupt.abort()
  })
}
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
})

const code = await runCli(process.argv.slice(2), {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  draw: (text) => void process.stderr.write(text),
  env: process.env,
  signal: interrupt.signal,
  terminal: process.stderr.isTTY === true,
  columns: () => process.stderr.columns || 80,
  askSecret: secretAsker(interrupt.signal),
  askLine: lineAsker(interrupt.signal),
  exitWith: (wanted) => {
    exitCode = wanted
  },
})
process.exit(exitCode ?? code)
