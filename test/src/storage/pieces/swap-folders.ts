// A thread that swaps a folder for a link and back as fast as it can, until it is told to stop: the attacker of a race.
import { renameSync, symlinkSync } from 'node:fs'
import { workerData } from 'node:worker_threads'

const { folder, outside, state } = workerData as { folder: string; outside: string; state: Int32Array }

function tryRename(from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch {
    return false
  }
}

symlinkSync(outside, `${folder}.link`)
while (Atomics.load(state, 0) === 0) {
  tryRename(folder, `${folder}.aside`)
  if (tryRename(`${folder}.link`, folder)) Atomics.add(state, 1, 1)
  tryRename(folder, `${folder}.link`)
  tryRename(`${folder}.aside`, folder)
}
