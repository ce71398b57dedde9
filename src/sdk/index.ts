// The promise to other developers: these names, and nothing else. Adding one is a decision.
export {
  type Addresses,
  approveOperator,
  authorizeSigner,
  type Chain,
  claimable,
  claimShares,
  connectChain,
  deposit,
  depositWithPermit,
  type Finality,
  hasAccess,
  listPasses,
  type Mined,
  type Pass,
  type PublishedContent,
  readAccount,
  readBalance,
  readCredit,
  readLane,
  readTiers,
  reserve,
  reserveMany,
  type Tier,
  type TierTerms,
  transferShares,
  withdraw,
} from '../chain/index.ts'
export {
  type ContentFile,
  type ContentId,
  encodeTorrent,
  type Metainfo,
  magnetLink,
  parseContentId,
  parseMagnet,
  parseMetainfo,
} from '../content/index.ts'
export { createNode, createPeerKey, type NodeInit, type PeerNode } from '../discovery/index.ts'
export type { DownloadProgress, SessionSource } from '../downloader/index.ts'
export { BitCdnError, type ErrorCode, hasCode } from '../errors.ts'
export { createGatewayClient, createSessionSource, type GatewayClient } from '../gateway-client/index.ts'
export {
  DEFAULT_ALLOWANCE,
  DEFAULT_DELIVERY_BPS,
  DEFAULT_PRICE,
  DEFAULT_PRICE_PER_GIB,
  SHARE_SUPPLY,
} from './constants.ts'
export { type FoundContent, findContent, findContents } from './find-content.ts'
export { type GetRequest, type Got, getContent, hashFiles, type Serving } from './get.ts'
export { type Packaged, type PublishTerms, packageContent, publish } from './publish.ts'
export { type Bought, type Purchase, purchasePass } from './purchase.ts'
export { selfPaidSessions } from './self-paid.ts'
