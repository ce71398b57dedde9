// What is changed in Solidity: every condition forced both ways, operators and constants exchanged, statements and
// modifiers left out, checked casts unchecked. Each change is one mutant.
import type { Node } from './compiler.ts'
import { visitYul } from './yul-rules.ts'

/** How a change is switched on; `modifier` is an invocation left out, `assembly` is no change: it tells that a block is run. */
export type SiteKind = 'expression' | 'statement' | 'modifier' | 'assembly' | 'yul-expression' | 'yul-statement'

export interface Change {
  readonly what: string
  /** Replaces the site; undefined: it is left out. */
  readonly text: string | undefined
}

export interface Site {
  readonly kind: SiteKind
  readonly start: number
  readonly end: number
  /** The function that it is in. */
  readonly within: string
  readonly changes: Change[]
}

export interface Source {
  readonly text: Buffer
  readonly add: (kind: SiteKind, node: Node, change: Change) => void
}

const COMPARED: Record<string, string> = { '<': '<=', '<=': '<', '>': '>=', '>=': '>', '==': '!=', '!=': '==' }
const COMPUTED: Record<string, string> = {
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '/',
  '<<': '>>',
  '>>': '<<',
  '&': '|',
  '|': '&',
  '^': '|',
}
const SEMICOLON = ';'.charCodeAt(0)
const VALUE_TYPE = /^(bool|u?int\d*|bytes\d+)$/

/** All sites of one file. Nested ones are listed too; equal ranges share a site. */
export function findSites(ast: Node, text: Buffer, constants: ReadonlyMap<number, Node>): Site[] {
  const sites = new Map<string, Site>()
  for (const contract of children(ast)) {
    const parts = contract.nodeType === 'ContractDefinition' ? children(contract) : [contract]
    for (const part of parts) {
      if (part.nodeType !== 'FunctionDefinition' && part.nodeType !== 'ModifierDefinition') continue
      const name = String(part.name || part.kind)
      const within = contract === part ? name : `${contract.name}.${name}`
      const add = (kind: SiteKind, node: Node, change: Change) => {
        const [start, last] = range(node)
        const end = kind === 'statement' && text[last] === SEMICOLON ? last + 1 : last
        const key = `${start}:${end}:${kind}`
        const site = sites.get(key) ?? { kind, start, end, within, changes: [] }
        if (!site.changes.some((other) => other.text === change.text)) site.changes.push(change)
        sites.set(key, site)
      }
      const source = { text, add }
      for (const modifier of (part.modifiers as Node[] | undefined) ?? []) {
        if (modifier.kind === 'modifierInvocation') add('modifier', modifier, { what: 'left out', text: undefined })
      }
      if (part.body) visit(part.body as Node, source, constants)
    }
  }
  return [...sites.values()].sort((a, b) => a.start - b.start || b.end - a.end)
}

export function range(node: Node): [number, number] {
  const [start, length] = node.src.split(':').map(Number)
  return [start!, start! + length!]
}

function children(node: Node): Node[] {
  return Object.values(node)
    .flat()
    .filter((value): value is Node => typeof value === 'object' && value !== null && 'nodeType' in value)
}

