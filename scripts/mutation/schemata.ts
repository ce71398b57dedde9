// All mutants in one build: each site chooses by the block's coinbase, so that a mutant is switched on by setting that and
// nothing is compiled twice. The sources with the switches exist in memory alone.
import { readFileSync } from 'node:fs'
import { type CompileError, type CompileOutput, compile, type Node } from './compiler.ts'
import { findSites, range, type Site } from './rules.ts'

export interface Mutant {
  readonly id: number
  readonly file: string
  readonly line: number
  readonly within: string
  readonly original: string
  readonly what: string
  /** Which switch tells that this place is run; assembly has one for the whole block. */
  readonly probe: number
}

interface NumberedSite extends Site {
  readonly ids: (number | undefined)[]
}

/** The coinbase that switches mutant 0 on. */
export const BASE = 0x6d75_74616e74_00000000n
const SWITCH = 'contracts/Mutant.sol'
const GUARD = '@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol'
const PICK = `function mutant_pick(id, changed, kept) -> r { switch eq(coinbase(), add(${BASE}, id)) case 0 { r := kept } default { r := changed } }`

/** `files` with every change of the rules in them that the compiler accepts, and `around`, which call them, as they are. */
export function buildSchemata(files: readonly string[], around: readonly string[]) {
  const texts = new Map(files.map((file) => [file, readFileSync(file)]))
  const { sources, errors } = compile(new Map([...texts].map(([file, text]) => [file, text.toString()])), ['ast'])
  if (errors.length > 0) throw new Error(errors[0]!.formattedMessage)
  const constants = constantsOf(files.map((file) => sources[file]!.ast))
  const mutants: Mutant[] = []
  const unchanged = new Set<number>()
  const numbered = new Map<string, NumberedSite[]>()
  for (const [file, text] of texts) {
    let block: { readonly end: number; readonly id: number } | undefined
    const sites = findSites(sources[file]!.ast, text, constants).map((site) => {
      if (block && site.start >= block.end) block = undefined
      const ids = site.changes.map(({ what, text: changed }) => {
        const id = mutants.length
        const line = text.subarray(0, site.start).toString().split('\n').length
        const original = short(text.subarray(site.start, site.end).toString())
        const told = changed === undefined || what.startsWith('forced') ? what : `${what}: ${short(changed)}`
        mutants.push({ id, file, line, within: site.within, original, what: told, probe: block?.id ?? id })
        if (site.kind === 'assembly') {
          block = { end: site.end, id }
          unchanged.add(id)
        }
        return id
      })
      return { ...site, ids }
    })
    numbered.set(file, sites)
  }
  const refused = new Set<number>()
  for (;;) {
    const rendered = new Map([
      [SWITCH, switchSource()],
      [GUARD, guardSource()],
    ])
    for (const [file, text] of texts) rendered.set(file, render(text, sources[file]!.ast, numbered.get(file)!))
    for (const file of around) rendered.set(file, viewInsteadOfPure(readFileSync(file, 'utf8')))
    const checked = compile(rendered, ['abi'])
    if (checked.errors.length === 0) {
      return {
        mutants: mutants.filter(({ id }) => !refused.has(id) && !unchanged.has(id)),
        refused: refused.size,
        sources: rendered,
      }
    }
    const before = refused.size
    for (const error of checked.errors) refuse(error, rendered, numbered, refused)
    if (refused.size === before) throw new Error(checked.errors[0]!.formattedMessage)
  }
}

