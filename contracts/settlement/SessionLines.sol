// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @title SessionLines
/// @notice Rebuilds a session log from its lines: every receipt's signer is recovered and hashed into the running head. The
/// key is never sent, so a wrong or altered receipt simply leads to a head that the sponsor never signed.
/// @dev Assembly, because the loop runs once per download that was ever paid. It replaces {SessionLinesReference} and is
/// compared with it on random input; line layout in {IBandwidthSettlement}.
library SessionLines {
    /// @dev `bytesServed` is cumulative within `session`, the head before the line.
    bytes32 internal constant RECEIPT_TYPEHASH = keccak256("Receipt(bytes24 session,uint48 bytesServed)");

    /// @dev Half of secp256k1's order. Every signature has a twin with the other s; the one with the higher s is refused for
    /// receipts, logs and vouchers alike, as off-chain, so that there is one form of each.
    uint256 internal constant MAX_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @notice Walks over `count` lines of `batch` that begin at `offset`.
    /// @dev Reads zeros, or what follows in the calldata, behind the end of `batch`: the caller compares `end` with its length.
    /// @param batch Calldata that holds the lines.
    /// @param offset Where the first line begins.
    /// @param count How many there are.
    /// @param head The head before them.
    /// @param domainSeparator Of the EIP-712 domain that the receipts are signed under.
    /// @return end Where the last line ends.
    /// @return newHead The head behind them.
    /// @return bytesOwed Σ min(bytesServed, maxBytes).
    /// @return recovered False when a signature is none at all or has a high s, so that the new head means nothing.
    function walk(bytes calldata batch, uint256 offset, uint256 count, bytes24 head, bytes32 domainSeparator)
        internal
        view
        returns (uint256 end, bytes24 newHead, uint256 bytesOwed, bool recovered)
    {
        (bytes32 typeHash, uint256 maxS) = (RECEIPT_TYPEHASH, MAX_S);
        assembly ("memory-safe") {
            // Behind the free memory pointer, nothing of it outlives the block:
            //   m    typeHash | session | bytesServed                 the receipt, as EIP-712 encodes it
            //   0x60 0x1901   | domainSeparator | hash of the receipt   the signed message, 66 bytes
            //   0xc0 digest   | v | r | s                             input of ecrecover
            // In the scratch space below 0x40: what ecrecover answers, then one line of the log, 50 bytes:
            //   0x0e head24   | 0x26 key20 | 0x3a maxBytes6
            let m := mload(0x40)
            let session := add(m, 0x20)
            let served := add(m, 0x40)
            let message := add(m, 0x60)
            let structHash := add(m, 0x82)
            let digest := add(m, 0xc0)
            let v := add(m, 0xe0)
            let r := add(m, 0x100)
            let s := add(m, 0x120)
            mstore(m, typeHash)
            mstore(message, hex"1901")
            mstore(add(m, 0x62), domainSeparator)

            let p := add(batch.offset, offset)
            let h := shr(64, head)
            let failed := 0
            for {} count { count := sub(count, 1) } {
                let word := calldataload(p) // maxBytes6 bytesServed6 and 20 bytes more
                let max := shr(208, word)
                let bytesServed := and(shr(160, word), 0xffffffffffff)
                switch bytesServed
                case 0 {
                    mstore(0x20, or(shl(48, and(word, 0xffffffffffffffffffffffffffffffffffffffff)), max))
                    p := add(p, 32)
                }
                default {
                    mstore(session, shl(64, h))
                    mstore(served, bytesServed)
                    mstore(structHash, keccak256(m, 0x60))
                    mstore(digest, keccak256(message, 0x42))
                    let vs := calldataload(add(p, 44))
                    mstore(v, add(27, shr(255, vs)))
                    mstore(r, calldataload(add(p, 12)))
                    vs := shr(1, shl(1, vs))
                    mstore(s, vs)
                    mstore(0x00, 0) // a failed recovery returns nothing and would leave what was there
                    pop(staticcall(gas(), 1, digest, 0x80, 0x00, 0x20))
                    failed := or(failed, or(iszero(returndatasize()), gt(vs, maxS)))
                    mstore(0x20, or(shl(48, mload(0x00)), max))
                    bytesOwed := add(bytesOwed, xor(bytesServed, mul(xor(bytesServed, max), gt(bytesServed, max))))
                    p := add(p, 76)
                }
                mstore(0x06, h) // ends with the head, and ends where the key begins
                h := shr(64, keccak256(0x0e, 50))
            }
            end := sub(p, batch.offset)
            newHead := shl(64, h)
            recovered := iszero(failed)
        }
    }
}
