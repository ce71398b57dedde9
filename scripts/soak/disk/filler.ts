// Fills the ledger of its first argument with as many lanes and unsettled lines a lane as its second and third say, in a
// process of its own: what that takes in memory is not the settler's. Prints what is owed.
import { createRandom } from '../../../test/parity/random.ts'
import { fillLedger } from '../full-ledger.ts'

const [path = '', lanes = '1', lines = '1', seed = '0'] = process.argv.slice(2)
const each = { linesPerLane: Number(lines), unsettledPerLane: Number(lines), contents: ['c1', 'c2'] }
const { receipted } = await fillLedger(path, { lanes: Number(lanes), ...each, random: createRandom(seed, 0) })
console.log(String(receipted))
