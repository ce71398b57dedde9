// The list of campaigns: `npm run soak` runs all of it in full, `npm run test:faults` those with `tenth` at a tenth,
// `npm run test:fleet` the fleets' own.
//
// A campaign is a script that takes `--seed N` (default: a random one) and `--tenth`, prints as its last line
// `name: figure (seed N, S s)`, and exits with 1 and a line that repeats the case when its bar is missed.
// campaign.ts is the frame for it: see store-kills.ts for a short one. Add a line here and nothing else.

export interface Campaign {
  /** Below scripts/, without its ending. */
  readonly script: string
  /** Arguments of the full run. */
  readonly args?: readonly string[]
  /** Runs at a tenth in `npm run test:faults`; all of these together stay within 15 minutes on two cores. */
  readonly tenth?: true
}

export const CAMPAIGNS: readonly Campaign[] = [
  { script: 'soak/fleet' },
  { script: 'soak/scrapes' },
  { script: 'soak/day' },
  { script: 'soak/seeder-kills', tenth: true },
  { script: 'soak/write-faults', tenth: true },
  { script: 'soak/postgres-stops', tenth: true },
  { script: 'soak/migrations', tenth: true },
  { script: 'soak/backups', tenth: true },
  { script: 'soak/busy', tenth: true },
  { script: 'soak/bit-rot', tenth: true },
  { script: 'soak/store-kills', tenth: true },
  { script: 'soak/power-cut', tenth: true },
  { script: 'soak/reorgs', tenth: true },
  { script: 'soak/lease', tenth: true },
  { script: 'soak/permutations', tenth: true },
  { script: 'soak/prune', tenth: true },
  { script: 'soak/year' },
  { script: 'soak/backlog', tenth: true },
  { script: 'soak/settle-kills', tenth: true },
  { script: 'soak/gateway-kills', tenth: true },
  { script: 'soak/passes' },
  { script: 'soak/rpc-faults', tenth: true },
  { script: 'soak/economics', tenth: true },
  { script: 'soak/cheats', tenth: true },
  { script: 'soak/sponsors', tenth: true },
  { script: 'soak/snapshots', tenth: true },
  { script: 'soak/clocks', tenth: true },
  { script: 'soak/sources', tenth: true },
  { script: 'soak/flood', tenth: true },
  { script: 'soak/downloader-kills', tenth: true },
  { script: 'soak/rate-limit', tenth: true },
  { script: 'soak/reach', tenth: true },
  { script: 'soak/bids', tenth: true },
  { script: 'soak/fuzz' },
  { script: 'soak/parity' },
  { script: 'mutation/run' },
]
