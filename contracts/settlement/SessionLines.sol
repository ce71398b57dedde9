// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @title SessionLines
/// @notice Rebuilds a session log from its lines: every receipt's signer is recovered and hashed into the running head. The
/// key is never sent, so a wrong or altered receipt simply leads to a head that the sponsor never signed.
/// @dev The one assembly block of this project, because it runs once per download that was ever paid. It replaces
/// {SessionLinesReference} and is compared with it on random input; line layout in {IBandwidthSettlement}.
library SessionLines {
    /// @dev `bytesServed` is cumulative within `session`, the head before the line.
    bytes32 internal constant RECEIPT_TYPEHASH = keccak256("Receipt(bytes24 session,uint48 bytesServed)");

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
    /// @return recovered False when a signature is none at all, so that the new head means nothing.
    function walk(bytes calldata batch, uint256 offset, uint256 count, bytes24 head, bytes32 domainSeparator)
        internal
        view
        returns (uint256 end, bytes24 newHead, uint256 bytesOwed, bool recovered)
    {
        bytes32 typeHash = RECEIPT_TYPEHASH;
        assembly ("memory-safe") {
            // Scratch behind the free memory pointer, nothing of it outlives the block:
            //   0x00 typeHash | 0x20 session | 0x40 bytesServed                 the receipt, as EIP-712 encodes it
            //   0x60 0x1901   | 0x62 domainSeparator | 0x82 hash of the receipt the signed message
            //   0xc0 digest   | 0xe0 v | 0x100 r | 0x120 s                      input of ecrecover
            //   0x150 head24  | 0x168 key20 | 0x17c maxBytes6                   one line of the log, 50 bytes
            let m := mload(0x40)
            mstore(m, typeHash)
            mstore(add(m, 0x60), hex"1901")
            mstore(add(m, 0x62), domainSeparator)
            let session := add(m, 0x20)
            let served := add(m, 0x40)
            let message := add(m, 0x60)
            let structHash := add(m, 0x82)
            let digest := add(m, 0xc0)
            let v := add(m, 0xe0)
            let r := add(m, 0x100)
            let s := add(m, 0x120)
            let line := add(m, 0x150)
            let lineHead := sub(line, 8) // a word that ends with the head, written before its 24 bytes are needed
            let lineKey := add(line, 12) // a word that ends with the key; its first 12 bytes are overwritten by the head
            let lineMax := add(line, 44) // a word that begins with maxBytes

            let p := add(batch.offset, offset)
            let h := shr(64, head)
            let failed := 0
            for {} count { count := sub(count, 1) } {
                let word := calldataload(p) // maxBytes6 bytesServed6 and 20 bytes more
                let b := and(shr(160, word), 0xffffffffffff)
                switch b
                case 0 {
                    mstore(lineKey, and(word, 0xffffffffffffffffffffffffffffffffffffffff))
                    p := add(p, 32)
                }
                default {
                    mstore(session, shl(64, h))
                    mstore(served, b)
                    mstore(structHash, keccak256(m, 0x60))
                    mstore(digest, keccak256(message, 0x42))
                    let vs := calldataload(add(p, 44))
                    mstore(v, add(27, shr(255, vs)))
                    mstore(r, calldataload(add(p, 12)))
                    mstore(s, shr(1, shl(1, vs)))
                    mstore(lineKey, 0) // a failed recovery returns nothing and would leave the key of the line before
                    pop(staticcall(gas(), 1, digest, 0x80, lineKey, 0x20))
                    failed := or(failed, iszero(returndatasize()))
                    let max := shr(208, word)
                    bytesOwed := add(bytesOwed, xor(b, mul(xor(b, max), gt(b, max)))) // min(b, max); 2^16 lines < 2^64
                    p := add(p, 76)
                }
                mstore(lineHead, h)
                mstore(lineMax, word)
                h := shr(64, keccak256(line, 50))
            }
            end := sub(p, batch.offset)
            newHead := shl(64, h)
            recovered := iszero(failed)
        }
    }
}
