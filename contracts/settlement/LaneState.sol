// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @dev One slot per lane: the head that its log is settled up to (24 bytes, zero = the first 24 bytes of the lane's key),
/// and what is reserved for it (u64).
type LaneState is bytes32;

using {head, reserved} for LaneState global;

function laneState(bytes24 head_, uint256 reserved_) pure returns (LaneState) {
    return LaneState.wrap(bytes32(head_) | bytes32(uint256(uint64(reserved_))));
}

function head(LaneState state, bytes32 laneKey) pure returns (bytes24) {
    bytes24 settled = bytes24(LaneState.unwrap(state));
    if (settled == bytes24(0)) settled = bytes24(laneKey); // never settled
    return settled;
}

function reserved(LaneState state) pure returns (uint256) {
    return uint64(uint256(LaneState.unwrap(state)));
}
