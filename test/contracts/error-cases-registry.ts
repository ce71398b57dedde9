import type { Case } from './error-cases.ts'
import { ethers } from './fixture.ts'
import { publishParams, TIERS } from './published.ts'

const U96 = (1n << 96n) - 1n
const ZERO = ethers.ZeroAddress
const NONE = ethers.ZeroHash
const deploy = (name: string, ...args: unknown[]) => ethers.deployContract(name, args)

const publishing =
  (change: object): Case =>
  ({ registry, other }) =>
    registry.connect(other).publish({ ...publishParams(), ...change })

const share = (holder: string, amount: bigint) => ({ holder, amount })

export const REGISTRY_CASES: Record<string, Record<string, Case>> = {
  'ContentRegistry.constructor': {
    'share token of another stablecoin': async ({ passImplementation }) =>
      deploy('ContentRegistry', await deploy('RevenueShareToken', await deploy('TestUSD')), passImplementation),
  },
  'ContentRegistry.publish': {
    'contentId is zero': publishing({ contentId: NONE }),
    'contentId that the caller has published': ({ registry, publisher, params }) =>
      registry.connect(publisher).publish(params),
    'no title': publishing({ title: '' }),
    'title of 65 bytes': publishing({ title: `${'é'.repeat(32)}x` }),
    'title of 64 bytes': publishing({ title: 'é'.repeat(32) }),
    'deliveryBps above 10,000': publishing({ deliveryBps: 10_001n }),
    'no tiers': publishing({ tiers: [] }),
    '256 tiers': publishing({ tiers: Array.from({ length: 256 }, () => TIERS[0]!) }),
    'tier with a royalty above 10,000': publishing({ tiers: [{ ...TIERS[0]!, royaltyBps: 10_001 }] }),
    'share of the zero address': publishing({ shares: [share(ZERO, 1n)] }),
    'shares that are zero': (all) => publishing({ shares: [share(all.other.address, 0n)] })(all),
    'more than 2^86 shares': (all) => publishing({ shares: [share(all.other.address, (1n << 86n) + 1n)] })(all),
    'shares that do not fit into 96 bits': (all) =>
      publishing({ shares: [share(all.other.address, U96), share(all.other.address, 1n)] })(all),
  },
  'ContentRegistry.setRelease': {
    'no name': ({ registry }) => registry.setRelease('', ethers.id('x')),
    'name of 65 bytes': ({ registry }) => registry.setRelease('x'.repeat(65), ethers.id('x')),
    'name of 64 bytes': ({ registry }) => registry.setRelease('x'.repeat(64), ethers.id('x')),
    'contentId is zero': ({ registry }) => registry.setRelease('app', NONE),
  },
}
