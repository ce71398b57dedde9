// What is changed in assembly: loop bounds and switches forced, built-ins exchanged, numbers raised, writes left out.
import type { Node } from './compiler.ts'
import { range, type Source } from './rules.ts'

const EXCHANGED: Record<string, string> = {
  add: 'sub',
  sub: 'add',
  mul: 'add',
  gt: 'lt',
  lt: 'gt',
  and: 'or',
  or: 'and',
  xor: 'or',
  shl: 'shr',
  shr: 'shl',
}

export function visitYul(node: Node, source: Source): void {
  const { add, text } = source
  const of = (key: string) => node[key] as Node
  const textOf = (part: Node) => text.subarray(...range(part)).toString()
  const condition = (part: Node) => {
    add('yul-expression', part, { what: 'forced true', text: '1' })
    add('yul-expression', part, { what: 'forced false', text: '0' })
  }
  const all = (parts: unknown) => {
    for (const part of parts as Node[]) visitYul(part, source)
  }
  switch (node.nodeType) {
    case 'YulBlock':
      all(node.statements)
      break
    case 'YulForLoop':
      condition(of('condition'))
      all([node.pre, node.condition, node.post, node.body])
      break
    case 'YulIf':
      condition(of('condition'))
      all([node.condition, node.body])
      break
    case 'YulSwitch':
      condition(of('expression'))
      visitYul(of('expression'), source)
      all((node.cases as Node[]).map((one) => one.body))
      break
    case 'YulExpressionStatement':
      add('yul-statement', node, { what: 'left out', text: undefined })
      visitYul(of('expression'), source)
      break
    case 'YulAssignment':
      add('yul-statement', node, { what: 'left out', text: undefined })
      visitYul(of('value'), source)
      break
    case 'YulVariableDeclaration':
      if (node.value) visitYul(of('value'), source)
      break
    case 'YulFunctionCall': {
      const name = String((node.functionName as Node).name)
      const parts = node.arguments as Node[]
      const other = EXCHANGED[name]
      if (other) {
        const what = `${name} becomes ${other}`
        add('yul-expression', node, { what, text: `${other}(${parts.map(textOf).join(', ')})` })
      }
      if (name === 'iszero') add('yul-expression', node, { what: 'negation left out', text: textOf(parts[0]!) })
      all(parts)
      break
    }
    case 'YulLiteral':
      if (node.kind === 'number')
        add('yul-expression', node, { what: 'one more', text: String(BigInt(String(node.value)) + 1n) })
      break
    default:
  }
}
