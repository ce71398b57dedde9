// solc from npm, called directly: a mutation run needs syntax trees and one build of its own, not Hardhat's cache.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const solc: { compile(input: string, callbacks: { import: (path: string) => object }): string } = createRequire(
  import.meta.url,
)('solc')

export interface Node {
  readonly nodeType: string
  readonly src: string
  readonly [key: string]: unknown
}

export interface CompileError {
  readonly severity: string
  readonly message: string
  readonly formattedMessage: string
  readonly sourceLocation?: { readonly file: string; readonly start: number; readonly end: number }
}

export interface CompileOutput {
  readonly errors: readonly CompileError[]
  readonly sources: Record<string, { readonly ast: Node }>
  readonly contracts: Record<
    string,
    Record<string, { readonly evm: { readonly bytecode: Bytecode; readonly deployedBytecode: Bytecode } }>
  >
}

interface Bytecode {
  readonly object: string
}

/** Compiles `sources` (path from the project root to text); what they import is read from the project and node_modules. */
export function compile(
  sources: ReadonlyMap<string, string>,
  outputs: readonly string[],
  settings: object = {},
): CompileOutput {
  const output = JSON.parse(
    solc.compile(
      JSON.stringify({
        language: 'Solidity',
        sources: Object.fromEntries([...sources].map(([path, content]) => [path, { content }])),
        settings: {
          evmVersion: 'prague',
          ...settings,
          outputSelection: { '*': { '': outputs.filter((o) => o === 'ast'), '*': outputs.filter((o) => o !== 'ast') } },
        },
      }),
      { import: read },
    ),
  )
  const errors = (output.errors ?? []).filter((error: CompileError) => error.severity === 'error')
  return { errors, sources: output.sources ?? {}, contracts: output.contracts ?? {} }
}

function read(path: string): object {
  try {
    return { contents: readFileSync(path.startsWith('@') ? `node_modules/${path}` : path, 'utf8') }
  } catch (error) {
    return { error: String(error) }
  }
}
