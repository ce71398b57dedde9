// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SessionLines} from "./SessionLines.sol";

/// @title SessionLinesReference
/// @notice What {SessionLines} does, in plain Solidity, to be read and to be compared with. Not deployed.
/// @dev Equal on every input whose lines lie within `batch`.
library SessionLinesReference {
    /// @notice Walks over `count` lines of `batch` that begin at `offset`; see {SessionLines.walk}.
    function walk(bytes calldata batch, uint256 offset, uint256 count, bytes24 head, bytes32 domainSeparator)
        internal
        pure
        returns (uint256 end, bytes24 newHead, uint256 bytesOwed, bool recovered)
    {
        end = offset;
        newHead = head;
        recovered = true;
        for (uint256 i = 0; i < count; i++) {
            uint48 maxBytes = uint48(bytes6(batch[end:end + 6]));
            uint48 bytesServed = uint48(bytes6(batch[end + 6:end + 12]));
            address key;
            if (bytesServed == 0) {
                key = address(bytes20(batch[end + 12:end + 32]));
                end += 32;
            } else {
                bool accepted;
                (key, accepted) = _signerOf(batch[end + 12:end + 76], newHead, bytesServed, domainSeparator);
                if (!accepted) recovered = false;
                bytesOwed += bytesServed < maxBytes ? bytesServed : maxBytes;
                end += 76;
            }
            newHead = bytes24(keccak256(abi.encodePacked(newHead, key, maxBytes)));
        }
    }

    /// @dev A high s does recover somebody, who is hashed in as well, but is not accepted.
    function _signerOf(bytes calldata signature, bytes24 session, uint48 bytesServed, bytes32 domainSeparator)
        private
        pure
        returns (address signer, bool accepted)
    {
        bytes32 r = bytes32(signature[:32]);
        uint256 vs = uint256(bytes32(signature[32:]));
        uint256 s = vs & (type(uint256).max >> 1);
        bytes32 structHash = keccak256(abi.encode(SessionLines.RECEIPT_TYPEHASH, session, bytesServed));
        bytes32 digest = MessageHashUtils.toTypedDataHash(domainSeparator, structHash);
        signer = ecrecover(digest, uint8(27 + (vs >> 255)), r, bytes32(s));
        accepted = signer != address(0) && s <= SessionLines.MAX_S;
    }
}
