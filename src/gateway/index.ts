// The program that a publisher runs: sign-in, sessions, vouchers, and purchases without gas.
export { DEFAULT_LIMITS, type GatewayLimits } from './constants.ts'
export type { GatewayContent } from './contents.ts'
export { createGateway, type Gateway, type GatewayComponents, type GatewayInit } from './gateway.ts'
export type { GatewayCounts } from './meter.ts'
export { gatewayFamilies, gatewayReady, type WatchedGateway } from './monitor.ts'