/** Takes a mutant out that the compiler does not accept; the wrapping itself may be what it refuses. */
function refuse(
  { sourceLocation, formattedMessage }: CompileError,
  rendered: ReadonlyMap<string, string>,
  numbered: ReadonlyMap<string, NumberedSite[]>,
  refused: Set<number>,
): void {
  if (!sourceLocation) throw new Error(formattedMessage)
  const text = Buffer.from(rendered.get(sourceLocation.file)!)
  const here = text.subarray(sourceLocation.start, sourceLocation.end).toString()
  const before = text.subarray(0, sourceLocation.start).toString()
  const switches = (part: string) => [...part.matchAll(/_m\((\d+)\)/g)].map(([, id]) => Number(id))
  const first = /^(\()?_m\((\d+)\)/.exec(here)
  const culprits = first ? [Number(first[2])] : switches(here).length > 0 ? switches(here) : switches(before).slice(-1)
  for (const site of numbered.get(sourceLocation.file) ?? []) {
    const hit = site.ids.some((id) => id !== undefined && culprits.includes(id))
    site.ids.forEach((id, i) => {
      if (id === undefined || !hit || (!first?.[1] && !culprits.includes(id))) return
      refused.add(id)
      site.ids[i] = undefined
    })
  }
}

function render(text: Buffer, ast: Node, sites: readonly NumberedSite[]): string {
  const live = sites.filter(({ ids }) => ids.some((id) => id !== undefined))
  const [start] = range(ast)
  const body = piece(start, text.length, live)
  return addModifiers(viewInsteadOfPure(withSwitch(body)))

  function piece(from: number, to: number, inside: readonly NumberedSite[]): string {
    let out = ''
    let at = from
    let rest = inside
    while (rest.length > 0) {
      const [site] = rest
      const nested = rest.slice(1).filter((other) => other.start < site!.end)
      out += text.subarray(at, site!.start).toString()
      out += wrap(site!, piece(site!.start, site!.end, nested))
      at = site!.end
      rest = rest.slice(1 + nested.length)
    }
    return out + text.subarray(at, to).toString()
  }
}

function wrap({ kind, ids, changes }: NumberedSite, kept: string): string {
  const live = ids.flatMap((id, i) => (id === undefined ? [] : [{ id, text: changes[i]!.text }]))
  switch (kind) {
    case 'expression':
      return `(${live.map(({ id, text }) => `_m(${id}) ? (${text}) : `).join('')}(${kept}))`
    case 'statement': {
      const cases = live.map(({ id, text }) => `if (_m(${id})) { ${text ?? ''} } else `)
      return `{ ${cases.join('')}{ ${kept} } }`
    }
    case 'assembly':
      return `_m(${live[0]!.id}); ${kept}`
    case 'modifier':
      return `${kept}Unless(${live[0]!.id})`
    case 'yul-expression':
      return live.reduce((inner, { id, text }) => `mutant_pick(${id}, ${text}, ${inner})`, kept)
    default:
      return `if iszero(eq(coinbase(), add(${BASE}, ${live[0]!.id}))) { ${kept} }`
  }
}

/** The switch reads the block. */
function viewInsteadOfPure(text: string): string {
  return text.replace(
    /\)(\s+(?:(?:private|internal|external|public|override(?:\([^)]*\))?|virtual)\s+)*)pure\b/g,
    ')$1view',
  )
}

/** A twin of each modifier that a mutant switches off; the guard's twin stands in {guardSource}. Assembly gets its switch. */
function addModifiers(text: string): string {
  return text
    .replace(
      /\n( {4})modifier (\w+)\(\) \{([\s\S]*?)\n {4}\}/g,
      (whole, indent, name, body) =>
        `${whole}\n${indent}modifier ${name}Unless(uint256 id_) { if (!_m(id_)) {${String(body).replace('_;', '')}} _; }`,
    )
    .replace(/(assembly \("memory-safe"\) \{)/g, `$1 ${PICK}`)
}

/** The coinbase under which a place that is run says so, in the way of Hardhat's coverage. */
export const RECORD = BASE - 1n

function switchSource(): string {
  return `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;
function _m(uint256 id) view returns (bool) {
    uint256 by = uint160(address(block.coinbase));
    if (by == ${RECORD}) {
        assembly ("memory-safe") {
            mstore(0, id)
            pop(staticcall(gas(), 0xc0bEc0BEc0BeC0bEC0beC0bEC0bEC0beC0beC0BE, 0, 32, 0, 0))
        }
    }
    return by == ${BASE} + id;
}
`
}

function guardSource(): string {
  const text = readFileSync(`node_modules/${GUARD}`, 'utf8')
  const twin = `modifier nonReentrantUnless(uint256 id_) {
        bool on_ = !_m(id_);
        if (on_) _nonReentrantBefore();
        _;
        if (on_) _nonReentrantAfter();
    }
}`
  return withSwitch(text.replace(/\}\s*$/, twin))
}

function withSwitch(text: string): string {
  return text.replace(/(pragma solidity [^;]+;\n)/, '$1import {_m} from "contracts/Mutant.sol";\n')
}

function constantsOf(asts: readonly Node[]): Map<number, Node> {
  const found = new Map<number, Node>()
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const node = value as Node
    if (node.nodeType === 'VariableDeclaration' && node.constant === true) found.set(Number(node.id), node)
    for (const part of Object.values(value)) visit(part)
  }
  asts.forEach(visit)
  return found
}

function short(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 100 ? `${line.slice(0, 97)}…` : line
}

/** The creation and runtime code of every contract in `sources`, by name. */
export function codeOf(sources: ReadonlyMap<string, string>, settings: object): CompileOutput['contracts'] {
  const { errors, contracts } = compile(sources, ['evm.bytecode.object', 'evm.deployedBytecode.object'], settings)
  if (errors.length > 0) throw new Error(errors[0]!.formattedMessage)
  return contracts
}
