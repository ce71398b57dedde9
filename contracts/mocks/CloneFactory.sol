// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

/// @title CloneFactory
/// @notice Clones without initialising them, as ContentRegistry never does. For tests alone.
contract CloneFactory {
    /// @notice The newest clone.
    address public last;

    /// @notice Clones `implementation` with immutable arguments.
    function clone(address implementation, bytes calldata args) external {
        last = Clones.cloneWithImmutableArgs(implementation, args);
    }
}
