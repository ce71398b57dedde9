import { createRequire } from 'node:module'
import toolbox from '@nomicfoundation/hardhat-toolbox-mocha-ethers'
import { defineConfig } from 'hardhat/config'

const require = createRequire(import.meta.url)

const compiler = {
  version: '0.8.37',
  path: require.resolve('solc/soljson.js'), // the compiler is an npm package: nothing is downloaded while building
  settings: { viaIR: true, evmVersion: 'prague', optimizer: { enabled: true, runs: 10_000 } },
}

/** Small by default; `npm run test:contracts:full` asks for 100,000 and for 1,000 × 100. */
const times = (name: string, usual: number) => Number(process.env[name] ?? usual)

export default defineConfig({
  plugins: [toolbox],
  solidity: { profiles: { default: compiler, production: compiler } }, // what is tested is what is deployed
  paths: { tests: { mocha: 'test/contracts', solidity: 'test/contracts' }, ignition: 'scripts/ignition' },
  networks: {
    devnet: { type: 'edr-simulated', chainType: 'l1', chainId: 31337, hardfork: 'prague' },
    local: { type: 'http', chainType: 'l1', url: process.env.BITCDN_RPC ?? 'http://127.0.0.1:8545' },
  },
  typechain: { tsNocheck: true },
  coverage: { skipFiles: ['contracts/mocks/**'] },
  test: {
    solidity: {
      fuzz: { runs: times('BITCDN_FUZZ_RUNS', 256), seed: process.env.BITCDN_FUZZ_SEED ?? '0xb17c' },
      invariant: {
        runs: times('BITCDN_INVARIANT_RUNS', 48),
        depth: times('BITCDN_INVARIANT_DEPTH', 50),
        failOnRevert: true,
      },
    },
  },
})
