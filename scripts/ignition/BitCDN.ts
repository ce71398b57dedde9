// BitCDN for one stablecoin: pass its address as the parameter `stablecoin` of the module `BitCDN`.
import { buildModule } from '@nomicfoundation/hardhat-ignition/modules'

export const BitCDN = buildModule('BitCDN', (m) => bitcdn(m, m.getParameter<string>('stablecoin')))

type ModuleBuilder = Parameters<Parameters<typeof buildModule>[1]>[0]
type Stablecoin = ReturnType<ModuleBuilder['getParameter']> | Parameters<ModuleBuilder['call']>[0]

/** The four contracts in the order that their constructors ask for. */
export function bitcdn(m: ModuleBuilder, stablecoin: Stablecoin) {
  const settlement = m.contract('BandwidthSettlement', [stablecoin])
  const shareToken = m.contract('RevenueShareToken', [stablecoin])
  const pass = m.contract('AccessPass', [settlement])
  const registry = m.contract('ContentRegistry', [shareToken, pass])
  return { settlement, shareToken, pass, registry }
}

export default BitCDN // as Ignition expects of a module file
