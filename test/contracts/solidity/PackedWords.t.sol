// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {PackedWords} from "../../../contracts/settlement/PackedWords.sol";
import {Cheats} from "./Cheats.sol";

/// @notice The unchecked read against the slice that it stands for.
contract PackedWordsTest is Cheats {
    using PackedWords for bytes;

    function fast(bytes calldata packed, uint256 offset) external pure returns (uint256) {
        return packed.wordAt(offset);
    }

    function plain(bytes calldata packed, uint256 offset) external pure returns (uint256) {
        return uint256(bytes32(packed[offset:offset + 32]));
    }

    function testFuzz_readsWhatTheSliceReads(bytes32 first, bytes calldata rest, uint256 random) public view {
        bytes memory packed = bytes.concat(first, rest);
        uint256 offset = bound(random, 0, packed.length - 32);
        expectEqual("word", this.fast(packed, offset), this.plain(packed, offset));
    }

    /// @dev Arguments are padded to whole words, so that zeros follow here; the settlement refuses what ends there.
    function testFuzz_readsOnBehindTheEnd(bytes32 word, uint256 random) public view {
        uint256 offset = bound(random, 1, 32);
        uint256 expected = offset == 32 ? 0 : uint256(word) << 8 * offset;
        expectEqual("word", this.fast(abi.encodePacked(word), offset), expected);
    }
}
