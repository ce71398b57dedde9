// Claims what a wallet is owed on the chain: npx hardhat run scripts/claim-payouts.ts, or node scripts/claim-payouts.ts. Takes
// BITCDN_RPC, BITCDN_REGISTRY and BITCDN_KEY_FILE. Claims the share income of every content that the wallet holds shares of,
// and withdraws a seeder's credit. (Receipts that are still on a seeder's disk are settled by "bitcdn claim".)
import { claimable, claimShares, findContents, readCredit, withdraw } from '../src/sdk/index.ts'
import { connectFromEnvironment, print } from './connect.ts'

const chain = await connectFromEnvironment()
const holder = chain.account!.address
const shares = []
for (const { token, contentId } of await findContents(chain)) {
  if ((await claimable(chain, { token, holder })) === 0n) continue
  const { amount, hash, gasUsed } = await claimShares(chain, { token })
  shares.push({ contentId, token, amount, hash, gasUsed })
}
const credit = await readCredit(chain, holder, { at: 'latest' })
const withdrawn = credit === 0n ? null : await withdraw(chain, { to: holder })
print({
  holder,
  shares,
  credit,
  withdrawn: withdrawn === null ? null : { hash: withdrawn.hash, gasUsed: withdrawn.gasUsed },
})
