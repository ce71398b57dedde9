// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @dev One slot per delegate key of a sponsor: what it may still spend from the pool (u128), when its revocation takes
/// effect (u64, zero = not revoked), and whether it was ever authorised. That stays known for ever, because a used-up
/// allowance must not void logs that a reserve covers.
type DelegateState is uint256;

using {allowance, end, isKnown, isActive, minus} for DelegateState global;

uint256 constant KNOWN = 1 << 192;

/// @dev Of a key that is authorised.
function delegateState(uint128 allowance_, uint64 end_) pure returns (DelegateState) {
    return DelegateState.wrap(uint256(allowance_) | uint256(end_) << 128 | KNOWN);
}

function allowance(DelegateState state) pure returns (uint256) {
    return uint128(DelegateState.unwrap(state));
}

function end(DelegateState state) pure returns (uint256) {
    return uint64(DelegateState.unwrap(state) >> 128);
}

function isKnown(DelegateState state) pure returns (bool) {
    return DelegateState.unwrap(state) & KNOWN != 0;
}

/// @dev Whether what the key signs is honoured in this block.
function isActive(DelegateState state) view returns (bool) {
    return state.isKnown() && (state.end() == 0 || block.timestamp < state.end());
}

/// @dev Takes from the allowance, which is at least `amount`.
function minus(DelegateState state, uint256 amount) pure returns (DelegateState) {
    unchecked {
        return DelegateState.wrap(DelegateState.unwrap(state) - amount);
    }
}
