// Who has it: the libp2p node, its keys, and the DHT that knows which peers hold a content. What they are asked, and
// whether they may be believed, others decide.
export { KAD_PROTOCOL } from './constants.ts'
export { createNode, type Encrypter, type FoundSeeder, isPeerAddress, type NodeInit, type PeerNode } from './node.ts'
export { createPeerKey, loadPeerKey } from './peer-key.ts'
export { isPrivateAddress } from './private-addresses.ts'
