// Recomputes where every unit of a content's income went, from the chain alone: node scripts/audit.ts --rpc URL
// --registry ADDRESS --pass ADDRESS [--json]. It shares no code with the programs that it checks. Exit code 1 when one
// unit is missing or too many.
import { parseArgs } from 'node:util'
import { type Address, createPublicClient, http, parseAbi } from 'viem'

const registryAbi = parseAbi([
  'function settlement() view returns (address)',
  'function stablecoin() view returns (address)',
])
const passAbi = parseAbi([
  'function shareToken() view returns (address)',
  'function sponsor() view returns (address)',
  'event PassBought(uint256 indexed tokenId, uint256 indexed tier, address indexed to, address payer, uint256 paid, uint256 delivery, uint256 validUntil)',
  'event PassRenewed(uint256 indexed tokenId, address indexed payer, uint256 paid, uint256 delivery, uint256 validUntil, uint256 usesLeft)',
])
const settlementAbi = parseAbi([
  'function account(address) view returns (uint256 balance, uint256 thawing, uint256 thawEnd)',
  'function lane(bytes32) view returns (bytes24 head, uint256 reserved, uint256 releasing, uint256 releaseEnd)',
  'function laneKey(address, address, uint64, uint64) view returns (bytes32)',
  'function credit(address) view returns (uint256)',
  'event Deposited(address indexed sponsor, address indexed from, uint256 amount)',
  'event ReserveChanged(address indexed sponsor, address indexed seeder, uint64 lane, uint64 pricePerGiB, uint256 reserved, uint256 releasing, uint256 releaseEnd)',
  'event Settled(address indexed seeder, address indexed sponsor, bytes32 laneKey, uint256 amount, bytes24 head)',
  'event CreditWithdrawn(address indexed seeder, address indexed to, uint256 amount)',
])
const shareAbi = parseAbi([
  'function claimable(address) view returns (uint256)',
  'function entitlement(address) view returns (uint256 whole, uint256 fraction)',
  'function books() view returns (uint256 received, uint256 paid, uint256 pending, uint256 unsynced)',
  'function totalSupply() view returns (uint256)',
  'event Transfer(address indexed from, address indexed to, uint256 value)',
  'event Claimed(address indexed holder, address indexed to, uint256 amount)',
])
const tokenAbi = parseAbi([
  'function balanceOf(address) view returns (uint256)',
  'event Transfer(address indexed from, address indexed to, uint256 value)',
])

