import type { Address, Hex } from 'viem'

export interface DevnetOptions {
  /** The file or folder to sell. */
  readonly file: string
  readonly seeders: number
  /** Leaves everything running and says how to reach it. */
  readonly keep: boolean
  /** 0 takes any free port. */
  readonly rpcPort: number
  /** Where a `--keep` devnet is remembered, and stopped from. */
  readonly home: string
  readonly signal: AbortSignal
  readonly onStep: (step: DevnetStep) => void
}

/** What happens, for a display. */
export type DevnetStep =
  | { readonly kind: 'step'; readonly title: string; readonly detail?: string }
  | { readonly kind: 'progress'; readonly event: Record<string, unknown> }
  | { readonly kind: 'warning'; readonly text: string }

/** The run's result, as `--json` prints it. Amounts are in the stablecoin's smallest unit. MB = 10^6 bytes. */
export interface DevnetResult {
  readonly contentId: string
  readonly magnet: string
  readonly bytes: number
  readonly sha256: string
  readonly download: { readonly seconds: number; readonly mbPerSecond: number }
  readonly seeders: readonly { readonly address: Address; readonly bytes: number; readonly earned: bigint }[]
  readonly holders: readonly { readonly address: Address; readonly claimed: bigint }[]
  readonly receipts: number
  readonly vouchers: number
  readonly transactions: readonly { readonly what: string; readonly hash: Hex; readonly gasUsed: number }[]
  readonly budgetLeft: bigint
  readonly carried: bigint
  readonly paid: bigint
  readonly conserved: boolean
}

/** A devnet that was left running (`--keep`): where everything is. */
export interface KeptDevnet {
  readonly rpcUrl: string
  readonly contracts: { readonly token: Address; readonly settlement: Address; readonly registry: Address }
  readonly gateway: string
  /** A libp2p address to start from. */
  readonly bootstrap: string
  readonly pass: Address
  readonly contentId: string
  /** Holds the data folders of all personas. */
  readonly folder: string
  readonly personas: readonly { readonly name: string; readonly address: Address; readonly home: string }[]
  close(): Promise<void>
}

/** Runs the main job. Throws what went wrong; nothing is left running unless `keep`. */
export type RunDevnet = (options: DevnetOptions) => Promise<{ result: DevnetResult; kept: KeptDevnet | null }>
