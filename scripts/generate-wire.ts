// Turns wire.proto into JavaScript and declarations. protons writes TypeScript with namespaces, which Node does not
// strip, so the compiler's output is what is committed.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const bin = join(root, 'node_modules/.bin')
const room = join(root, 'src/transfer')
const target = join(room, 'generated')

// Within the project, so that the compiler finds the packages that the generated file imports.
const work = mkdtempSync(join(root, '.wire-'))
try {
  execFileSync(join(bin, 'protons'), ['--output', work, join(room, 'wire.proto')], { cwd: root, stdio: 'inherit' })
  execFileSync(
    join(bin, 'tsc'),
    [
      '--ignoreConfig',
      ...['--target', 'es2024', '--module', 'nodenext', '--types', 'node'],
      ...['--skipLibCheck', '--noCheck', '--declaration', '--outDir', target],
      join(work, 'wire.ts'),
    ],
    { cwd: root, stdio: 'inherit' },
  )
} finally {
  rmSync(work, { recursive: true, force: true })
}

for (const name of readdirSync(target)) {
  const path = join(target, name)
  writeFileSync(path, `${readFileSync(path, 'utf8').trimEnd()}\n`)
}
