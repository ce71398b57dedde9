// Publishes a file or folder: npx hardhat run scripts/mint-content.ts, or node scripts/mint-content.ts. Takes BITCDN_RPC,
// BITCDN_REGISTRY, BITCDN_KEY_FILE and BITCDN_FILE; BITCDN_PRICE is the price of a pass in token units (default 5000000).
import { writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { DEFAULT_DELIVERY_BPS, packageContent, publish } from '../src/sdk/index.ts'
import { connectFromEnvironment, fromEnvironment, print } from './connect.ts'

const chain = await connectFromEnvironment()
const file = fromEnvironment('BITCDN_FILE', 'the file or folder to publish')
const packaged = await packageContent(file)
const torrent = process.env.BITCDN_TORRENT ?? `${basename(file)}.torrent`
writeFileSync(torrent, packaged.torrent)
const tier = {
  price: BigInt(process.env.BITCDN_PRICE ?? 5_000_000),
  supplyCap: 0,
  duration: 0,
  uses: 0,
  royaltyBps: 0,
  transferable: true,
}
const { contentId, pass, token, publisher, hash, gasUsed } = await publish(chain, packaged, {
  pricePerGiB: BigInt(process.env.BITCDN_PRICE_PER_GIB ?? 50_000),
  deliveryBps: DEFAULT_DELIVERY_BPS,
  tiers: [tier],
})
print({ contentId, magnet: packaged.magnet, torrent, publisher, pass, token, hash, gasUsed })
