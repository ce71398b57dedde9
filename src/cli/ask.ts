import { openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { ReadStream } from 'node:tty'
import { BitCdnError } from '../errors.ts'

/** Asks for a secret on the terminal and shows nothing of the answer. Undefined where there is no terminal. */
export function secretAsker(signal: AbortSignal): ((question: string) => Promise<string>) | undefined {
  if (process.stdin.isTTY) return (question) => ask(process.stdin as ReadStream, 2, { question, signal })
  // A key may be coming through standard input: the person is then asked on the terminal itself.
  if (!process.stderr.isTTY) return undefined
  return async (question) => {
    const fd = openTerminal()
    const input = new ReadStream(fd)
    try {
      return await ask(input, fd, { question, signal })
    } finally {
      input.destroy()
    }
  }
}

/** Asks for a line on the terminal. Undefined where there is none. */
export function lineAsker(signal: AbortSignal): ((question: string) => Promise<string>) | undefined {
  if (!process.stdin.isTTY) return undefined
  return async (question) => {
    const reader = createInterface({ input: process.stdin, output: process.stderr })
    try {
      return await reader.question(question, { signal })
    } catch (cause) {
      throw new BitCdnError('interrupted', 'Interrupted; nothing was changed.', { cause })
    } finally {
      reader.close()
    }
  }
}

function openTerminal(): number {
  try {
    return openSync('/dev/tty', 'r+')
  } catch (cause) {
    throw new BitCdnError('usage', 'There is no terminal to ask for the password on.', {
      advice: 'Give --password-file FILE.',
      cause,
    })
  }
}

const ENTER = ['\r', '\n', '\u0004']
const ERASE = ['\u007f', '\b']
const INTERRUPT = '\u0003'

/** Raw mode: the terminal neither shows what is typed nor keeps it. */
function ask(
  input: ReadStream,
  output: number,
  { question, signal }: { question: string; signal: AbortSignal },
): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = ''
    const end = (): void => {
      signal.removeEventListener('abort', interrupted)
      input.off('data', read)
      input.setRawMode(false)
      input.pause()
      writeSync(output, '\n')
    }
    const interrupted = (): void => {
      end()
      reject(new BitCdnError('interrupted', 'Interrupted; nothing was changed.'))
    }
    const read = (chunk: Buffer): void => {
      for (const letter of chunk.toString('utf8')) {
        if (letter === INTERRUPT) {
          interrupted()
          return
        }
        if (ENTER.includes(letter)) {
          end()
          resolve(typed)
          return
        }
        typed = ERASE.includes(letter) ? [...typed].slice(0, -1).join('') : typed + letter
      }
    }
    input.setRawMode(true)
    input.on('data', read)
    input.resume()
    signal.addEventListener('abort', interrupted, { once: true })
    writeSync(output, question) // not before: what is typed at once must not be shown
  })
}
