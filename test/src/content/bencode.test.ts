import { expect } from 'chai'
import fc from 'fast-check'
import { spansOf } from '../../../src/content/bencode-spans.ts'
import { BencodeError, type BencodeValue, decode, encode } from '../../../src/content/index.ts'
import { BitCdnError } from '../../../src/errors.ts'
import { thrown } from './failure.ts'

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))
const text = (encoded: Uint8Array): string => Buffer.from(encoded).toString('latin1')

const NOT_CANONICAL: Record<string, string> = {
  '': 'nothing at all',
  i: 'an integer cut short',
  i1: 'an integer without its end',
  ie: 'an integer without digits',
  'i-e': 'a minus alone',
  'i-0e': 'minus zero',
  i01e: 'a leading zero',
  'i-01e': 'a leading zero behind a minus',
  'i+1e': 'a plus sign',
  'i1.5e': 'a fraction',
  'i 1e': 'a space',
  i123456789012345678901e: 'more digits than 64 bits have',
  '1:': 'a string cut short',
  '01:a': 'a length with a leading zero',
  '-1:a': 'a negative length',
  '99999999999:a': 'a length beyond any memory',
  '5:abcd': 'a string beyond the end',
  ':': 'a length without digits',
  l: 'a list without its end',
  d: 'a dictionary without its end',
  'd1:ae': 'a key without a value',
  di1ei2ee: 'a key that is an integer',
  'd1:bi1e1:ai2ee': 'keys out of order',
  'd1:ai1e1:ai2ee': 'the same key twice',
  'd2:aai1e1:bi1e1:ai1ee': 'keys out of order later on',
  e: 'an end without a beginning',
  i1ei2e: 'a second value',
  lee: 'one end too many',
  x: 'an unknown letter',
}

