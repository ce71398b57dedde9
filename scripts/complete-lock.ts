// Adds the optional platform packages that an installation here left out of package-lock.json, so that one lock serves
// every platform. Run it after every change of dependencies.
import { readFileSync, writeFileSync } from 'node:fs'

interface LockedPackage {
  version?: string
  dev?: boolean
  optional?: boolean
  os?: string[]
  cpu?: string[]
  optionalDependencies?: Record<string, string>
}

const FILE = 'package-lock.json'
const SYSTEM = /(?:^|[-/])(darwin|win32|linux|freebsd|android|openbsd|netbsd|sunos|aix|openharmony)(?=-|$)/
const PROCESSOR = /-(x64|arm64|arm|ia32|amd64|ppc64|s390x|riscv64|loong64|mips64el)(?=-|$)/

const lock = JSON.parse(readFileSync(FILE, 'utf8')) as { packages: Record<string, LockedPackage> }
const missing: Record<string, LockedPackage> = {}
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const nested = `${path}/node_modules/${name}`
    const top = `node_modules/${name}`
    if (nested in lock.packages || top in lock.packages || !/^\d/.test(version)) continue
    const system = SYSTEM.exec(name)?.[1]
    const processor = PROCESSOR.exec(name)?.[1]?.replace('amd64', 'x64')
    missing[top] = {
      version,
      ...(entry.dev === true ? { dev: true } : {}),
      optional: true,
      ...(processor === undefined ? {} : { cpu: [processor] }),
      ...(system === undefined ? {} : { os: [system] }),
    }
  }
}
const packages = Object.entries({ ...lock.packages, ...missing }).sort(([a], [b]) => a.localeCompare(b, 'en'))
writeFileSync(FILE, `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, null, 2)}\n`)
process.stdout.write(`${Object.keys(missing).length} platform packages added to ${FILE}\n`)
