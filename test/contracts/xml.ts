// A strict reader of the images: well-formed elements, attributes in double quotes, the five entities of XML, nothing else.
const TOKEN = /<(\/?)([a-z]+)((?: [a-zA-Z-]+="[^"<&]*")*)(\/?)>|([^<>]+)/y
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function walk(xml: string): { elements: string[]; texts: string[] } {
  const open: string[] = []
  const elements: string[] = []
  const texts: string[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < xml.length) {
    const at = TOKEN.lastIndex
    const token = TOKEN.exec(xml)
    if (!token) throw new Error(`Not well-formed at ${at}: ${xml.slice(at, at + 40)}`)
    const [, closing, name, , empty, text] = token
    if (text !== undefined) texts.push(textOf(text))
    else if (closing) {
      if (open.pop() !== name) throw new Error(`</${name}> closes something else at ${at}`)
    } else {
      elements.push(name!)
      if (!empty) open.push(name!)
    }
  }
  if (open.length > 0) throw new Error(`Not closed: ${open}`)
  return { elements, texts }
}

function textOf(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML has none but these
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text)) throw new Error('A character that XML has not')
  return text.replace(/&(\w*;?)/g, (_, name: string) => {
    const char = ENTITIES[name.slice(0, -1)]
    if (!name.endsWith(';') || char === undefined) throw new Error(`Not an entity: &${name}`)
    return char
  })
}

/** The names of all elements in their order; throws when `xml` is not well-formed. */
export const elementsOf = (xml: string): string[] => walk(xml).elements

/** All texts in their order; throws when `xml` is not well-formed. */
export const textsOf = (xml: string): string[] => walk(xml).texts