const { values } = parseArgs({
  options: {
    rpc: { type: 'string' },
    registry: { type: 'string' },
    pass: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
if (!values.rpc || !values.registry || !values.pass) {
  process.stderr.write('Usage: node scripts/audit.ts --rpc URL --registry ADDRESS --pass ADDRESS [--json]\n')
  process.exit(2)
}
const registry = values.registry as Address
const pass = values.pass as Address
const client = createPublicClient({ transport: http(values.rpc) })
const whole = { fromBlock: 0n, toBlock: 'latest', strict: true } as const
const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n)
const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

const [settlement, token] = await Promise.all([
  client.readContract({ address: registry, abi: registryAbi, functionName: 'settlement' }),
  client.readContract({ address: registry, abi: registryAbi, functionName: 'stablecoin' }),
])
const [share, sponsor] = await Promise.all([
  client.readContract({ address: pass, abi: passAbi, functionName: 'shareToken' }),
  client.readContract({ address: pass, abi: passAbi, functionName: 'sponsor' }),
])
const events = {
  bought: await client.getContractEvents({ address: pass, abi: passAbi, eventName: 'PassBought', ...whole }),
  renewed: await client.getContractEvents({ address: pass, abi: passAbi, eventName: 'PassRenewed', ...whole }),
  deposited: await client.getContractEvents({
    address: settlement,
    abi: settlementAbi,
    eventName: 'Deposited',
    ...whole,
  }),
  reserved: await client.getContractEvents({
    address: settlement,
    abi: settlementAbi,
    eventName: 'ReserveChanged',
    ...whole,
  }),
  settled: await client.getContractEvents({ address: settlement, abi: settlementAbi, eventName: 'Settled', ...whole }),
  withdrawn: await client.getContractEvents({
    address: settlement,
    abi: settlementAbi,
    eventName: 'CreditWithdrawn',
    ...whole,
  }),
  shares: await client.getContractEvents({ address: share, abi: shareAbi, eventName: 'Transfer', ...whole }),
  claimed: await client.getContractEvents({ address: share, abi: shareAbi, eventName: 'Claimed', ...whole }),
  coins: await client.getContractEvents({ address: token, abi: tokenAbi, eventName: 'Transfer', ...whole }),
}
const balanceOf = (of: Address): Promise<bigint> =>
  client.readContract({ address: token, abi: tokenAbi, functionName: 'balanceOf', args: [of] })
const arrivedAt = (at: Address): bigint =>
  sum(events.coins.filter(({ args }) => same(args.to, at)).map(({ args }) => args.value))
const distinct = (addresses: readonly Address[]): Address[] => [...new Set(addresses)]

const paid = sum([...events.bought, ...events.renewed].map(({ args }) => args.paid))
const seeders = await Promise.all(
  distinct(events.settled.map(({ args }) => args.seeder)).map(async (address) => ({
    address,
    earned: sum(events.settled.filter(({ args }) => args.seeder === address).map(({ args }) => args.amount)),
    withdrawn: sum(events.withdrawn.filter(({ args }) => args.seeder === address).map(({ args }) => args.amount)),
    credit: await client.readContract({
      address: settlement,
      abi: settlementAbi,
      functionName: 'credit',
      args: [address],
    }),
  })),
)
const holders = await Promise.all(
  distinct(events.shares.map(({ args }) => args.to)).map(async (address) => {
    const [claimable, fraction] = await client.readContract({
      address: share,
      abi: shareAbi,
      functionName: 'entitlement',
      args: [address],
    })
    const claimed = sum(events.claimed.filter(({ args }) => args.holder === address).map(({ args }) => args.amount))
    return { address, claimed, claimable, fraction }
  }),
)
const laneKeys = await Promise.all(
  events.reserved.map(({ args: { sponsor, seeder, lane, pricePerGiB } }) =>
    client.readContract({
      address: settlement,
      abi: settlementAbi,
      functionName: 'laneKey',
      args: [sponsor, seeder, lane, pricePerGiB],
    }),
  ),
)
const reserves = await Promise.all(
  [...new Set(laneKeys)].map(
    async (key) =>
      (await client.readContract({ address: settlement, abi: settlementAbi, functionName: 'lane', args: [key] }))[1],
  ),
)
const [pool] = await client.readContract({
  address: settlement,
  abi: settlementAbi,
  functionName: 'account',
  args: [sponsor],
})
const [received, claimedInBooks, pending, unsynced] = await client.readContract({
  address: share,
  abi: shareAbi,
  functionName: 'books',
})

const budgetLeft = pool + sum(reserves)
// What does not divide is owed in fractions of one unit, counted in 1/supply; together they are whole units.
const supply = await client.readContract({ address: share, abi: shareAbi, functionName: 'totalSupply' })
const fractions = sum(holders.map(({ fraction }) => fraction))
const carried = fractions / supply
const toSeeders = sum(seeders.map(({ earned }) => earned))
const toHolders = sum(holders.map(({ claimed, claimable }) => claimed + claimable)) + pending

const checks = [
  {
    what: 'paid = seeders + holders + budget left + carried',
    expected: paid,
    actual: toSeeders + toHolders + budgetLeft + carried,
  },
  { what: 'what buyers sent to the pass = what the pass says was paid', expected: arrivedAt(pass), actual: paid },
  { what: 'the pass keeps nothing', expected: 0n, actual: await balanceOf(pass) },
  {
    what: 'every deposit came from the pass',
    expected: arrivedAt(settlement),
    actual: sum(events.deposited.filter(({ args }) => same(args.from, pass)).map(({ args }) => args.amount)),
  },
  {
    what: 'settlement holds the budget and the unpaid credits',
    expected: await balanceOf(settlement),
    actual: budgetLeft + sum(seeders.map(({ credit }) => credit)),
  },
  {
    what: 'credits = earned - withdrawn',
    expected: toSeeders - sum(seeders.map(({ withdrawn }) => withdrawn)),
    actual: sum(seeders.map(({ credit }) => credit)),
  },
  { what: 'the share token counted all that it received', expected: arrivedAt(share), actual: received },
  {
    what: 'the share token holds what it owes',
    expected: await balanceOf(share),
    actual: sum(holders.map(({ claimable }) => claimable)) + pending + carried,
  },
  {
    what: "the share token's books agree with its events",
    expected: sum(holders.map(({ claimed }) => claimed)),
    actual: claimedInBooks,
  },
  { what: 'no income waits uncounted', expected: 0n, actual: unsynced },
  { what: 'what is carried is a whole number of units', expected: 0n, actual: fractions % supply },
].map((check) => ({ ...check, holds: check.expected === check.actual }))
const conserved = checks.every(({ holds }) => holds)

const result = { paid, seeders, holders, budgetLeft, carried, conserved, checks }
if (values.json) {
  process.stdout.write(
    `${JSON.stringify(result, (_key, value) => (typeof value === 'bigint' ? value.toString() : value))}\n`,
  )
} else {
  for (const { what, expected, actual, holds } of checks) {
    process.stdout.write(`${holds ? 'holds' : 'FAILS'}  ${what}: ${expected}${holds ? '' : ` is not ${actual}`}\n`)
  }
}
process.exitCode = conserved ? 0 : 1
