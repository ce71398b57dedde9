// BEP 3's file list: what v1 torrents hold, and what a hybrid repeats for those who read only v1.
import type { DecodedValue } from './bencode.ts'
import { itemsOf, type Spans } from './bencode-spans.ts'
import { MetainfoError } from './errors.ts'
import { attributesOf, bytesOf, countOf, decodedIn, dictionaryOf, listOf, textOf } from './fields.ts'

/** One entry of a v1 list, pad files included. */
export interface ListedFile {
  readonly path: readonly string[]
  readonly length: number
  /** Byte offset in the concatenation of all files, which is what v1 pieces are cut from. */
  readonly offset: number
  readonly executable: boolean
  /** BEP 47: bytes that are all zero and stand in no file. */
  readonly pad: boolean
}

/** Whether an info dictionary has a v1 part (which may still be broken). */
export function hasFileList(info: Spans): boolean {
  return info.has('pieces') || info.has('files') || (info.has('length') && !info.has('file tree'))
}

/**
 * The v1 files in order, each made when it is asked for. `single` says that there is no folder around the one file. Names are
 * not judged here.
 */
export function readFileList(info: Spans, name: string): { files: Iterable<ListedFile>; single: boolean } {
  if (info.has('files') === info.has('length')) {
    throw new MetainfoError('The info dictionary must have either a length or a list of files.')
  }
  if (info.has('length')) {
    const length = countOf(decodedIn(info, 'length'), 'length of the file', 0, Number.MAX_SAFE_INTEGER)
    const executable = attributesOf(decodedIn(info, 'attr')).includes('x')
    return { files: [{ path: [name], length, offset: 0, executable, pad: false }], single: true }
  }
  const list = itemsOf(info.get('files') as Uint8Array)
  if (list === null) throw new MetainfoError('The list of files is not a list.')
  return { files: listed(list), single: false }
}

function* listed(list: Iterable<DecodedValue>): Generator<ListedFile> {
  let offset = 0
  for (const item of list) {
    const entry = dictionaryOf(item, 'entry of a file')
    const length = countOf(entry.get('length'), 'length of a file', 0, Number.MAX_SAFE_INTEGER - offset)
    const attributes = attributesOf(entry.get('attr'))
    if (attributes.includes('l')) {
      throw new MetainfoError('The content has a symbolic link (BEP 47), and links are never followed.')
    }
    const path = listOf(entry.get('path'), 'path of a file').map((part) =>
      textOf(bytesOf(part, 'path of a file'), 'path of a file'),
    )
    yield { path, length, offset, executable: attributes.includes('x'), pad: attributes.includes('p') }
    offset += length
  }
}
