// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IBandwidthSettlement} from "./IBandwidthSettlement.sol";
import {LaneState, laneState} from "./LaneState.sol";
import {PoolState} from "./PoolState.sol";
import {SessionLines} from "./SessionLines.sol";

/// @title SettlementBatch
/// @notice Reads a seeder's batch, checks every group against the lane's head and its signature, and moves money from the
/// lane's reserve and the sponsor's pool to the total that the seeder is owed. Calls no other contract.
/// @dev A lane's head is the only nullifier: raw receipts and vouchers are both moves of it, so no byte is paid twice in
/// whatever order they arrive. A group either moves its head and is paid, or is skipped and leaves everything as it was.
abstract contract SettlementBatch is IBandwidthSettlement, EIP712 {
    bytes32 private constant SESSION_LOG_TYPEHASH =
        keccak256("SessionLog(address seeder,uint64 lane,uint64 pricePerGiB,uint40 expiry,bytes24 head)");
    bytes32 private constant VOUCHER_TYPEHASH = keccak256(
        "Voucher(address seeder,uint64 lane,uint64 pricePerGiB,bytes24 from,bytes24 to,uint128 amount)"
    );

    uint256 private constant RAW = 1;
    uint256 private constant VOUCHER = 2;
    uint256 private constant RAW_BY_DELEGATE = 3;
    uint256 private constant VOUCHER_BY_DELEGATE = 4;
    /// @dev Added to a kind: the seeder takes less than the amount, but not less than `least`.
    uint256 private constant TAKES_LESS = 0x80;

    mapping(address sponsor => PoolState) internal _pool;
    mapping(bytes32 laneKey => LaneState) internal _lane;
    mapping(address sponsor => mapping(address key => Delegate)) internal _delegate;

    /// @dev Known for ever, because a used-up allowance must not void logs that a reserve covers.
    struct Delegate {
        uint128 allowance;
        uint64 end;
        bool known;
    }

    /// @dev What is known of the group at hand; one place in memory for the whole batch.
    struct Group {
        address sponsor;
        uint256 lane;
        uint256 price;
        bytes32 laneKey;
        bytes24 head;
        uint256 least;
        address delegate;
        uint256 allowance;
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
        return _hashTypedDataV4(_hashLog(seeder, lane_, pricePerGiB, expiry, head));
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
        return _hashTypedDataV4(_hashVoucher(seeder, lane_, pricePerGiB, from, to, amount));
    }

    // --- the batch --------------------------------------------------------------------------------------------------

    /// @dev Layout in {IBandwidthSettlement}. Reading behind the batch's end reverts, or gives what follows in the calldata
    /// while lines are walked; nothing that was read there can stay, because the groups must end where the batch ends.
    function _settle(address seeder, bytes calldata batch) internal returns (uint256 total) {
        bytes32 domainSeparator = _domainSeparatorV4();
        Group memory g;
        uint256 offset = 0;
        while (offset < batch.length) {
            uint256 kind;
            (kind, offset) = _readHeader(g, seeder, batch, offset);
            LaneState state = _lane[g.laneKey];
            bytes24 from = state.head(g.laneKey);
            uint256 amount;
            if (kind == RAW || kind == RAW_BY_DELEGATE) {
                (amount, offset) = _readRaw(g, seeder, from, kind == RAW_BY_DELEGATE, domainSeparator, batch, offset);
            } else if (kind == VOUCHER || kind == VOUCHER_BY_DELEGATE) {
                (amount, offset) = _readVoucher(g, seeder, from, kind == VOUCHER_BY_DELEGATE, domainSeparator, batch, offset);
            } else {
                revert BandwidthSettlement_UnknownKind(kind);
            }
            if (offset > batch.length) revert BandwidthSettlement_BatchLength(offset, batch.length);
            if (g.reason == SkipReason.None) amount = _pay(g, state.reserved(), amount);
            if (g.reason == SkipReason.None) {
                total += amount;
                emit Settled(seeder, g.sponsor, g.laneKey, amount, g.head);
            } else {
                emit Skipped(seeder, g.sponsor, g.laneKey, amount, g.reason);
            }
        }
    }

    function _readHeader(Group memory g, address seeder, bytes calldata batch, uint256 offset)
        private
        pure
        returns (uint256 kind, uint256 next)
    {
        uint256 word = _word(batch, offset); // kind1 sponsor20 lane8 and 3 bytes of the price
        kind = word >> 248;
        g.sponsor = address(uint160(word >> 88));
        g.lane = uint64(word >> 24);
        g.price = _word(batch, offset + 29) >> 192;
        g.laneKey = laneKey(g.sponsor, seeder, uint64(g.lane), uint64(g.price));
        g.delegate = address(0);
        g.reason = SkipReason.None;
        next = offset + 37;
        if (kind & TAKES_LESS == 0) {
            g.least = type(uint256).max;
        } else {
            kind ^= TAKES_LESS;
            g.least = _word(batch, next) >> 128;
            next += 16;
        }
    }

    /// @dev Lines lead from the lane's head to a new one; the log's signature must be over that.
    function _readRaw(
        Group memory g,
        address seeder,
        bytes24 from,
        bool delegated,
        bytes32 domainSeparator,
        bytes calldata batch,
        uint256 offset
    ) private view returns (uint256 amount, uint256 next) {
        uint256 word = _word(batch, offset); // expiry5 n2
        uint256 expiry = word >> 216;
        uint256 count = uint16(word >> 200);
        uint256 signatureAt = offset + 7;
        uint256 owed;
        bool recovered;
        (next, g.head, owed, recovered) = SessionLines.walk(
            batch, signatureAt + (delegated ? 84 : 64), count, from, domainSeparator
        );
        amount = owed * g.price >> 30; // below 2^64 × 2^64
        _checkSignature(
            g, delegated, domainSeparator, _hashLog(seeder, g.lane, g.price, expiry, g.head), batch, signatureAt
        );
        if (!recovered) g.reason = SkipReason.Signature;
        if (block.timestamp > expiry) g.reason = SkipReason.Expired;
        if (count == 0 && g.reason == SkipReason.None) g.reason = SkipReason.HeadUnmoved;
    }

    /// @dev One signature moves the head from where it is to where the sponsor says.
    function _readVoucher(
        Group memory g,
        address seeder,
        bytes24 from,
        bool delegated,
        bytes32 domainSeparator,
        bytes calldata batch,
        uint256 offset
    ) private view returns (uint256 amount, uint256 next) {
        bytes24 to = bytes24(bytes32(_word(batch, offset)));
        amount = _word(batch, offset + 24) >> 128;
        g.head = to;
        next = _checkSignature(
            g, delegated, domainSeparator, _hashVoucher(seeder, g.lane, g.price, from, to, amount), batch, offset + 40
        );
        if (to == from || to == bytes24(0)) g.reason = SkipReason.HeadUnmoved;
    }

    /// @dev Checks `[signer20] signature64` at `offset` and answers where they end. ECDSA alone: what a contract says about a
    /// signature today it can take back tomorrow, and an EIP-7702 account has code.
    function _checkSignature(
        Group memory g,
        bool delegated,
        bytes32 domainSeparator,
        bytes32 structHash,
        bytes calldata batch,
        uint256 offset
    ) private view returns (uint256 next) {
        address expected = g.sponsor;
        if (delegated) {
            expected = address(uint160(_word(batch, offset) >> 96));
            offset += 20;
            Delegate memory delegate = _delegate[g.sponsor][expected];
            g.delegate = expected;
            g.allowance = delegate.allowance;
            if (!_isActive(delegate)) g.reason = SkipReason.Revoked; // told only if the signature is right
        }
        (address actual, ECDSA.RecoverError problem,) = ECDSA.tryRecover(
            MessageHashUtils.toTypedDataHash(domainSeparator, structHash),
            bytes32(_word(batch, offset)),
            bytes32(_word(batch, offset + 32))
        );
        if (problem != ECDSA.RecoverError.NoError || actual != expected) g.reason = SkipReason.Signature;
        return offset + 64;
    }

    /// @dev From the reserve first, then from the pool, by a delegate within its allowance; all of it, or as much as the
    /// seeder accepts, or nothing.
    function _pay(Group memory g, uint256 reserved, uint256 amount) private returns (uint256) {
        if (amount <= reserved) {
            _lane[g.laneKey] = laneState(g.head, reserved - amount);
            return amount;
        }
        PoolState pool = _pool[g.sponsor];
        uint256 spendable = pool.balance();
        if (g.delegate != address(0) && g.allowance < spendable) spendable = g.allowance;
        uint256 rest = amount - reserved;
        if (rest > spendable) {
            if (reserved + spendable < g.least) {
                g.reason = SkipReason.Unpaid;
                return amount;
            }
            rest = spendable;
        }
        _pool[g.sponsor] = pool.withBalance(uint96(pool.balance() - rest));
        if (g.delegate != address(0)) _delegate[g.sponsor][g.delegate].allowance = uint128(g.allowance - rest);
        _lane[g.laneKey] = laneState(g.head, 0);
        return reserved + rest;
    }

    function _isActive(Delegate memory delegate) internal view returns (bool) {
        return delegate.known && (delegate.end == 0 || block.timestamp < delegate.end);
    }

    function _hashLog(address seeder, uint256 lane_, uint256 pricePerGiB, uint256 expiry, bytes24 head)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(SESSION_LOG_TYPEHASH, seeder, lane_, pricePerGiB, expiry, head));
    }

    function _hashVoucher(
        address seeder,
        uint256 lane_,
        uint256 pricePerGiB,
        bytes24 from,
        bytes24 to,
        uint256 amount
    ) private pure returns (bytes32) {
        return keccak256(abi.encode(VOUCHER_TYPEHASH, seeder, lane_, pricePerGiB, from, to, amount));
    }

    /// @dev 32 bytes at `offset`; reverts when the batch ends before.
    function _word(bytes calldata batch, uint256 offset) private pure returns (uint256) {
        unchecked {
            return uint256(bytes32(batch[offset:offset + 32])); // the slice is checked; offsets are far below 2^256
        }
    }
}
