// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IERC721Receiver} from "@openzeppelin/contracts/token/ERC721/IERC721Receiver.sol";

/// @title TestSafe
/// @notice A wallet of several owners that acts when enough of them sign, as a Safe does. For tests alone.
contract TestSafe is IERC721Receiver {
    /// @notice How many owners must sign.
    uint256 public immutable threshold;
    /// @notice Who signs.
    mapping(address => bool) public isOwner;
    /// @notice How many transactions it has made.
    uint256 public nonce;

    /// @notice Fewer owners signed than must, or one that is none, or one twice.
    error TestSafe_BadSignatures();

    /// @param owners Who signs.
    /// @param threshold_ How many must.
    constructor(address[] memory owners, uint256 threshold_) {
        for (uint256 i = 0; i < owners.length; i++) {
            isOwner[owners[i]] = true;
        }
        threshold = threshold_;
    }

    /// @notice Calls `to`; anybody may submit what the owners signed.
    /// @param to Whom.
    /// @param data With what.
    /// @param signatures Of {transactionHash}, by rising owner addresses.
    function execTransaction(address to, bytes calldata data, bytes[] calldata signatures)
        external
        returns (bytes memory answer)
    {
        bytes32 hash = transactionHash(to, data, nonce++);
        address last = address(0);
        for (uint256 i = 0; i < signatures.length; i++) {
            address owner = ECDSA.recoverCalldata(hash, signatures[i]);
            if (!isOwner[owner] || owner <= last) revert TestSafe_BadSignatures();
            last = owner;
        }
        if (signatures.length < threshold) revert TestSafe_BadSignatures();
        bool succeeded;
        // solhint-disable-next-line avoid-low-level-calls
        (succeeded, answer) = to.call(data);
        if (!succeeded) {
            assembly {
                revert(add(answer, 0x20), mload(answer))
            }
        }
    }

    /// @notice ERC-1271, which BandwidthSettlement never asks.
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return 0x1626ba7e;
    }

    /// @inheritdoc IERC721Receiver
    function onERC721Received(address, address, uint256, bytes calldata) external pure returns (bytes4) {
        return IERC721Receiver.onERC721Received.selector;
    }

    /// @notice What the owners sign.
    function transactionHash(address to, bytes calldata data, uint256 nonce_) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), to, keccak256(data), nonce_));
    }
}
