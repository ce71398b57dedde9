// Keccak-256 (FIPS 202's permutation with Ethereum's padding). JavaScript has no 64-bit rotation, WebAssembly has: the
// permutation is put together here as a module of one function, and is ten times as fast as one over pairs of numbers.

/** The part that is used here: Node's types leave it to those of browsers. */
declare const WebAssembly: {
  Memory: new (init: { initial: number }) => { buffer: ArrayBuffer }
  Module: new (binary: Uint8Array) => object
  Instance: new (module: object, imports: object) => { exports: Record<string, unknown> }
}

const LANES = 25
const STATE = LANES * 8
const RATE = 136
const ROUNDS = 24

/** Instructions of WebAssembly by their names in its text form. */
const OP = {
  ...{ loop: 0x03, end: 0x0b, brIf: 0x0d, localGet: 0x20, localSet: 0x21, i64Load: 0x29, i64Store: 0x37 },
  ...{ i32Const: 0x41, i64Const: 0x42, i32Ne: 0x47, i32Add: 0x6a, i64And: 0x83, i64Xor: 0x85, i64Rotl: 0x89 },
}
const TYPE = { i32: 0x7f, i64: 0x7e, function: 0x60, none: 0x40 }

/** Locals of the function: the state, the state after ρ and π, the column parities, one word, and the round's constant. */
const A = 0
const B = A + LANES
const C = B + LANES
const D = C + 5
const ROUND = D + 1

const memory = new WebAssembly.Memory({ initial: 1 })
const state = new Uint8Array(memory.buffer, 0, STATE)
new BigUint64Array(memory.buffer, STATE, ROUNDS).set(roundConstants())
const permute = compile()

/** 32 bytes. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  state.fill(0)
  let at = 0
  for (; bytes.length - at >= RATE; at += RATE) {
    absorb(bytes, at, at + RATE)
    permute()
  }
  absorb(bytes, at, bytes.length)
  const left = bytes.length - at
  state[left] = (state[left] as number) ^ 0x01
  state[RATE - 1] = (state[RATE - 1] as number) ^ 0x80
  permute()
  return state.slice(0, 32)
}

function absorb(bytes: Uint8Array, from: number, to: number): void {
  if (from === 0) state.set(bytes.subarray(0, to))
  else for (let i = from; i < to; i++) state[i - from] = (state[i - from] as number) ^ (bytes[i] as number)
}

function compile(): () => void {
  const body = [
    ...[2, ...unsigned(ROUND), TYPE.i64, 1, TYPE.i32], // how many locals of which type
    ...words(LANES, (i) => [...i32(0), OP.i64Load, 3, ...unsigned(8 * i), ...set(A + i)]),
    ...[...i32(STATE), ...set(ROUND), OP.loop, TYPE.none, ...round()],
    ...[...get(ROUND), ...i32(8), OP.i32Add, ...set(ROUND)],
    ...[...get(ROUND), ...i32(STATE + 8 * ROUNDS), OP.i32Ne, OP.brIf, 0, OP.end],
    ...words(LANES, (i) => [...i32(0), ...get(A + i), OP.i64Store, 3, ...unsigned(8 * i)]),
    OP.end,
  ]
  const name = (text: string) => [text.length, ...new TextEncoder().encode(text)]
  const section = (id: number, content: number[]) => [id, ...unsigned(content.length), ...content]
  const binary = [
    ...[0, ...new TextEncoder().encode('asm'), 1, 0, 0, 0],
    ...section(1, [1, TYPE.function, 0, 0]),
    ...section(2, [1, ...name('keccak'), ...name('memory'), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name('permute'), 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]
  const module = new WebAssembly.Module(Uint8Array.from(binary))
  return new WebAssembly.Instance(module, { keccak: { memory } }).exports.permute as () => void
}

/** θ, ρ, π, χ and ι, with lane (x, y) at x + 5y. */
function round(): number[] {
  const code: number[] = []
  const offsets = rotations()
  for (let x = 0; x < 5; x++) {
    code.push(...get(A + x), ...words(4, (y) => [...get(A + x + 5 * (y + 1)), OP.i64Xor]), ...set(C + x))
  }
  for (let x = 0; x < 5; x++) {
    code.push(...get(C + ((x + 4) % 5)), ...get(C + ((x + 1) % 5)), ...i64(1), OP.i64Rotl, OP.i64Xor, ...set(D))
    for (let y = 0; y < 5; y++) {
      const to = y + 5 * ((2 * x + 3 * y) % 5)
      code.push(...get(A + x + 5 * y), ...get(D), OP.i64Xor, ...i64(offsets[x + 5 * y] as number), OP.i64Rotl)
      code.push(...set(B + to))
    }
  }
  for (let i = 0; i < LANES; i++) {
    const inRow = (x: number) => B + 5 * Math.floor(i / 5) + ((i + x) % 5)
    code.push(...get(inRow(1)), ...i64(-1), OP.i64Xor, ...get(inRow(2)), OP.i64And)
    code.push(...get(inRow(0)), OP.i64Xor, ...set(A + i))
  }
  code.push(...get(A), ...get(ROUND), OP.i64Load, 3, 0, OP.i64Xor, ...set(A))
  return code
}

/** ρ turns the lane that is reached after t steps of (x, y) → (y, 2x + 3y) by the t-th triangular number. */
function rotations(): number[] {
  const offsets = new Array<number>(LANES).fill(0)
  let [x, y] = [1, 0]
  for (let t = 1; t < LANES; t++) {
    offsets[x + 5 * y] = ((t * (t + 1)) / 2) % 64
    ;[x, y] = [y, (2 * x + 3 * y) % 5]
  }
  return offsets
}

/** ι's constants: bits 2^j − 1 from a linear feedback shift register. */
function roundConstants(): bigint[] {
  let register = 1
  return Array.from({ length: ROUNDS }, () => {
    let constant = 0n
    for (let j = 0; j < 7; j++) {
      if ((register & 1) === 1) constant |= 1n << BigInt(2 ** j - 1)
      register = (register << 1) ^ ((register >> 7) * 0x171)
    }
    return constant
  })
}

function words(count: number, each: (i: number) => number[]): number[] {
  return Array.from({ length: count }, (_, i) => each(i)).flat()
}

function get(local: number): number[] {
  return [OP.localGet, local]
}

function set(local: number): number[] {
  return [OP.localSet, local]
}

function i32(value: number): number[] {
  return [OP.i32Const, ...signed(value)]
}

function i64(value: number): number[] {
  return [OP.i64Const, ...signed(value)]
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

/** LEB128 whose last byte carries the sign. */
function signed(value: number): number[] {
  return value >= -0x40 && value < 0x40 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)]
}