function visit(node: Node, source: Source, constants: ReadonlyMap<number, Node>): void {
  const { add } = source
  const of = (key: string) => node[key] as Node
  const textOf = (part: Node) => source.text.subarray(...range(part)).toString()
  const condition = (part: Node | undefined | null) => {
    if (!part) return
    add('expression', part, { what: 'forced true', text: 'true' })
    add('expression', part, { what: 'forced false', text: 'false' })
  }
  switch (node.nodeType) {
    case 'IfStatement':
    case 'Conditional':
    case 'WhileStatement':
    case 'DoWhileStatement':
      condition(of('condition'))
      break
    case 'ForStatement': {
      condition(of('condition'))
      const header = [node.initializationExpression, node.loopExpression]
      for (const part of children(node)) if (!header.includes(part)) visit(part, source, constants)
      return
    }
    case 'BinaryOperation': {
      const operator = String(node.operator)
      const [left, right] = [textOf(of('leftExpression')), textOf(of('rightExpression'))]
      if (operator === '&&' || operator === '||') {
        condition(of('leftExpression'))
        condition(of('rightExpression'))
        const other = operator === '&&' ? '||' : '&&'
        add('expression', node, { what: other, text: `(${left}) ${other} (${right})` })
      } else if (VALUE_TYPE.test(typeOf(node))) {
        const other = COMPARED[operator] ?? COMPUTED[operator]
        if (other)
          add('expression', node, { what: `${operator} becomes ${other}`, text: `(${left}) ${other} (${right})` })
      }
      break
    }
    case 'UnaryOperation': {
      const operator = String(node.operator)
      const operand = textOf(of('subExpression'))
      if (operator === '!') add('expression', node, { what: 'negation left out', text: operand })
      if (operator === '++' || operator === '--') {
        const other = operator === '++' ? '--' : '++'
        const text = node.prefix ? other + operand : operand + other
        add('expression', node, { what: `${operator} becomes ${other}`, text })
      }
      if (operator === '-') add('expression', node, { what: 'sign left out', text: operand })
      break
    }
    case 'Literal':
      if (node.kind === 'number' && !node.subdenomination) {
        add('expression', node, { what: 'one more', text: String(BigInt(String(node.value).replaceAll('_', '')) + 1n) })
      }
      if (node.kind === 'bool') add('expression', node, { what: 'flipped', text: String(node.value !== 'true') })
      return
    case 'Identifier': {
      const constant = constants.get(Number(node.referencedDeclaration))
      if (!constant) return
      const type = typeOf(constant)
      const name = String(node.name)
      const greatest = textOfValue(constant).includes('.max') || type === 'uint16' || type === 'uint8'
      if (/^uint/.test(type)) {
        add('expression', node, { what: greatest ? 'one less' : 'one more', text: `${name} ${greatest ? '-' : '+'} 1` })
      }
      if (type === 'bytes32') add('expression', node, { what: 'one bit', text: `bytes32(uint256(${name}) ^ 1)` })
      return
    }
    case 'FunctionCall': {
      if (node.kind === 'typeConversion') {
        const [argument] = node.arguments as Node[]
        if (argument!.nodeType !== 'Literal') visit(argument!, source, constants)
        return
      }
      const callee = of('expression')
      const cast = callee.nodeType === 'MemberAccess' && /^to(U?)[Ii]nt(\d+)$/.exec(String(callee.memberName))
      if (cast) {
        const to = `${cast[1] ? 'u' : ''}int${cast[2]}`
        add('expression', node, { what: 'cast unchecked', text: unchecked(to, callee.expression as Node, textOf) })
      }
      break
    }
    case 'Assignment': {
      visit(of('rightHandSide'), source, constants)
      for (const part of indexes(of('leftHandSide'))) visit(part, source, constants)
      return
    }
    case 'ExpressionStatement': {
      add('statement', node, { what: 'left out', text: undefined })
      const expression = of('expression')
      const operator = String(expression.operator)
      if (expression.nodeType === 'Assignment' && operator !== '=') {
        const other = COMPUTED[operator.slice(0, -1)]
        const [left, right] = [textOf(expression.leftHandSide as Node), textOf(expression.rightHandSide as Node)]
        if (other) {
          add('statement', node, { what: `${operator} becomes ${other}=`, text: `${left} ${other}= ${right};` })
        }
      }
      if (expression.nodeType === 'UnaryOperation') {
        for (const part of indexes(expression.subExpression as Node)) visit(part, source, constants)
        return
      }
      break
    }
    case 'EmitStatement':
      add('statement', node, { what: 'left out', text: undefined })
      break
    case 'InlineAssembly':
      add('assembly', node, { what: 'is run', text: undefined })
      visitYul(node.AST as Node, source)
      return
    default:
  }
  for (const part of children(node)) {
    if (part.nodeType.endsWith('TypeName') || part.nodeType === 'StructuredDocumentation') continue
    visit(part, source, constants)
  }
}

/** An explicit cast to a narrower type of another sign needs two steps. */
function unchecked(to: string, from: Node, textOf: (node: Node) => string): string {
  const type = typeOf(from)
  const inner = textOf(from)
  if (type.startsWith('u') === to.startsWith('u')) return `${to}(${inner})`
  return `${to}(${to.startsWith('u') ? 'uint256' : 'int256'}(${inner}))`
}

/** The index expressions of something that is assigned to. */
function indexes(node: Node): Node[] {
  if (node.nodeType === 'IndexAccess') {
    return [...indexes(node.baseExpression as Node), node.indexExpression as Node]
  }
  if (node.nodeType === 'MemberAccess') return indexes(node.expression as Node)
  return []
}

function typeOf(node: Node): string {
  return String((node.typeDescriptions as { typeString?: string } | undefined)?.typeString ?? '')
}

function textOfValue(constant: Node): string {
  const value = constant.value as Node | undefined
  return value?.nodeType === 'MemberAccess' ? `.${value.memberName}` : ''
}
