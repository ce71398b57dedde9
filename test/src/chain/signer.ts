import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Hex } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'

export type Mood = 'honest' | 'refuses' | 'other key' | 'changes' | 'two' | 'old' | 'locked'

export interface SignerProcess {
  readonly url: string
  readonly address: `0x${string}`
  readonly key: Hex
  /** The methods that it was asked for, in order. */
  asked(): Promise<string[]>
  stop(): Promise<void>
}

/** Starts a signer with a key of its own (or `key`) in a process of its own; `folder` takes its key file. */
export async function startSigner(
  folder: string,
  mood: Mood = 'honest',
  key = generatePrivateKey(),
): Promise<SignerProcess> {
  const file = join(folder, `signer-${mood.replace(' ', '-')}-${Date.now()}.key`)
  writeFileSync(file, key, { mode: 0o600 })
  const program = resolve(import.meta.dirname, 'signer-process.ts')
  const child: ChildProcess = spawn(process.execPath, [program, file, mood], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [port] = await once(child.stdout!, 'data')
  const url = `http://127.0.0.1:${String(port).trim()}`
  return {
    url,
    key,
    address: privateKeyToAccount(key).address,
    async asked() {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'test_asked', params: [] })
      return ((await (await fetch(url, { method: 'POST', body })).json()) as { result: string[] }).result
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'close')
    },
  }
}
