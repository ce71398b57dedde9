// The program that serves content and is paid for it.
export { type Caps, openCaps } from './caps.ts'
export { least } from './chain-view.ts'
export { DEFAULT_LANES, SETTLE_INTERVAL, TRUSTED_WINDOWS, WINDOW_BYTES } from './constants.ts'
export {
  type Denial,
  type DenyList,
  denialOf,
  denyList,
  entriesOf,
  parseDenyList,
} from './denials.ts'
export type { Denied, Denying } from './desk.ts'
export { type FreeSeeder, seedFreely } from './free.ts'
export { createGate, type Hours, hoursInWords } from './gate.ts'
export { type Held, roomFor } from './library.ts'
export { createLocalClock } from './local-time.ts'
export { type SeederStatus, seederFamilies, seederReady, seederStatus } from './monitor.ts'
export { createPeriodic } from './periodic.ts'
export { createSeeder, type Seeder, type SeederComponents, type SeederInit } from './seeder.ts'
export {
  checkTakedowns,
  parseTakedowns,
  type SignedTakedownList,
  signTakedowns,
  type TakedownList,
} from './takedowns.ts'
