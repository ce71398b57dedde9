import { createRequire } from 'node:module'
import toolbox from '@nomicfoundation/hardhat-toolbox-mocha-ethers'
import { defineConfig } from 'hardhat/config'

const require = createRequire(import.meta.url)

const compiler = {
  version: '0.8.37',
  path: require.resolve('solc/soljson.js'), // the compiler is an npm package: nothing is downloaded while building
  settings: { viaIR: true, evmVersion: 'prague', optimizer: { enabled: true, runs: 10_000 } },
}

export default defineConfig({
  plugins: [toolbox],
  solidity: { profiles: { default: compiler, production: compiler } }, // what is tested is what is deployed
  paths: { tests: { mocha: 'test/contracts', solidity: 'test/contracts' }, ignition: 'scripts/ignition' },
  networks: {
    devnet: { type: 'edr-simulated', chainType: 'l1', chainId: 31337, hardfork: 'prague' },
    local: { type: 'http', chainType: 'l1', url: process.env.BITCDN_RPC ?? 'http://127.0.0.1:8545' },
  },
  typechain: { tsNocheck: true },
  test: { solidity: { fuzz: { runs: 256 }, invariant: { runs: 64, depth: 50 } } },
})
