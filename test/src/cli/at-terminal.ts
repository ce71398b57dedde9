import { spawn } from 'node:child_process'
import { resolve } from 'node:path'

const MAIN = resolve(import.meta.dirname, '../../../src/cli/main.ts')

/** Runs `bitcdn` on a terminal of its own (`script` of util-linux makes one) and types an answer at each question. */
export async function atTerminal(
  args: readonly string[],
  answers: readonly string[],
): Promise<{ code: number; out: string }> {
  const command = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ')
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH ?? '', TERM: 'dumb' },
  })
  let out = ''
  let asked = 0
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    // a question stands at the end, behind it at most where the cursor goes
    const [shown = ''] = out.split('\u001b[').slice(-1)
    if (asked < answers.length && shown.endsWith(': ')) child.stdin.write(`${answers[asked++]}\r`)
  })
  const code = await new Promise<number>((settle, fail) => {
    child.once('error', fail)
    child.once('close', (status) => settle(status ?? 128))
  })
  return { code, out: out.replaceAll('\r', '') }
}
