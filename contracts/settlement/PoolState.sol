// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @dev One slot per sponsor: the pool's balance (u96), what of it is thawing (u96, may exceed the balance after seeders were
/// paid), and when that can be withdrawn (u64).
type PoolState is uint256;

using {balance, thawing, thawEnd, withBalance, minus} for PoolState global;

function poolState(uint96 balance_, uint96 thawing_, uint64 thawEnd_) pure returns (PoolState) {
    return PoolState.wrap(uint256(balance_) | uint256(thawing_) << 96 | uint256(thawEnd_) << 192);
}

function balance(PoolState state) pure returns (uint256) {
    return uint96(PoolState.unwrap(state));
}

function thawing(PoolState state) pure returns (uint256) {
    return uint96(PoolState.unwrap(state) >> 96);
}

function thawEnd(PoolState state) pure returns (uint256) {
    return PoolState.unwrap(state) >> 192;
}

function withBalance(PoolState state, uint96 balance_) pure returns (PoolState) {
    return PoolState.wrap(PoolState.unwrap(state) >> 96 << 96 | balance_);
}

/// @dev Takes from the balance, which holds at least `amount`.
function minus(PoolState state, uint256 amount) pure returns (PoolState) {
    unchecked {
        return PoolState.wrap(PoolState.unwrap(state) - amount);
    }
}
