// Deploys BitCDN: npx hardhat run scripts/deploy.ts --network NAME. BITCDN_STABLECOIN names the stablecoin (at most 8
// decimals); without it a test dollar that everybody may mint is deployed too.
import { network } from 'hardhat'
import { print } from './connect.ts'
import BitCDN from './ignition/BitCDN.ts'
import Devnet from './ignition/Devnet.ts'

const { ignition, networkName } = await network.create()
const stablecoin = process.env.BITCDN_STABLECOIN
// A deployment id of its own where the chain forgets: Ignition's journal of an earlier one would answer old addresses.
const deploymentId = process.env.BITCDN_DEPLOYMENT ?? `${networkName}-${Date.now()}`
const contracts =
  stablecoin === undefined
    ? await ignition.deploy(Devnet, { deploymentId })
    : {
        token: { getAddress: async () => stablecoin },
        ...(await ignition.deploy(BitCDN, { deploymentId, parameters: { BitCDN: { stablecoin } } })),
      }
print({
  network: networkName,
  deploymentId,
  stablecoin: await contracts.token.getAddress(),
  settlement: await contracts.settlement.getAddress(),
  registry: await contracts.registry.getAddress(),
})
