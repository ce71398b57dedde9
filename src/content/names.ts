// Names come from strangers and become paths on somebody's disk. What could leave the download folder, cannot exist on
// every system, or looks like something else to a person is refused, never repaired: a repaired name is a different content.
import { MAX_NAME_BYTES, MAX_PATH_BYTES } from './constants.ts'
import { UnsafeNameError } from './errors.ts'

/** Windows opens a device for these, with any extension: CON, NUL.txt, COM1 … (superscript digits count too). */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])$/i

/** Marks that reorder what people read: `photo\u202egpj.exe` shows as `photoexe.jpg`. */
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

/** Throws {@link UnsafeNameError} unless `name` can be one component of a path everywhere. */
export function checkName(name: string): void {
  const fault = faultOf(name)
  if (fault !== null) throw new UnsafeNameError(`The name ${quote(name)} ${fault}.`)
}

function faultOf(name: string): string | null {
  if (name === '') return 'is empty'
  if (name === '.' || name === '..') return 'points to another folder'
  if (name.includes('\0')) return 'has a NUL character'
  if (name.includes('/')) return 'has a slash'
  if (name.includes('\\')) return 'has a backslash, which separates folders on Windows'
  if (/^[a-z]:/i.test(name)) return 'begins as a Windows drive does'
  if (CONTROL.test(name)) return 'has a control character'
  if (BIDI.test(name)) return 'has a character that reorders text, so that it shows as something else'
  if (!name.isWellFormed()) return 'is not valid Unicode'
  const bytes = Buffer.byteLength(name)
  if (bytes > MAX_NAME_BYTES) return `has ${bytes} bytes, more than the ${MAX_NAME_BYTES} that file systems allow`
  if (/[. ]$/.test(name)) return 'ends in a dot or a space, which Windows drops'
  // The name up to the first dot decides, and Windows ignores spaces at its end.
  if (DEVICE.test((name.split('.', 1)[0] ?? '').trimEnd())) return 'is a device on Windows'
  return null
}

/** Checks whole paths of one content as they are added: components, length, and clashes with what came before. */
export function createPathChecker(): (path: readonly string[]) => void {
  /** Folder and folded name -> name as it was first seen. Files and folders share one space. */
  const seen = new Map<string, { readonly name: string; readonly folder: boolean }>()
  return (path) => {
    if (path.length === 0) throw new UnsafeNameError('A file without a name.')
    for (const name of path) checkName(name)
    const whole = path.join('/')
    if (Buffer.byteLength(whole) > MAX_PATH_BYTES) {
      throw new UnsafeNameError(`The path ${quote(whole)} is longer than ${MAX_PATH_BYTES} bytes.`)
    }
    let above = ''
    for (const [depth, name] of path.entries()) {
      const folder = depth < path.length - 1
      const key = `${above}/${fold(name)}`
      const other = seen.get(key)
      if (other === undefined) seen.set(key, { name, folder })
      else if (other.name !== name) {
        throw new UnsafeNameError(
          `The names ${quote(other.name)} and ${quote(name)} in one folder differ only in case or accents' form, and are the same name on many systems.`,
        )
      } else if (!folder || !other.folder) {
        throw new UnsafeNameError(`The path ${quote(path.slice(0, depth + 1).join('/'))} is there twice.`)
      }
      above = key
    }
  }
}

/** What file systems that ignore case (NTFS, APFS) and Unicode form (APFS) take for the same name. */
function fold(name: string): string {
  return name.normalize('NFC').toLowerCase().normalize('NFC')
}

/** A name as it may be shown: quoted, and without the characters that made it unsafe. */
export function quote(name: string): string {
  const shown = name.length > 100 ? `${name.slice(0, 100)}…` : name
  return JSON.stringify(shown.toWellFormed()).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
