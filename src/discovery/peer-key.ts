import { chmod, link, mkdir, open, readFile, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { BitCdnError } from '../errors.ts'

/** The key of a new peer (Ed25519). */
export function createPeerKey(): Promise<PrivateKey> {
  return generateKeyPair('Ed25519')
}

/**
 * The peer key in `path` (libp2p's protobuf form), made there when the file does not exist. Only its owner may read it.
 * Throws `file-invalid` when the file holds something else, `file-unreadable` when it cannot be read or made.
 */
export async function loadPeerKey(path: string): Promise<PrivateKey> {
  const stored = await readKeyFile(path)
  if (stored === null) return createKeyFile(path)
  try {
    return privateKeyFromProtobuf(stored)
  } catch (cause) {
    throw new BitCdnError('file-invalid', `${path} holds no libp2p private key.`, {
      advice: 'Restore the file from a backup, or remove it: the node then becomes a new peer.',
      cause,
    })
  }
}

async function readKeyFile(path: string): Promise<Uint8Array | null> {
  try {
    const bytes = await readFile(path)
    await chmod(path, 0o600)
    return bytes
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw unreadable(path, cause)
  }
}

async function createKeyFile(path: string): Promise<PrivateKey> {
  const key = await createPeerKey()
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const beside = `${path}.${process.pid}.${key.publicKey.toString().slice(-8)}`
    const file = await open(beside, 'wx', 0o600)
    try {
      await file.writeFile(privateKeyToProtobuf(key))
      await file.sync()
    } finally {
      await file.close()
    }
    // A link fails where the name is taken: two nodes that start at once end up with one identity, and whole.
    await link(beside, path).finally(() => unlink(beside))
    return key
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return loadPeerKey(path)
    throw unreadable(path, cause)
  }
}

function unreadable(path: string, cause: unknown): BitCdnError {
  return new BitCdnError(
    'file-unreadable',
    `The peer key ${path} cannot be read or made: ${(cause as Error).message}.`,
    {
      advice: 'Check who owns the folder, or name another data folder.',
      cause,
    },
  )
}
