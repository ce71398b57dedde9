import { expect } from 'chai'
import { bitcdn } from './terminal.ts'

/** Every command of this level, from its help. */
async function commandsOf(path: readonly string[]): Promise<string[][]> {
  const { out } = await bitcdn([...path, '--help'])
  const listed = out.split('\nCommands:\n')[1]?.split('\n\n')[0] ?? ''
  const names = [...listed.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name]) => name!)
  const below = names.filter((name) => name !== 'help').map((name) => [...path, name])
  return [...below, ...(await Promise.all(below.map(commandsOf))).flat()]
}

describe('--help', () => {
  it('of every command shows examples, which name that command', async () => {
    const commands = await commandsOf([])
    expect(commands.map((path) => path.join(' '))).to.include.members(['get', 'stop', 'torrent verify', 'key new'])
    for (const path of commands) {
      const { code, out } = await bitcdn([...path, '--help'])
      expect(code).to.equal(0)
      const examples = out.split(/^Examples?:$/m)[1] ?? ''
      expect(examples, path.join(' ')).to.include(`bitcdn ${path.join(' ')}`)
    }
  })
})
