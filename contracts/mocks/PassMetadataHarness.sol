// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {PassMetadata} from "../passes/PassMetadata.sol";

/// @title PassMetadataHarness
/// @notice Describes passes that nobody bought. For tests alone.
contract PassMetadataHarness {
    /// @notice See {PassMetadata.tokenURI}.
    function tokenURI(PassMetadata.Facts calldata facts) external pure returns (string memory) {
        return PassMetadata.tokenURI(facts);
    }
}
