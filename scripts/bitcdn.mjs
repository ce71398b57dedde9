// `bitcdn` in a clone. Plain JavaScript, which older versions of Node read as well: whoever began with `npx -p node@24`, as the
// README says, goes on with `npm run bitcdn` under the Node of the machine. Then the Node 24 of npm's cache takes over.
import { spawn, spawnSync } from 'node:child_process'
import nodeModule from 'node:module'
import { fileURLToPath } from 'node:url'

const NEEDED = 24
/** As in package.json and docs/operate: memory that V8 would keep for each busy moment, without a loss of speed. */
const YOUNG = '--max-semi-space-size=8'
/** `disk-failed` and its like: something of this machine. */
const EXIT_MACHINE = 4

// npm runs scripts in the folder of package.json; paths are meant from where the person is.
if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD)

if (Number.parseInt(process.versions.node, 10) >= NEEDED) {
  // TypeScript is read faster the second time: half the time that a command takes to start.
  nodeModule.enableCompileCache()
  await import('../src/cli/main.ts')
} else startWith(newerNode())

/** Path of a Node that is new enough; null when npm can neither find nor fetch it. */
function newerNode() {
  const [command, ...before] = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath, 'exec'] : ['npx']
  const asked = ['--prefer-offline', '--yes', `--package=node@${NEEDED}`, '--call', 'node -p process.execPath']
  const found = spawnSync(command, [...before, ...asked], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return found.status === 0 ? found.stdout.trim() : null
}

function startWith(node) {
  if (node === null) {
    console.error(`bitcdn: This needs Node ${NEEDED} or newer, and runs under Node ${process.versions.node}.`)
    console.error(`Install Node ${NEEDED} from https://nodejs.org; npm could not fetch it for this run.`)
    process.exit(EXIT_MACHINE)
  }
  const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
  const child = spawn(node, [YOUNG, main, ...process.argv.slice(2)], { stdio: 'inherit' })
  process.on('SIGINT', () => {}) // the terminal sends it to both
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('close', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
}
