// Puts @libp2p/webrtc into dist/, with what it needs and the package does not depend on anyway, and the licences of all that.
// As a dependency it would bring React Native along, which only npm's `overrides` of a root project can leave out.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const TARGET = 'dist/discovery/libp2p-webrtc'

const { dependencies, optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  dependencies: Record<string, string>
  optionalDependencies: Record<string, string>
}
const external = [...Object.keys(dependencies), ...Object.keys(optionalDependencies)]

const { metafile } = await build({
  entryPoints: ['src/discovery/libp2p-webrtc.ts'],
  outfile: `${TARGET}.js`,
  ...{ bundle: true, format: 'esm', platform: 'node', target: 'node24', metafile: true, allowOverwrite: true },
  external: external.flatMap((name) => [name, `${name}/*`]),
  logLevel: 'warning',
})

const folders = new Set(
  Object.keys(metafile.inputs).flatMap((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []),
)
const licences = [...folders].sort().map((folder) => {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
    string,
    string
  >
  const texts = readdirSync(folder).filter((file) => /^licen[cs]e/i.test(file) && existsSync(join(folder, file)))
  const words = texts.map((file) => readFileSync(join(folder, file), 'utf8').trim())
  return [`${name} ${version} (${license})`, ...words].join('\n\n')
})
writeFileSync(`${TARGET}.licences.txt`, `${licences.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`)
process.stdout.write(`${TARGET}.js holds ${folders.size} packages\n`)
