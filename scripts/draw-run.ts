// Records a run of the main job as docs/run.svg: node scripts/draw-run.ts
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'

const CHARACTER = 8.4
const LINE = 19
const WIDTH = 118

const child = spawn(process.execPath, ['src/cli/main.ts', 'devnet'], { stdio: ['ignore', 'pipe', 'pipe'] })
const lines: string[] = ['$ npm start']
for (const stream of [child.stdout, child.stderr]) {
  let unfinished = ''
  stream.setEncoding('utf8').on('data', (text: string) => {
    const parts = (unfinished + text).split('\n')
    unfinished = parts.pop() ?? ''
    lines.push(...parts)
  })
}
const code = await new Promise((settle) => child.once('close', settle))
if (code !== 0) throw new Error(`The run ended with ${code}:\n${lines.join('\n')}`)

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const cut = (text: string): string => (text.length > WIDTH ? `${text.slice(0, WIDTH - 1)}…` : text)
const rows = lines.map((text, at) => {
  const head = /^[A-Z][A-Za-z0-9-]+(?= {2,})/.exec(text)?.[0]
  const shown = escaped(cut(text))
  const styled = head === undefined ? shown : `<tspan class="head">${head}</tspan>${shown.slice(head.length)}`
  return `  <text x="16" y="${32 + at * LINE}" xml:space="preserve">${styled}</text>`
})
const width = Math.round(WIDTH * CHARACTER + 32)
const height = lines.length * LINE + 32
writeFileSync(
  'docs/run.svg',
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="A recorded run of npm start">
  <style>
    rect { fill: #14181f }
    text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #d7dde6 }
    .head { fill: #7fc8ff }
  </style>
  <rect width="${width}" height="${height}" rx="8"/>
${rows.join('\n')}
</svg>
`,
)
