// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {TestUSD} from "../../../contracts/mocks/TestUSD.sol";
import {BandwidthSettlement} from "../../../contracts/settlement/BandwidthSettlement.sol";
import {Cheats} from "./Cheats.sol";
import {SettlementHandler} from "./SettlementHandler.sol";

/// @notice The invariants of ../INVARIANTS.md, 1 to 13.
contract BandwidthSettlementTest is Cheats {
    TestUSD private usd;
    BandwidthSettlement private settlement;
    SettlementHandler private handler;

    function setUp() public {
        vm.warp(1_800_000_000);
        usd = new TestUSD();
        settlement = new BandwidthSettlement(usd);
        handler = new SettlementHandler(settlement, usd);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_holdsWhatItOwes() public view {
        uint256 owed = 0;
        for (uint256 sponsor = 0; sponsor < handler.SPONSORS(); sponsor++) {
            (uint256 balance,,) = settlement.account(handler.sponsorOf(sponsor));
            owed += balance + _reserves(sponsor);
        }
        for (uint256 seeder = 0; seeder < handler.SEEDERS(); seeder++) {
            owed += settlement.credit(handler.seederOf(seeder));
        }
        expectEqual("token balance", usd.balanceOf(address(settlement)), owed);
    }

    function invariant_sponsorsLoseOnlyWhatTheySigned() public view {
        for (uint256 sponsor = 0; sponsor < handler.SPONSORS(); sponsor++) {
            (uint256 balance,,) = settlement.account(handler.sponsorOf(sponsor));
            uint256 gone = handler.withdrawn(sponsor) + handler.paid(sponsor);
            expectEqual("deposited", balance + _reserves(sponsor) + gone, handler.deposited(sponsor));
        }
    }

    function invariant_seedersHaveWhatTheyWerePaid() public view {
        for (uint256 seeder = 0; seeder < handler.SEEDERS(); seeder++) {
            uint256 credit = settlement.credit(handler.seederOf(seeder));
            expectEqual("earned", credit + handler.taken(seeder), handler.earned(seeder));
        }
    }

    function invariant_delegatesStayWithinTheirAllowance() public view {
        for (uint256 sponsor = 0; sponsor < handler.SPONSORS(); sponsor++) {
            (, uint256 left,) = settlement.signer(handler.sponsorOf(sponsor), handler.delegateOf(sponsor));
            expectEqual("allowance", left, handler.allowanceLeft(sponsor));
        }
    }

    function invariant_headsStandWhereTheyWereSigned() public view {
        for (uint256 i = 0; i < handler.SPONSORS() * handler.SEEDERS() * handler.LANES(); i++) {
            bytes32 key = _laneKey(i / 4, i / 2 % 2, i % 2);
            bytes24 signed = handler.heads(key);
            (bytes24 head,,,) = settlement.lane(key);
            expectTrue("head", head == (signed == bytes24(0) ? bytes24(key) : signed));
        }
    }

    /// @dev Between the books of sponsors and those of seeders nothing appears or is lost.
    function invariant_whatSponsorsPaidSeedersEarned() public view {
        uint256 paid = 0;
        uint256 earned = 0;
        for (uint256 sponsor = 0; sponsor < handler.SPONSORS(); sponsor++) {
            paid += handler.paid(sponsor);
        }
        for (uint256 seeder = 0; seeder < handler.SEEDERS(); seeder++) {
            earned += handler.earned(seeder);
        }
        expectEqual("earned", earned, paid);
    }

    function invariant_strangersGetNothing() public view {
        address[4] memory strangers = [handler.OPERATOR(), handler.PAYEE(), vm.addr(0xBAD), address(handler)];
        for (uint256 i = 0; i < 4; i++) {
            (uint256 balance,,) = settlement.account(strangers[i]);
            expectEqual("a stranger's credit and pool", settlement.credit(strangers[i]) + balance, 0);
        }
        expectEqual("the operator's money", usd.balanceOf(handler.OPERATOR()), 0);
    }

    function invariant_whatThawsHasAnEndWithinTheThawPeriod() public view {
        uint256 latest = block.timestamp + settlement.THAW_PERIOD();
        for (uint256 sponsor = 0; sponsor < handler.SPONSORS(); sponsor++) {
            (, uint256 thawing, uint256 end) = settlement.account(handler.sponsorOf(sponsor));
            expectTrue("thaw", (thawing == 0) == (end == 0) && end <= latest);
            (,, end) = settlement.signer(handler.sponsorOf(sponsor), handler.delegateOf(sponsor));
            expectTrue("revocation", end <= latest);
        }
        for (uint256 i = 0; i < handler.SPONSORS() * handler.SEEDERS() * handler.LANES(); i++) {
            (,, uint256 releasing, uint256 end) = settlement.lane(_laneKey(i / 4, i / 2 % 2, i % 2));
            expectTrue("release", (releasing == 0) == (end == 0) && end <= latest);
        }
    }

    /// @dev What a seeder may count on is never more than there is, and what is asked back counts for nothing.
    function invariant_freeIsWhatNobodyAskedBack() public view {
        for (uint256 sponsor = 0; sponsor < handler.SPONSORS(); sponsor++) {
            (uint256 balance, uint256 thawing,) = settlement.account(handler.sponsorOf(sponsor));
            uint256 free = settlement.freeBalance(handler.sponsorOf(sponsor));
            expectEqual("free pool", free, balance > thawing ? balance - thawing : 0);
        }
        for (uint256 i = 0; i < handler.SPONSORS() * handler.SEEDERS() * handler.LANES(); i++) {
            bytes32 key = _laneKey(i / 4, i / 2 % 2, i % 2);
            (, uint256 reserved, uint256 releasing,) = settlement.lane(key);
            expectEqual("free reserve", settlement.freeReserve(key), reserved > releasing ? reserved - releasing : 0);
        }
    }

    function invariant_nothingUnexpectedHappened() public view {
        expectTrue(handler.unexpected(), bytes(handler.unexpected()).length == 0);
    }

    function test_theDomainFollowsTheChainId() public {
        bytes32 before = settlement.DOMAIN_SEPARATOR();
        bytes32 receipt = settlement.receiptDigest(bytes24(uint192(1)), 1);
        vm.chainId(1);
        expectTrue("another separator", settlement.DOMAIN_SEPARATOR() != before);
        expectTrue("another digest", settlement.receiptDigest(bytes24(uint192(1)), 1) != receipt);
    }

    function testFuzz_laneKeysAndHeadsArePacked(address sponsor, address seeder, uint64 lane, uint64 price, uint48 max)
        public
        view
    {
        bytes32 key = settlement.laneKey(sponsor, seeder, lane, price);
        expectTrue("key", key == keccak256(bytes.concat(bytes20(sponsor), bytes20(seeder), bytes8(lane), bytes8(price))));
        (bytes24 head,,,) = settlement.lane(key);
        expectTrue("first head", head == bytes24(key));
        bytes24 next = bytes24(keccak256(bytes.concat(head, bytes20(seeder), bytes6(max))));
        expectTrue("next head", settlement.nextHead(head, seeder, max) == next);
    }

    /// @dev Noise never moves money, whatever it does otherwise.
    function testFuzz_noiseIsNeverPaid(bytes calldata noise, uint8 kind) public {
        address seeder = handler.seederOf(0);
        bytes memory batch = abi.encodePacked(uint8(bound(kind, 1, 4)), handler.sponsorOf(0), noise);
        vm.prank(seeder);
        try settlement.settle(seeder, batch) returns (uint256 total) {
            expectEqual("paid", total, 0);
        } catch {}
        invariant_holdsWhatItOwes();
        invariant_sponsorsLoseOnlyWhatTheySigned();
    }

    function _laneKey(uint256 sponsor, uint256 seeder, uint256 lane) private view returns (bytes32) {
        return settlement.laneKey(
            handler.sponsorOf(sponsor), handler.seederOf(seeder), uint64(lane), handler.PRICE()
        );
    }

    function _reserves(uint256 sponsor) private view returns (uint256 sum) {
        for (uint256 i = 0; i < 4; i++) {
            (, uint256 reserved,,) = settlement.lane(_laneKey(sponsor, i / 2, i % 2));
            sum += reserved;
        }
    }
}
