// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {TestUSD} from "../../../contracts/mocks/TestUSD.sol";
import {AccessPass} from "../../../contracts/passes/AccessPass.sol";
import {IAccessPass} from "../../../contracts/passes/IAccessPass.sol";
import {ContentRegistry} from "../../../contracts/registry/ContentRegistry.sol";
import {IContentRegistry} from "../../../contracts/registry/IContentRegistry.sol";
import {IRevenueShareToken} from "../../../contracts/revenue/IRevenueShareToken.sol";
import {RevenueShareToken} from "../../../contracts/revenue/RevenueShareToken.sol";
import {BandwidthSettlement} from "../../../contracts/settlement/BandwidthSettlement.sol";
import {Cheats} from "./Cheats.sol";
import {PassHandler} from "./PassHandler.sol";

/// @notice The invariants of ../INVARIANTS.md, 19 to 25: a content on sale, its passes used, renewed, sold on and refunded.
contract AccessPassTest is Cheats {
    TestUSD private usd;
    BandwidthSettlement private settlement;
    AccessPass private pass;
    RevenueShareToken private shares;
    PassHandler private handler;

    uint256 private constant CEILING = 3_333;

    function setUp() public {
        vm.warp(1_800_000_000);
        usd = new TestUSD();
        settlement = new BandwidthSettlement(usd);
        ContentRegistry registry = new ContentRegistry(new RevenueShareToken(usd), new AccessPass(settlement));
        IContentRegistry.PublishParams memory params;
        params.contentId = keccak256("a film");
        params.sponsor = address(0x5B0);
        params.deliveryBps = uint16(CEILING);
        params.title = "A film";
        params.tiers = new IAccessPass.TierTerms[](4);
        params.tiers[0] = IAccessPass.TierTerms(5e6, 0, 0, 0, 500, true);
        params.tiers[1] = IAccessPass.TierTerms(1e6 + 7, 12, 7 days, 1, 0, false);
        params.tiers[2] = IAccessPass.TierTerms(3e6 + 1, 0, 30 days, 3, 0, true);
        params.tiers[3] = IAccessPass.TierTerms(0, 5, 0, 2, 10_000, true);
        params.shares = new IRevenueShareToken.Share[](1);
        params.shares[0] = IRevenueShareToken.Share(address(0x5A), 1e18);
        (address token, address passAt) = registry.publish(params);
        (pass, shares) = (AccessPass(passAt), RevenueShareToken(payable(token)));
        handler = new PassHandler(pass, usd, address(this), params.tiers);
        usd.approve(passAt, type(uint256).max);
        usd.mint(address(this), 1e18);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_thePassKeepsNoMoney() public view {
        expectEqual("held by the pass", usd.balanceOf(address(pass)), 0);
    }

    function invariant_everyPaymentIsSplit() public view {
        (uint256 balance,,) = settlement.account(address(0x5B0));
        (uint256 received,,, uint256 unsynced) = shares.books();
        expectEqual("the sponsor's pool", balance, handler.delivered());
        expectEqual("income of the shares", received, handler.shared());
        expectEqual("not yet counted", unsynced, 0);
    }

    function invariant_tiersNeverChange() public view {
        for (uint256 tier = 0; tier < pass.tierCount(); tier++) {
            (IAccessPass.TierTerms memory terms, uint256 issued, bool open) = pass.tierOf(tier);
            expectTrue("terms", keccak256(abi.encode(terms)) == handler.termsHash(tier));
            expectEqual("issued", issued, handler.issued(tier));
            expectTrue("supply cap", terms.supplyCap == 0 || issued <= terms.supplyCap);
            expectTrue("open", open == !handler.closed(tier));
        }
        expectEqual("tiers", pass.tierCount(), handler.tiers());
    }

    function invariant_passesStayWhatTheyWereSoldAs() public view {
        for (uint256 id = 1; id <= handler.count(); id++) {
            (address holder, uint256 tier, uint256 until, uint256 usesLeft, uint256 paid) = handler.passes(id);
            if (holder == address(0)) {
                expectTrue("refunded", !pass.isValid(id));
                continue;
            }
            (uint256 tier_, uint256 until_, uint256 usesLeft_, uint256 paid_) = pass.pass(id);
            expectTrue("holder", pass.ownerOf(id) == holder);
            expectEqual("tier", tier_, tier);
            expectEqual("until", until_, until);
            expectEqual("uses", usesLeft_, usesLeft);
            expectEqual("paid", paid_, paid);
            expectTrue("valid", pass.isValid(id) == (block.timestamp <= until && usesLeft != 0));
            expectTrue("access", pass.hasAccess(holder, id) == pass.isValid(id));
        }
    }

    function invariant_everyPassHasAHolder() public view {
        uint256 sum = 0;
        uint256 living = 0;
        for (uint256 i = 0; i < handler.PEOPLE(); i++) {
            sum += pass.balanceOf(handler.personOf(i));
        }
        for (uint256 id = 1; id <= handler.count(); id++) {
            (address holder,,,,) = handler.passes(id);
            if (holder != address(0)) living++;
        }
        expectEqual("held", sum, living);
        expectEqual("ever issued", pass.issuedCount(), handler.count());
    }

    function invariant_theDeliveryPartStaysBelowItsCeiling() public view {
        expectTrue("ceiling", pass.deliveryBps() <= CEILING && pass.maxDeliveryBps() == CEILING);
        expectEqual("part", pass.deliveryBps(), handler.bps());
    }

    function invariant_nothingUnexpectedHappened() public view {
        expectTrue(handler.unexpected(), bytes(handler.unexpected()).length == 0);
    }
}
