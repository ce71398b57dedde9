// Chromium of the distribution with one page, on localhost.
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import type { Authorise, PageAnswer, PageRequest } from './page.ts'

const CHROMIUM = '/usr/bin/chromium'

const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
]

export interface Browser {
  fetchContent(request: PageRequest): Promise<PageAnswer>
  close(): Promise<void>
}

/** @param authorise - asked by the page for a session that somebody pays */
export async function startBrowser(authorise: Authorise): Promise<Browser> {
  const program = await bundle(join(import.meta.dirname, 'page.ts'))
  const server = createServer((request, response) => {
    const isProgram = request.url === '/page.js'
    response.setHeader('content-type', isProgram ? 'text/javascript' : 'text/html')
    response.end(isProgram ? program : '<!doctype html><script type="module" src="/page.js"></script>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const data = await mkdtemp(join(tmpdir(), 'bitcdn-browser-'))
  const context = await chromium.launchPersistentContext(data, { executablePath: CHROMIUM, args: FLAGS })
  const page = await context.newPage()
  const said: string[] = []
  page.on('console', (message) => void said.push(message.text()))
  page.on('pageerror', (error) => void said.push(String(error)))
  await page.exposeFunction('authorise', authorise)
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`)
  await page.waitForFunction('globalThis.fetchContent !== undefined').catch((error: Error) => {
    throw new Error(`The page does not start: ${said.join('\n')}`, { cause: error })
  })

  return {
    fetchContent: (request) => page.evaluate(`fetchContent(${JSON.stringify(request)}, authorise)`),
    async close() {
      await context.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(data, { recursive: true, force: true })
    },
  }
}

/** As any page would be built. What Node has and browsers do not is a package for both, or has another file for browsers. */
async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    ...{ bundle: true, write: false, format: 'esm', platform: 'browser', target: 'es2024' },
    inject: [join(import.meta.dirname, 'buffer.ts')],
    define: { global: 'globalThis' },
  })
  return outputFiles[0]?.text ?? ''
}
