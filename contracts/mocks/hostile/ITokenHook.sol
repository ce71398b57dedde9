// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @title ITokenHook
/// @notice What a token calls on both sides of a transfer.
interface ITokenHook {
    /// @notice `value` goes from `from` to `to`.
    function onToken(address from, address to, uint256 value) external;
}
