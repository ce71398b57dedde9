import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { quote } from '../../content/index.ts'
import { BitCdnError } from '../../errors.ts'
import { readFailure } from './errors.ts'

/** What is needed to look for a content: of a metainfo or of a v1 torrent. */
export interface Sought {
  readonly name: string
  readonly single: boolean
  readonly files: readonly { readonly path: readonly string[]; readonly length: number; readonly pad?: boolean }[]
}

/** Where a content lies: `root` has no links in it, `pathOf` gives components below it. */
export interface Place {
  readonly root: string
  pathOf(file: number): readonly string[]
}

/**
 * Finds a content at `path`: the file or folder itself, under any name, or the folder that contains it.
 * Throws `file-missing` when nothing of it is there.
 */
export async function locateContent(sought: Sought, path: string): Promise<Place> {
  const shown = resolve(path)
  try {
    const real = await realpath(shown)
    const isFolder = (await stat(real)).isDirectory()
    if (!isFolder) {
      if (!sought.single) throw notHere(sought, shown)
      return { root: dirname(real), pathOf: () => [basename(real)] }
    }
    const inside = (file: number): readonly string[] => sought.files[file]?.path ?? []
    const places: Place[] = [
      { root: real, pathOf: inside },
      { root: real, pathOf: (file) => [sought.name, ...inside(file)] },
    ]
    let best: Place | undefined
    let bestFound = 0
    for (const place of places) {
      const found = await countFound(sought, place)
      if (found > bestFound) {
        best = place
        bestFound = found
      }
    }
    if (best === undefined) throw notHere(sought, shown)
    return best
  } catch (error) {
    throw readFailure(error, shown)
  }
}

/** A file of the right length counts more than any number of others that merely exist. */
async function countFound({ files }: Sought, { root, pathOf }: Place): Promise<number> {
  let found = 0
  for (const [file, { length, pad }] of files.entries()) {
    if (pad) continue
    const stats = await stat(join(root, ...pathOf(file))).catch(() => undefined)
    if (stats?.isFile()) found += stats.size === length && length > 0 ? files.length : 1
  }
  return found
}

function notHere({ name, single }: Sought, path: string): BitCdnError {
  return new BitCdnError('file-missing', `The ${single ? 'file' : 'folder'} ${quote(name)} is not at ${path}.`, {
    advice: 'Give the path of the content itself, or of the folder that contains it.',
  })
}
