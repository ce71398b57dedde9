// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {SessionLines} from "../settlement/SessionLines.sol";
import {SessionLinesReference} from "../settlement/SessionLinesReference.sol";

/// @title SessionLinesHarness
/// @notice The assembly and the plain Solidity that it replaces, side by side. For tests alone.
contract SessionLinesHarness {
    /// @notice See {SessionLines.walk}.
    function fast(bytes calldata batch, uint256 offset, uint256 count, bytes24 head, bytes32 domainSeparator)
        external
        view
        returns (uint256 end, bytes24 newHead, uint256 bytesOwed, bool recovered)
    {
        return SessionLines.walk(batch, offset, count, head, domainSeparator);
    }

    /// @notice See {SessionLinesReference.walk}.
    function plain(bytes calldata batch, uint256 offset, uint256 count, bytes24 head, bytes32 domainSeparator)
        external
        pure
        returns (uint256 end, bytes24 newHead, uint256 bytesOwed, bool recovered)
    {
        return SessionLinesReference.walk(batch, offset, count, head, domainSeparator);
    }
}
