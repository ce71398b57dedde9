// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Memory} from "@openzeppelin/contracts/utils/Memory.sol";
import {IBandwidthSettlement} from "./IBandwidthSettlement.sol";
import {DelegateState} from "./DelegateState.sol";
import {LaneState, laneState} from "./LaneState.sol";
import {PackedWords} from "./PackedWords.sol";
import {PoolState} from "./PoolState.sol";
import {SessionLines} from "./SessionLines.sol";

/// @title SettlementBatch
/// @notice Reads a seeder's batch, checks every group against the lane's head and its signature, and moves money from the
/// lane's reserve and the sponsor's pool to the total that the seeder is owed. Calls no other contract.
/// @dev A lane's head is the only nullifier: raw receipts and vouchers are both moves of it, so no byte is paid twice in
/// whatever order they arrive. A group either moves its head and is paid, or is skipped and leaves everything as it was.
abstract contract SettlementBatch is IBandwidthSettlement, EIP712 {
    using PackedWords for bytes;

    bytes32 private constant SESSION_LOG_TYPEHASH =
        keccak256("SessionLog(address seeder,uint64 lane,uint64 pricePerGiB,uint40 expiry,bytes24 head)");
    bytes32 private constant VOUCHER_TYPEHASH = keccak256(
        "Voucher(address seeder,uint64 lane,uint64 pricePerGiB,bytes24 from,bytes24 to,uint128 amount)"
    );

    uint256 private constant RAW = 1;
    uint256 private constant VOUCHER = 2;
    /// @dev Added to one of these kinds: signed by a delegate, whose address comes before the signature.
    uint256 private constant BY_DELEGATE = 2;
    /// @dev Added to any kind: the seeder takes less than the amount, but not less than `least`.
    uint256 private constant TAKES_LESS = 0x80;

    uint256 private constant SIGNER_BYTES = 20;
    uint256 private constant SIGNATURE_BYTES = 64;

    mapping(address sponsor => Pool) internal _pool;
    mapping(bytes32 laneKey => Lane) internal _lane;
    mapping(address sponsor => mapping(address key => DelegateState)) internal _delegate;

    /// @dev In a box, so that a reference can be held: the slot is hashed once, not for reading and again for writing.
    struct Pool {
        PoolState state;
    }

    /// @dev In a box for the same reason.
    struct Lane {
        LaneState state;
    }

    /// @dev What is known of the group at hand; one place in memory for the whole batch. `seeder` and `domainSeparator` stay,
    /// the rest is of this group, `delegate` and `delegateState` only if a delegate signed it.
    struct Group {
        address seeder;
        bytes32 domainSeparator;
        address sponsor;
        uint256 lane;
        uint256 price;
        bytes32 laneKey;
        bytes24 head;
        uint256 least;
        address delegate;
        DelegateState delegateState;
        SkipReason reason;
    }

    constructor() EIP712("BitCDN", "1") {}

    // --- views ------------------------------------------------------------------------------------------------------

    /// @inheritdoc IBandwidthSettlement
    function laneKey(address sponsor, address seeder, uint64 lane_, uint64 pricePerGiB)
        public
        pure
        returns (bytes32)
    {
        return keccak256(abi.encodePacked(sponsor, seeder, lane_, pricePerGiB));
    }

    /// @inheritdoc IBandwidthSettlement
    function nextHead(bytes24 head, address sessionKey, uint48 maxBytes) external pure returns (bytes24) {
        return bytes24(keccak256(abi.encodePacked(head, sessionKey, maxBytes)));
    }

    /// @inheritdoc IBandwidthSettlement
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @inheritdoc IBandwidthSettlement
    function sessionLogDigest(address seeder, uint64 lane_, uint64 pricePerGiB, uint40 expiry, bytes24 head)
        external
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(
            keccak256(abi.encode(SESSION_LOG_TYPEHASH, seeder, lane_, pricePerGiB, expiry, head))
        );
    }

    /// @inheritdoc IBandwidthSettlement
    function receiptDigest(bytes24 session, uint48 bytesServed) external view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(SessionLines.RECEIPT_TYPEHASH, session, bytesServed)));
    }

    /// @inheritdoc IBandwidthSettlement
    function voucherDigest(
        address seeder,
        uint64 lane_,
        uint64 pricePerGiB,
        bytes24 from,
        bytes24 to,
        uint128 amount
    ) external view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(abi.encode(VOUCHER_TYPEHASH, seeder, lane_, pricePerGiB, from, to, amount))
        );
    }

    // --- the batch --------------------------------------------------------------------------------------------------

    /// @dev Layout in {IBandwidthSettlement}. A group is read as if the batch were long enough, which gives zeros or what
    /// follows in the calldata; nothing that was read is acted on before the group is seen to end within the batch.
    /// Unchecked, here and below: offsets are below the calldata's length plus 2^16 lines, amounts below 2^128.
    function _settle(address seeder, bytes calldata batch) internal returns (uint256 total) {
        unchecked {
            Group memory g;
            g.seeder = seeder;
            g.domainSeparator = _domainSeparatorV4();
            Memory.Pointer scratch = Memory.getFreeMemoryPointer();
            uint256 offset = 0;
            while (offset < batch.length) {
                uint256 kind;
                (kind, offset) = _readHeader(g, batch, offset);
                bool delegated = kind > VOUCHER;
                if (delegated) kind -= BY_DELEGATE;
                Lane storage lane_ = _lane[g.laneKey];
                LaneState state = lane_.state;
                bytes24 from = state.head(g.laneKey);
                uint256 amount;
                if (kind == RAW) (amount, offset) = _readRaw(g, from, delegated, batch, offset);
                else if (kind == VOUCHER) (amount, offset) = _readVoucher(g, from, delegated, batch, offset);
                else revert BandwidthSettlement_UnknownKind(delegated ? kind + BY_DELEGATE : kind);
                if (offset > batch.length) revert BandwidthSettlement_BatchLength(offset, batch.length);
                if (g.reason == SkipReason.None) total += _pay(g, delegated, lane_, state.reserved(), amount);
                else emit Skipped(g.seeder, g.sponsor, g.laneKey, amount, g.reason);
                Memory.unsafeSetFreeMemoryPointer(scratch); // what memory costs grows with its square: groups share it
            }
        }
    }

    function _readHeader(Group memory g, bytes calldata batch, uint256 offset)
        private
        pure
        returns (uint256 kind, uint256 next)
    {
        unchecked {
            uint256 word = batch.wordAt(offset); // kind1 sponsor20 and 11 bytes more
            kind = word >> 248;
            g.sponsor = address(uint160(word >> 88));
            word = batch.wordAt(offset + 5); // ends with lane8 price8
            g.lane = uint64(word >> 64);
            g.price = uint64(word);
            g.laneKey = keccak256(abi.encodePacked(g.sponsor, g.seeder, uint128(word))); // as in {laneKey}
            g.reason = SkipReason.None;
            g.least = type(uint256).max;
            next = offset + 37;
            if (kind & TAKES_LESS != 0) {
                kind ^= TAKES_LESS;
                g.least = batch.wordAt(next) >> 128;
                next += 16;
            }
        }
    }

    /// @dev Lines lead from the lane's head to a new one; the log's signature must be over that.
    function _readRaw(Group memory g, bytes24 from, bool delegated, bytes calldata batch, uint256 offset)
        private
        view
        returns (uint256 amount, uint256 next)
    {
        unchecked {
            uint256 word = batch.wordAt(offset); // expiry5 n2
            uint256 expiry = word >> 216;
            uint256 count = uint16(word >> 200);
            uint256 signatureAt = offset + 7;
            next = signatureAt + (delegated ? SIGNER_BYTES + SIGNATURE_BYTES : SIGNATURE_BYTES);
            if (count == 0) {
                g.reason = SkipReason.HeadUnmoved;
                return (0, next);
            }
            uint256 owed;
            bool recovered;
            (next, g.head, owed, recovered) = SessionLines.walk(batch, next, count, from, g.domainSeparator);
            amount = owed * g.price >> 30; // below 2^64 × 2^64
            bytes32 hash = keccak256(abi.encode(SESSION_LOG_TYPEHASH, g.seeder, g.lane, g.price, expiry, g.head));
            _checkSignature(g, delegated, hash, batch, signatureAt);
            if (!recovered) g.reason = SkipReason.Signature;
            if (block.timestamp > expiry) g.reason = SkipReason.Expired;
        }
    }

    /// @dev One signature moves the head from where it is to where the sponsor says.
    function _readVoucher(Group memory g, bytes24 from, bool delegated, bytes calldata batch, uint256 offset)
        private
        view
        returns (uint256 amount, uint256 next)
    {
        unchecked {
            bytes24 to = bytes24(bytes32(batch.wordAt(offset)));
            amount = uint128(batch.wordAt(offset + 8)); // ends with amount16
            g.head = to;
            bytes32 hash = keccak256(abi.encode(VOUCHER_TYPEHASH, g.seeder, g.lane, g.price, from, to, amount));
            next = _checkSignature(g, delegated, hash, batch, offset + 40);
            if (to == from || to == bytes24(0)) g.reason = SkipReason.HeadUnmoved;
        }
    }

    /// @dev Checks `[signer20] signature64` at `offset` and answers where they end. ECDSA alone: what a contract says about a
    /// signature today it can take back tomorrow, and an EIP-7702 account has code.
    function _checkSignature(Group memory g, bool delegated, bytes32 structHash, bytes calldata batch, uint256 offset)
        private
        view
        returns (uint256 next)
    {
        unchecked {
            address expected = g.sponsor;
            if (delegated) {
                expected = address(uint160(batch.wordAt(offset) >> 96));
                offset += SIGNER_BYTES;
                g.delegate = expected;
                g.delegateState = _delegate[g.sponsor][expected];
                if (!g.delegateState.isActive()) g.reason = SkipReason.Revoked; // told only if the signature is right
            }
            bytes32 digest = MessageHashUtils.toTypedDataHash(g.domainSeparator, structHash);
            bytes32 r = bytes32(batch.wordAt(offset));
            uint256 vs = batch.wordAt(offset + 32);
            uint256 s = vs << 1 >> 1;
            address actual = ecrecover(digest, uint8(27 + (vs >> 255)), r, bytes32(s)); // zero when it recovers nobody
            if (actual != expected || expected == address(0)) g.reason = SkipReason.Signature;
            if (s > SessionLines.MAX_S) g.reason = SkipReason.Signature;
            next = offset + SIGNATURE_BYTES;
        }
    }

    /// @dev From the reserve first, then from the pool, by a delegate within its allowance; all of it, or as much as the
    /// seeder accepts, or nothing. Answers what was paid.
    function _pay(Group memory g, bool delegated, Lane storage lane_, uint256 reserved, uint256 amount)
        private
        returns (uint256)
    {
        unchecked {
            if (amount <= reserved) {
                lane_.state = laneState(g.head, reserved - amount);
            } else {
                Pool storage pool = _pool[g.sponsor];
                PoolState state = pool.state;
                uint256 spendable = state.balance();
                if (delegated && g.delegateState.allowance() < spendable) spendable = g.delegateState.allowance();
                uint256 rest = amount - reserved;
                if (rest > spendable) {
                    if (reserved + spendable < g.least) {
                        emit Skipped(g.seeder, g.sponsor, g.laneKey, amount, SkipReason.Unpaid);
                        return 0;
                    }
                    rest = spendable;
                    amount = reserved + rest;
                }
                pool.state = state.minus(rest);
                if (delegated) _delegate[g.sponsor][g.delegate] = g.delegateState.minus(rest);
                lane_.state = laneState(g.head, 0);
            }
            emit Settled(g.seeder, g.sponsor, g.laneKey, amount, g.head);
            return amount;
        }
    }
}
