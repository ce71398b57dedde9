// Loaded by mocha before the tests: TypeScript that was read once is read faster by every process that a test starts.
import { enableCompileCache, getCompileCacheDir } from 'node:module'
import { join } from 'node:path'

enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/bitcdn'))
const folder = getCompileCacheDir()
if (folder !== undefined) process.env.NODE_COMPILE_CACHE ??= folder
