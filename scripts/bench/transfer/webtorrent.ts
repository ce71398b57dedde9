// The rival's side of a measured transfer: WebTorrent over plain TCP, every piece hashed, without payment. It is imported from
// where the machine has it, since this project does not depend on it.
//   webtorrent.ts MODULE send TORRENT FOLDER | receive TORRENT FOLDER ADDRESS...
import { once } from 'node:events'
import { pathToFileURL } from 'node:url'

interface Torrent extends NodeJS.EventEmitter {
  readonly done: boolean
  addPeer(address: string): boolean
}

interface Client {
  readonly torrentPort: number
  readonly listening: boolean
  on(event: string, listener: (error: Error) => void): void
  once(event: string, listener: () => void): void
  add(torrent: string, options: object): Torrent
}

const [module = '', role, torrent = '', folder, ...addresses] = process.argv.slice(2)
const { default: WebTorrent } = (await import(pathToFileURL(module).href)) as { default: new (init: object) => Client }
const none = { dht: false, tracker: false, lsd: false, utp: false, webSeeds: false, natUpnp: false, natPmp: false }
const client = new WebTorrent(none)
client.on('error', (error) => {
  throw error
})
process.stdin.on('end', () => process.exit(0))

if (role === 'send') {
  const seeding = client.add(torrent, { path: folder })
  if (!seeding.done) await once(seeding, 'done')
  if (!client.listening) await new Promise<void>((resolve) => client.once('listening', resolve))
  process.stdout.write(`127.0.0.1:${client.torrentPort}\n`)
  process.stdin.resume()
} else {
  process.stdout.write('ready\n')
  await once(process.stdin, 'data')
  const fetching = client.add(torrent, { path: folder })
  fetching.once('ready', () => {
    for (const address of addresses) fetching.addPeer(address)
  })
  if (!fetching.done) await once(fetching, 'done')
  process.stdout.write('done\n')
}
