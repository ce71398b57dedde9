// Buys a pass: npx hardhat run scripts/buy-pass.ts, or node scripts/buy-pass.ts. Takes BITCDN_RPC, BITCDN_REGISTRY,
// BITCDN_KEY_FILE and BITCDN_CONTENT (a content id, a magnet link or a pass's address). With BITCDN_GATEWAY the publisher's
// gateway submits the purchase and pays the gas.
import { createGatewayClient, findContent, purchasePass } from '../src/sdk/index.ts'
import { connectFromEnvironment, fromEnvironment, print } from './connect.ts'

const chain = await connectFromEnvironment()
const { pass, contentId } = await findContent(chain, fromEnvironment('BITCDN_CONTENT', 'what to buy a pass for'))
const gateway = process.env.BITCDN_GATEWAY
const { tokenId, paid, delivery, hash, gasUsed } = await purchasePass(chain, {
  pass,
  tier: Number(process.env.BITCDN_TIER ?? 0),
  relay: gateway === undefined ? undefined : createGatewayClient({ url: gateway }),
})
print({ contentId, pass, tokenId, paid, delivery, hash, gasUsed })
