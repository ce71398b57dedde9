// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {TestUSD} from "../../../contracts/mocks/TestUSD.sol";
import {BandwidthSettlement} from "../../../contracts/settlement/BandwidthSettlement.sol";
import {IBandwidthSettlement} from "../../../contracts/settlement/IBandwidthSettlement.sol";
import {Cheats} from "./Cheats.sol";

/// @notice Plays sponsors, delegates, seeders and thieves, keeps books of its own, and notes what must never be seen.
contract SettlementHandler is Cheats {
    uint256 public constant SPONSORS = 3;
    uint256 public constant SEEDERS = 2;
    uint256 public constant LANES = 2;
    uint64 public constant PRICE = 10_000_000;
    address public constant OPERATOR = address(0x0E);
    address public constant PAYEE = address(0xFA);

    BandwidthSettlement public immutable settlement;
    TestUSD public immutable usd;
    string public unexpected;

    mapping(uint256 sponsor => uint256) public deposited;
    mapping(uint256 sponsor => uint256) public withdrawn;
    mapping(uint256 sponsor => uint256) public paid;
    mapping(uint256 sponsor => uint256) public allowanceLeft;
    mapping(uint256 seeder => uint256) public earned;
    mapping(uint256 seeder => uint256) public taken;
    mapping(bytes32 laneKey => bytes24) public heads;
    bytes[] private _settled;
    uint256[] private _settledBy;

    /// @dev One lane of the game, and who signs for it.
    struct At {
        uint256 sponsor;
        uint256 seeder;
        uint64 lane;
        bool delegated;
        bytes32 key;
        bytes24 head;
    }

    constructor(BandwidthSettlement settlement_, TestUSD usd_) {
        (settlement, usd) = (settlement_, usd_);
        usd.approve(address(settlement), type(uint256).max);
        for (uint256 sponsor = 0; sponsor < SPONSORS; sponsor++) {
            deposit(sponsor, 1e9);
            authorize(sponsor, 1e8);
        }
    }

    // --- sponsors ---------------------------------------------------------------------------------------------------

    function deposit(uint256 sponsor, uint256 amount) public {
        (sponsor, amount) = (sponsor % SPONSORS, bound(amount, 0, 1e9));
        usd.mint(address(this), amount);
        settlement.deposit(sponsorOf(sponsor), amount);
        deposited[sponsor] += amount;
    }

    function thaw(uint256 sponsor, uint256 amount) external {
        sponsor %= SPONSORS;
        (uint256 balance,,) = settlement.account(sponsorOf(sponsor));
        vm.prank(sponsorOf(sponsor));
        settlement.thaw(bound(amount, 0, balance));
    }

    function withdrawThawed(uint256 sponsor) external {
        sponsor %= SPONSORS;
        (,, uint256 end) = settlement.account(sponsorOf(sponsor));
        vm.prank(sponsorOf(sponsor));
        try settlement.withdrawThawed(address(1)) returns (uint256 amount) {
            if (end == 0 || block.timestamp < end) unexpected = "a pool was withdrawn before its end";
            withdrawn[sponsor] += amount;
        } catch {
            if (end != 0 && block.timestamp >= end) unexpected = "a thawed pool could not be withdrawn";
        }
    }

    function reserve(uint256 sponsor, uint256 seeder, uint256 lane, uint256 amount, bool byDelegate) external {
        sponsor %= SPONSORS;
        (uint256 balance,,) = settlement.account(sponsorOf(sponsor));
        (bool active, uint256 allowance, uint256 end) = settlement.signer(sponsorOf(sponsor), delegateOf(sponsor));
        if (byDelegate && (!active || end != 0)) return;
        if (byDelegate && allowance < balance) balance = allowance;
        IBandwidthSettlement.Reservation[] memory batch = new IBandwidthSettlement.Reservation[](1);
        batch[0] = IBandwidthSettlement.Reservation(
            seederOf(seeder % SEEDERS), uint64(lane % LANES), PRICE, uint64(bound(amount, 0, balance))
        );
        vm.prank(byDelegate ? delegateOf(sponsor) : sponsorOf(sponsor));
        settlement.reserveMany(sponsorOf(sponsor), batch);
        if (byDelegate) allowanceLeft[sponsor] -= batch[0].amount;
    }

    function thawReserve(uint256 sponsor, uint256 seeder, uint256 lane, uint64 amount) external {
        vm.prank(sponsorOf(sponsor % SPONSORS));
        settlement.thawReserve(seederOf(seeder % SEEDERS), uint64(lane % LANES), PRICE, amount % 1e9);
    }

    function releaseReserve(uint256 sponsor, uint256 seeder, uint256 lane) external {
        At memory spot = _at(sponsor, seeder, lane, false);
        (,,, uint256 end) = settlement.lane(spot.key);
        vm.prank(sponsorOf(spot.sponsor));
        try settlement.releaseReserve(seederOf(spot.seeder), spot.lane, PRICE) {
            if (end == 0 || block.timestamp < end) unexpected = "a reserve was released before its end";
        } catch {
            if (end != 0 && block.timestamp >= end) unexpected = "a thawed reserve could not be released";
        }
    }

    function authorize(uint256 sponsor, uint256 added) public {
        sponsor %= SPONSORS;
        added = bound(added, 0, 1e8);
        (bool active,,) = settlement.signer(sponsorOf(sponsor), delegateOf(sponsor));
        vm.prank(sponsorOf(sponsor));
        settlement.authorizeSigner(delegateOf(sponsor), uint128(added));
        allowanceLeft[sponsor] = active ? allowanceLeft[sponsor] + added : added;
    }

    function revoke(uint256 sponsor) external {
        sponsor %= SPONSORS;
        (,, uint256 end) = settlement.signer(sponsorOf(sponsor), delegateOf(sponsor));
        if (end != 0) return;
        vm.prank(sponsorOf(sponsor));
        settlement.revokeSigner(delegateOf(sponsor));
    }

    function pass(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 5 days));
    }

    // --- seeders ----------------------------------------------------------------------------------------------------

    function settleRaw(uint256 sponsor, uint256 seeder, uint256 lane, bool delegated, uint256 random) external {
        At memory spot = _at(sponsor, seeder, lane, delegated);
        (bytes memory group, uint256 amount, bytes24 to) = _raw(spot, random, _keyOf(spot));
        _settleAndCheck(spot, group, amount, type(uint256).max, to);
    }

    function settleVoucher(uint256 sponsor, uint256 seeder, uint256 lane, bool delegated, uint256 amount) external {
        At memory spot = _at(sponsor, seeder, lane, delegated);
        amount = bound(amount, 0, 3e8);
        bytes24 to = bytes24(keccak256(abi.encode(spot.head, amount)));
        _settleAndCheck(spot, _voucher(spot, to, amount, _keyOf(spot)), amount, type(uint256).max, to);
    }

    /// @dev Takes what is there.
    function settleLess(uint256 sponsor, uint256 seeder, uint256 lane, bool delegated, uint256 amount) external {
        At memory spot = _at(sponsor, seeder, lane, delegated);
        amount = bound(amount, 0, 3e9);
        bytes24 to = bytes24(keccak256(abi.encode(spot.head, amount)));
        bytes memory group = _voucher(spot, to, amount, _keyOf(spot));
        group[0] = bytes1(uint8(group[0]) | 0x80);
        bytes memory least = abi.encodePacked(uint128(amount / 2));
        _settleAndCheck(spot, bytes.concat(_slice(group, 0, 37), least, _slice(group, 37, group.length)), amount, amount / 2, to);
    }

    /// @dev A thief's signature between two vouchers that are good: neither is touched by it.
    function settleForged(uint256 sponsor, uint256 seeder, uint256 random) external {
        At memory first = _at(sponsor, seeder, 0, false);
        At memory second = _at(sponsor, seeder, 1, false);
        bytes24 a = bytes24(keccak256(abi.encode(first.head, random)));
        bytes24 b = bytes24(keccak256(abi.encode(second.head, random)));
        (bytes memory forged,,) = _raw(second, random, 0xBAD);
        bytes memory batch = bytes.concat(_voucher(first, a, 1, _keyOf(first)), forged, _voucher(second, b, 1, _keyOf(second)));
        (uint256 spendable,) = _spendable(first);
        (uint256 spendableToo,) = _spendable(second);
        uint256 total = _settle(first.seeder, batch);
        if (spendable > 1 && spendableToo > 1) {
            if (total != 2) unexpected = "a forged group was paid or blocked a good one";
            (heads[first.key], heads[second.key]) = (a, b);
        } else {
            // too poor to foresee which of the two is paid
            (heads[first.key],,,) = settlement.lane(first.key);
            (heads[second.key],,,) = settlement.lane(second.key);
            if (total > 2) unexpected = "a forged group was paid";
        }
        earned[first.seeder] += total;
        paid[first.sponsor] += total;
    }

    function replay(uint256 which) external {
        if (_settled.length == 0) return;
        which %= _settled.length;
        if (_settle(_settledBy[which], _settled[which]) != 0) unexpected = "a batch was paid twice";
    }

    /// @dev The batch of one seeder in the hands of the other.
    function steal(uint256 which) external {
        if (_settled.length == 0) return;
        which %= _settled.length;
        if (_settle(1 - _settledBy[which], _settled[which]) != 0) unexpected = "another seeder's batch was paid";
    }

    /// @dev Straight to a payee; earlier credit stays.
    function settleTo(uint256 sponsor, uint256 seeder, uint256 lane, uint256 amount) external {
        At memory spot = _at(sponsor, seeder, lane, false);
        amount = bound(amount, 0, 3e8);
        bytes24 to = bytes24(keccak256(abi.encode(spot.head, amount)));
        bytes memory group = _voucher(spot, to, amount, _keyOf(spot));
        (uint256 spendable,) = _spendable(spot);
        uint256 before = settlement.credit(seederOf(spot.seeder));
        vm.prank(seederOf(spot.seeder));
        uint256 total = settlement.settleTo(group, PAYEE);
        if (total != (amount <= spendable ? amount : 0)) unexpected = "settleTo paid something else than was signed";
        if (settlement.credit(seederOf(spot.seeder)) != before) unexpected = "settleTo touched earlier credit";
        if (amount > spendable) return;
        heads[spot.key] = to;
        earned[spot.seeder] += total;
        taken[spot.seeder] += total;
        paid[spot.sponsor] += total;
    }

    /// @dev The operator settles and cannot take; a stranger can do neither.
    function settleByOthers(uint256 sponsor, uint256 seeder, uint256 lane, bool approved, uint256 amount) external {
        At memory spot = _at(sponsor, seeder, lane, false);
        amount = bound(amount, 0, 1e8);
        bytes24 to = bytes24(keccak256(abi.encode(spot.head, amount)));
        bytes memory group = _voucher(spot, to, amount, _keyOf(spot));
        (uint256 spendable,) = _spendable(spot);
        vm.prank(seederOf(spot.seeder));
        settlement.approveOperator(OPERATOR, approved);
        vm.prank(OPERATOR);
        try settlement.settle(seederOf(spot.seeder), group) returns (uint256 total) {
            if (!approved) unexpected = "a stranger settled";
            if (total != (amount <= spendable ? amount : 0)) unexpected = "an operator settled something else";
            if (amount <= spendable) heads[spot.key] = to;
            earned[spot.seeder] += total;
            paid[spot.sponsor] += total;
        } catch {
            if (approved) unexpected = "an operator could not settle";
        }
        vm.prank(OPERATOR);
        if (settlement.settleTo(group, OPERATOR) != 0) unexpected = "an operator took a payout";
    }

    function withdraw(uint256 seeder) external {
        seeder %= SEEDERS;
        if (settlement.credit(seederOf(seeder)) == 0) return;
        vm.prank(seederOf(seeder));
        taken[seeder] += settlement.withdraw(address(2));
    }

    // --- who is who -------------------------------------------------------------------------------------------------

    function sponsorOf(uint256 sponsor) public pure returns (address) {
        return vm.addr(0xA0 + sponsor);
    }

    function delegateOf(uint256 sponsor) public pure returns (address) {
        return vm.addr(0xB0 + sponsor);
    }

    function seederOf(uint256 seeder) public pure returns (address) {
        return address(uint160(0xC0 + seeder));
    }

    function _at(uint256 sponsor, uint256 seeder, uint256 lane, bool delegated) private view returns (At memory spot) {
        (spot.sponsor, spot.seeder, spot.lane) = (sponsor % SPONSORS, seeder % SEEDERS, uint64(lane % LANES));
        spot.delegated = delegated;
        spot.key = settlement.laneKey(sponsorOf(spot.sponsor), seederOf(spot.seeder), spot.lane, PRICE);
        (spot.head,,,) = settlement.lane(spot.key);
    }

    function _keyOf(At memory spot) private pure returns (uint256) {
        return spot.delegated ? 0xB0 + spot.sponsor : 0xA0 + spot.sponsor;
    }

    // --- groups -----------------------------------------------------------------------------------------------------

    /// @dev Up to four lines: used and unused ones, within and above maxBytes.
    function _raw(At memory spot, uint256 random, uint256 signedBy)
        private
        view
        returns (bytes memory group, uint256 amount, bytes24 to)
    {
        bytes memory lines;
        uint256 bytesOwed;
        uint256 count = bound(random, 1, 4);
        to = spot.head;
        for (uint256 i = 0; i < count; i++) {
            uint256 r = uint256(keccak256(abi.encode(random, i)));
            uint48 maxBytes = uint48(bound(r, 0, 2 ** 33));
            uint48 served = r >> 255 == 0 ? 0 : uint48(bound(r >> 64, 1, 2 ** 33));
            uint256 sessionKey = bound(r >> 128, 1, 2 ** 100);
            bytes memory proof = served == 0
                ? abi.encodePacked(vm.addr(sessionKey))
                : compact(sessionKey, settlement.receiptDigest(to, served));
            lines = abi.encodePacked(lines, maxBytes, served, proof);
            bytesOwed += served < maxBytes ? served : maxBytes;
            to = settlement.nextHead(to, vm.addr(sessionKey), maxBytes);
        }
        amount = bytesOwed * PRICE / 2 ** 30;
        uint40 expiry = uint40(block.timestamp);
        bytes32 digest = settlement.sessionLogDigest(seederOf(spot.seeder), spot.lane, PRICE, expiry, to);
        group = abi.encodePacked(
            _header(spot, 1), expiry, uint16(count), _signer(spot), compact(signedBy, digest), lines
        );
    }

    function _voucher(At memory spot, bytes24 to, uint256 amount, uint256 signedBy) private view returns (bytes memory) {
        bytes32 digest = settlement.voucherDigest(seederOf(spot.seeder), spot.lane, PRICE, spot.head, to, uint128(amount));
        return abi.encodePacked(_header(spot, 2), to, uint128(amount), _signer(spot), compact(signedBy, digest));
    }

    function _header(At memory spot, uint8 kind) private pure returns (bytes memory) {
        return abi.encodePacked(spot.delegated ? kind + 2 : kind, sponsorOf(spot.sponsor), spot.lane, PRICE);
    }

    function _signer(At memory spot) private pure returns (bytes memory) {
        return spot.delegated ? abi.encodePacked(delegateOf(spot.sponsor)) : bytes("");
    }

    function _slice(bytes memory all, uint256 from, uint256 to) private pure returns (bytes memory part) {
        part = new bytes(to - from);
        for (uint256 i = from; i < to; i++) {
            part[i - from] = all[i];
        }
    }

    // --- settling ---------------------------------------------------------------------------------------------------

    function _spendable(At memory spot) private view returns (uint256 spendable, uint256 reserved) {
        (, reserved,,) = settlement.lane(spot.key);
        (uint256 pool,,) = settlement.account(sponsorOf(spot.sponsor));
        (, uint256 allowance,) = settlement.signer(sponsorOf(spot.sponsor), delegateOf(spot.sponsor));
        if (spot.delegated && allowance < pool) pool = allowance;
        return (reserved + pool, reserved);
    }

    function _settle(uint256 seeder, bytes memory batch) private returns (uint256) {
        vm.prank(seederOf(seeder));
        return settlement.settle(seederOf(seeder), batch);
    }

    function _settleAndCheck(At memory spot, bytes memory batch, uint256 amount, uint256 least, bytes24 to) private {
        (uint256 spendable, uint256 reserved) = _spendable(spot);
        (bool active,,) = settlement.signer(sponsorOf(spot.sponsor), delegateOf(spot.sponsor));
        bool payable_ = (!spot.delegated || active) && (amount <= spendable || spendable >= least);
        uint256 expected = !payable_ ? 0 : amount <= spendable ? amount : spendable;
        uint256 total = _settle(spot.seeder, batch);
        if (total != expected) unexpected = "a group was not paid as signed";
        if (!payable_) return;
        heads[spot.key] = to;
        earned[spot.seeder] += total;
        paid[spot.sponsor] += total;
        if (spot.delegated && total > reserved) allowanceLeft[spot.sponsor] -= total - reserved;
        _settled.push(batch);
        _settledBy.push(spot.seeder);
    }
}