describe('bencode', () => {
  it('reads the examples of BEP 3', () => {
    expect(decode(bytes('i3e'))).to.equal(3)
    expect(decode(bytes('i-3e'))).to.equal(-3)
    expect(decode(bytes('i0e'))).to.equal(0)
    expect(decode(bytes('4:spam'))).to.deep.equal(bytes('spam'))
    expect(decode(bytes('l4:spam4:eggse'))).to.deep.equal([bytes('spam'), bytes('eggs')])
    expect(decode(bytes('d3:cow3:moo4:spam4:eggse'))).to.deep.equal(
      new Map([
        ['cow', bytes('moo')],
        ['spam', bytes('eggs')],
      ]),
    )
  })

  it('keeps integers beyond 2^53 exact', () => {
    expect(decode(bytes('i9007199254740991e'))).to.equal(Number.MAX_SAFE_INTEGER)
    expect(decode(bytes('i9007199254740993e'))).to.equal(9_007_199_254_740_993n)
    expect(decode(bytes('i-9223372036854775808e'))).to.equal(-(2n ** 63n))
    expect(text(encode(2n ** 63n))).to.equal('i9223372036854775808e')
  })

  it('sorts keys by their bytes, whatever language they are in', () => {
    const dictionary = new Map<string, BencodeValue>([
      ['z', 1],
      [Buffer.from('é').toString('latin1'), 2],
      ['Z', 3],
      ['', 4],
    ])
    expect(text(encode(dictionary))).to.equal('d0:i4e1:Zi3e1:zi1e2:Ã©i2ee')
  })

  for (const [input, what] of Object.entries(NOT_CANONICAL)) {
    it(`refuses ${what}: ${JSON.stringify(input)}`, () => {
      expect(thrown(() => decode(bytes(input)))).to.be.instanceOf(BencodeError)
    })
  }

  it('refuses a fraction when it writes', () => {
    expect(thrown(() => encode(1.5))).to.be.instanceOf(BencodeError)
    expect(thrown(() => encode(2 ** 53))).to.be.instanceOf(BencodeError)
  })

  it('reads 64 levels and refuses 65, without recursion for a million', () => {
    const nested = (depth: number): Uint8Array => bytes('l'.repeat(depth) + 'e'.repeat(depth))
    decode(nested(64))
    expect(String(thrown(() => decode(nested(65))))).to.contain('deeper than 64')
    expect(String(thrown(() => decode(nested(1_000_000))))).to.contain('deeper than 64')
    expect(String(thrown(() => decode(bytes('d1:a'.repeat(1_000_000)))))).to.contain('deeper than 64')
  })

  it('reads 100,000 values and refuses one more', () => {
    const list = (values: number): Uint8Array => bytes(`l${'le'.repeat(values - 1)}e`)
    expect(decode(list(100_000))).to.have.length(99_999)
    expect(String(thrown(() => decode(list(100_001))))).to.contain('100000')
  })

  it('refuses more than 10 MiB unread', () => {
    expect(String(thrown(() => decode(new Uint8Array(10 * 2 ** 20 + 1))))).to.contain('more than the 10485760')
  })

  it('writes every value so that it reads back the same', () => {
    fc.assert(
      fc.property(values(), (value) => {
        expect(decode(encode(value))).to.deep.equal(value)
      }),
      { numRuns: 2_000 },
    )
  })

  it('has one form for each value: whatever it reads, it writes back byte for byte', () => {
    fc.assert(
      fc.property(likelyBencode(), (input) => {
        let value: BencodeValue
        try {
          value = decode(input)
        } catch (error) {
          expect(error).to.be.instanceOf(BencodeError)
          return
        }
        expect(text(encode(value))).to.equal(text(input))
      }),
      { numRuns: 20_000 },
    )
  })

  it('takes apart by entries what it decodes as a dictionary, and nothing else', () => {
    let dictionaries = 0
    fc.assert(
      fc.property(likelyBencode(), (input) => {
        const value = attempt(() => decode(input))
        const spans = attempt(() => spansOf(input))
        expect(spans === undefined, text(input)).to.equal(value === undefined)
        if (value === undefined || spans === undefined) return
        if (!(value instanceof Map)) {
          expect(spans).to.equal(null)
          return
        }
        dictionaries += 1
        const decoded = new Map([...(spans ?? [])].map(([key, span]) => [key, decode(span)]))
        expect(decoded).to.deep.equal(value)
      }),
      { numRuns: 20_000 },
    )
    expect(dictionaries).to.be.greaterThan(100)
    for (const input of Object.keys(NOT_CANONICAL)) {
      expect(
        thrown(() => spansOf(bytes(input))),
        input,
      ).to.be.instanceOf(BencodeError)
      expect(
        thrown(() => spansOf(bytes(`d1:a${input}e`))),
        input,
      ).to.be.instanceOf(BencodeError)
    }
  })

  it('answers every cut and every changed byte of a real value with a value or a BencodeError', () => {
    const whole = encode(new Map<string, BencodeValue>([['info', [1, -2, 'text', new Map([['k', 'v']])]]]))
    for (let at = 0; at < whole.length; at += 1) {
      expect(thrown(() => decode(whole.subarray(0, at)))).to.be.instanceOf(BencodeError)
      for (let byte = 0; byte < 256; byte += 1) {
        const changed = whole.slice()
        changed[at] = byte
        try {
          decode(changed)
        } catch (error) {
          expect(error).to.be.instanceOf(BitCdnError)
        }
      }
    }
  })
})

function values(): fc.Arbitrary<BencodeValue> {
  const key = fc.uint8Array({ maxLength: 8 }).map((raw) => Buffer.from(raw).toString('latin1'))
  return fc.letrec<{ value: BencodeValue }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.maxSafeInteger().map((number) => (Object.is(number, -0) ? 0 : number)),
      fc.bigInt(2n ** 60n, 2n ** 62n),
      fc.uint8Array({ maxLength: 40 }),
      fc.array(tie('value'), { maxLength: 5 }),
      fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map((pairs) => new Map(pairs)),
    ),
  })).value
}

/** Bytes of bencode's own alphabet: most are wrong somewhere, some are right. */
function likelyBencode(): fc.Arbitrary<Uint8Array> {
  const token = fc.oneof(
    fc.constantFrom('i', 'l', 'd', 'e', ':', '-', '0', '1', '2', 'a', '1:a', '2:ab', '0:', 'i1e', 'i-7e', 'le', 'de'),
    fc.string({ maxLength: 3 }).map((word) => `${word.length}:${word}`),
  )
  return fc.oneof(
    fc.array(token, { maxLength: 12 }).map((tokens) => bytes(tokens.join(''))),
    fc.array(token, { maxLength: 8 }).map((tokens) => bytes(`l${tokens.join('')}e`)),
    fc.array(token, { maxLength: 8 }).map((tokens) => bytes(`d${tokens.join('')}e`)),
    fc.uint8Array({ maxLength: 30 }),
  )
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    expect(error).to.be.instanceOf(BencodeError)
    return undefined
  }
}
