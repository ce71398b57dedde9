// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

/// @dev The cheat codes of Foundry that these tests use; Hardhat answers them at the same address.
interface Vm {
    function addr(uint256 privateKey) external pure returns (address);
    function sign(uint256 privateKey, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function prank(address sender) external;
    function startPrank(address sender) external;
    function stopPrank() external;
    function warp(uint256 time) external;
    function roll(uint256 number) external;
    function chainId(uint256 id) external;
    function assume(bool condition) external pure;
    function expectRevert(bytes4 selector) external;
    function expectRevert() external;
}

/// @dev Just enough of a test base.
abstract contract Cheats {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    error NotEqual(string what, uint256 expected, uint256 actual);
    error NotTrue(string what);

    function expectEqual(string memory what, uint256 actual, uint256 expected) internal pure {
        if (actual != expected) revert NotEqual(what, expected, actual);
    }

    function expectTrue(string memory what, bool condition) internal pure {
        if (!condition) revert NotTrue(what);
    }

    function bound(uint256 x, uint256 min, uint256 max) internal pure returns (uint256) {
        return min + x % (max - min + 1);
    }

    /// @dev EIP-2098.
    function compact(uint256 privateKey, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(privateKey, digest);
        return abi.encodePacked(r, uint256(s) | uint256(v - 27) << 255);
    }
}
