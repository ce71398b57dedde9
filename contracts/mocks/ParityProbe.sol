// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IBandwidthSettlement} from "../settlement/IBandwidthSettlement.sol";
import {SessionLines} from "../settlement/SessionLines.sol";

/// @title ParityProbe
/// @notice Hundreds of receipts in one call, judged by the code that settles them. For tests alone.
contract ParityProbe {
    /// @dev session24, then one line of a batch: maxBytes6 bytesServed6 r32 vs32; of a line without a receipt 44 bytes count.
    uint256 private constant CASE_BYTES = 100;

    /// @notice Answers three words per receipt: its digest; the head behind its line, 24 bytes, and what it pays, 8 bytes; who
    /// signed it. The last two are zero where the contract would not take it.
    /// @param settlement The contract that the receipts are for.
    /// @param cases Receipts, 100 bytes each.
    function receipts(IBandwidthSettlement settlement, bytes calldata cases)
        external
        view
        returns (bytes32[3][] memory answers)
    {
        bytes32 domainSeparator = settlement.DOMAIN_SEPARATOR();
        answers = new bytes32[3][](cases.length / CASE_BYTES);
        for (uint256 i = 0; i < answers.length; i++) {
            answers[i] = _judge(settlement, domainSeparator, cases[i * CASE_BYTES:(i + 1) * CASE_BYTES]);
        }
    }

    function _judge(IBandwidthSettlement settlement, bytes32 domainSeparator, bytes calldata one)
        private
        view
        returns (bytes32[3] memory answer)
    {
        bytes24 session = bytes24(one[:24]);
        uint48 bytesServed = uint48(bytes6(one[30:36]));
        bytes32 digest = settlement.receiptDigest(session, bytesServed);
        answer[0] = digest;
        (, bytes24 head, uint256 owed, bool recovered) = SessionLines.walk(one, 24, 1, session, domainSeparator);
        if (!recovered) return answer;
        answer[1] = bytes32(head) | bytes32(owed);
        answer[2] = bytes32(uint256(uint160(_signer(digest, bytesServed, one))));
    }

    /// @dev By OpenZeppelin, so that what {SessionLines} hashed into the head is named by code of others.
    function _signer(bytes32 digest, uint48 bytesServed, bytes calldata one) private pure returns (address signer) {
        if (bytesServed == 0) return address(bytes20(one[36:56]));
        (signer,,) = ECDSA.tryRecover(digest, bytes32(one[36:68]), bytes32(one[68:100]));
    }
}
