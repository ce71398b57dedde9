// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @title PackedWords
/// @notice Reads 32 bytes from anywhere in packed calldata.
/// @dev `uint256(bytes32(packed[offset:offset + 32]))` does the same for words within `packed` and is what the tests compare
/// with, but its bounds checks cost about 1,000 gas a group. The price of this one opcode: behind the end of `packed` it reads
/// what follows in the calldata, or zeros. Whoever reads must see that the last field ends within `packed` before acting.
library PackedWords {
    /// @param packed Where to read.
    /// @param offset Of the word's first byte; far below 2^256.
    /// @return word Its 32 bytes.
    function wordAt(bytes calldata packed, uint256 offset) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(packed.offset, offset))
        }
    }
}
