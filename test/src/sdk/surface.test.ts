import { expect } from 'chai'
import * as sdk from '../../../src/sdk/index.ts'

describe('the SDK', () => {
  it('exports these names and no others: adding one is a decision', () => {
    expect(Object.keys(sdk).sort()).to.deep.equal([
      'BitCdnError',
      'DEFAULT_ALLOWANCE',
      'DEFAULT_DELIVERY_BPS',
      'DEFAULT_PRICE',
      'DEFAULT_PRICE_PER_GIB',
      'SHARE_SUPPLY',
      'approveOperator',
      'authorizeSigner',
      'claimShares',
      'claimable',
      'connectChain',
      'createGatewayClient',
      'deposit',
      'depositWithPermit',
      'encodeTorrent',
      'findContent',
      'findContents',
      'getContent',
      'hasAccess',
      'hasCode',
      'hashFiles',
      'listPasses',
      'magnetLink',
      'packageContent',
      'parseContentId',
      'parseMagnet',
      'parseMetainfo',
      'publish',
      'purchasePass',
      'readAccount',
      'readBalance',
      'readCredit',
      'readLane',
      'readTiers',
      'reserve',
      'reserveMany',
      'selfPaidSessions',
      'transferShares',
      'withdraw',
    ])
  })
})
