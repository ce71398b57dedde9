// BitCDN with a dollar that everybody may mint, for devnets and tests.
import { buildModule } from '@nomicfoundation/hardhat-ignition/modules'
import { bitcdn } from './BitCDN.ts'

export const Devnet = buildModule('Devnet', (m) => {
  const token = m.contract('TestUSD')
  return { token, ...bitcdn(m, token) }
})

export default Devnet // as Ignition expects of a module file
