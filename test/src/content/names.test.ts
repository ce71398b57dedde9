import { expect } from 'chai'
import fc from 'fast-check'
import { checkName, quote, UnsafeNameError } from '../../../src/content/index.ts'
import { createPathChecker } from '../../../src/content/names.ts'
import { thrown } from './failure.ts'
import { UNSAFE_NAMES } from './unsafe-names.ts'

const FINE = [
  'a',
  'film.mp4',
  '.hidden',
  '..a',
  '...b',
  'a..b',
  'con1',
  'console',
  'nulls.txt',
  'com',
  'com10',
  'lpt',
  'aux2.c',
  'a b',
  ' leading',
  'naïve café',
  '日本語',
  'emoji 😀👩‍👩‍👧',
  'שלום',
  'what?.txt',
  'part one: the end',
  'q'.repeat(255),
  'é'.repeat(127),
]

describe('names', () => {
  for (const name of FINE) {
    it(`allow ${quote(name).slice(0, 40)}`, () => checkName(name))
  }

  for (const name of UNSAFE_NAMES) {
    it(`refuse ${quote(name).slice(0, 60)}`, () => {
      const error = thrown(() => checkName(name))
      expect(error).to.be.instanceOf(UnsafeNameError)
      // The message itself must be safe to show.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
      expect((error as Error).message).not.to.match(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
    })
  }

  it('refuse every device with any extension and any case', () => {
    for (const device of ['con', 'PRN', 'Aux', 'nul', 'com1', 'COM9', 'lpt1', 'com¹', 'lpt³', 'conin$', 'CLOCK$']) {
      for (const name of [device, `${device}.txt`, `${device}.tar.gz`, `${device} .txt`]) {
        expect(thrown(() => checkName(name))).to.be.instanceOf(UnsafeNameError)
      }
    }
  })

  it('never let a name through that has another component in it', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 12 }),
        fc.constantFrom('/', '\\', '\0', '\n', '\u202e'),
        (a, b) => {
          expect(thrown(() => checkName(`${a}${b}${a}`))).to.be.instanceOf(UnsafeNameError)
        },
      ),
    )
  })
})

describe('paths of one content', () => {
  const add = (...paths: string[]): void => {
    const check = createPathChecker()
    for (const path of paths) check(path.split('/'))
  }

  it('may share folders', () => add('a/b', 'a/c', 'a/d/e', 'b/a', 'c'))

  for (const [first, second, what] of [
    ['a', 'a', 'the same file twice'],
    ['a', 'A', 'names that differ only in case'],
    ['x/a', 'X/b', 'folders that differ only in case'],
    ['straße/É', 'straße/é', 'case beyond ASCII'],
    ['e\u0301', '\u00e9', 'names that differ only in Unicode form'],
    ['a', 'a/b', 'a file that is a folder too'],
    ['a/b', 'a', 'a folder that is a file too'],
    ['K', '\u212a', 'the Kelvin sign and K'],
  ] as const) {
    it(`refuse ${what}`, () => {
      expect(thrown(() => add(first, second))).to.be.instanceOf(UnsafeNameError)
    })
  }

  it('refuse what is longer than a system can open, and an empty path', () => {
    const long = Array.from({ length: 20 }, (_, at) => `${at}`.padEnd(200, 'x')).join('/')
    expect(thrown(() => add(long))).to.be.instanceOf(UnsafeNameError)
    expect(thrown(() => createPathChecker()([]))).to.be.instanceOf(UnsafeNameError)
  })
})
