/**
 * Titles, names and other programs' messages come from strangers: what would steer a terminal (control characters, changes of
 * writing direction) is shown as `\u{…}` and does nothing.
 */
export function printable(line: string): string {
  return line.replace(/\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu, shown)
}

/** The same for text of several lines. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

function shown(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`
}
