import { Command } from 'commander'
import { loadPeerKey } from '../../discovery/index.ts'
import { BitCdnError } from '../../errors.ts'
import { type CommandIo, printResult } from '../io.ts'
import { NODE_SETTINGS, nodeOf } from '../node.ts'
import { untilAsked } from '../program.ts'
import { announceRunning, refuseSecond } from '../running.ts'
import { type Options, resolveSettings, withSettings } from '../settings.ts'

export function relayCommand(io: CommandIo): Command {
  const command = new Command('relay')
    .description('a peer to start from: keeps the DHT, and carries connections for those that nobody can dial')
    .addHelpText(
      'after',
      `
It needs an address that everybody can dial, and neither a wallet nor a chain. Peers name it with --bootstrap; those that nobody can dial add --relay.

Examples:
  bitcdn relay --listen /ip4/0.0.0.0/tcp/4001
  bitcdn seed film.torrent --bootstrap /ip4/203.0.113.7/tcp/4001/p2p/12D3Koo… --relay auto`,
    )
  return withSettings(command, ...NODE_SETTINGS.filter((name) => name !== 'relay')).action(async (options: Options) => {
    const settings = resolveSettings(options, io)
    refuseSecond(settings.home, 'relay')
    if (settings.list('listen').length === 0) {
      throw new BitCdnError('usage', 'A relay has to listen.', { advice: 'Give --listen /ip4/0.0.0.0/tcp/4001.' })
    }
    const key = await loadPeerKey(settings.path('relay.key'))
    const node = await nodeOf(settings, key, { dht: 'server', relaysOthers: true })
    const [addresses, peerId] = [node.addresses(), node.peerId.toString()]
    const withdraw = announceRunning(settings.home, 'relay', { peerId, addresses })
    printResult(io, settings.json, { ready: true, peerId, addresses }, () =>
      addresses.map((address) => `Address    ${address}`),
    )
    await untilAsked(io.signal)
    await node.stop()
    withdraw()
  })
}
