// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {TestUSD} from "../../../contracts/mocks/TestUSD.sol";
import {AccessPass} from "../../../contracts/passes/AccessPass.sol";
import {IAccessPass} from "../../../contracts/passes/IAccessPass.sol";
import {Cheats} from "./Cheats.sol";

/// @notice Plays buyers, holders and the creator, keeps a list of passes of its own, and notes what must never be seen.
contract PassHandler is Cheats {
    uint256 public constant PEOPLE = 3;
    uint256 private constant ENDLESS = type(uint256).max;

    struct Copy {
        address holder;
        uint256 tier;
        uint256 until;
        uint256 usesLeft;
        uint256 paid;
    }

    AccessPass public immutable pass;
    TestUSD public immutable usd;
    address public immutable creator;
    string public unexpected;
    uint256 public count;
    uint256 public tiers;
    uint256 public bps;
    uint256 public delivered;
    uint256 public shared;

    mapping(uint256 tokenId => Copy) public passes;
    mapping(uint256 tier => IAccessPass.TierTerms) private _terms;
    mapping(uint256 tier => uint256) public issued;
    mapping(uint256 tier => bool) public closed;

    constructor(AccessPass pass_, TestUSD usd_, address creator_, IAccessPass.TierTerms[] memory first) {
        (pass, usd, creator) = (pass_, usd_, creator_);
        bps = pass_.deliveryBps();
        for (uint256 i = 0; i < first.length; i++) {
            _terms[tiers++] = first[i];
        }
        for (uint256 i = 0; i < PEOPLE; i++) {
            usd_.mint(personOf(i), 1e18);
            vm.prank(personOf(i));
            usd_.approve(address(pass_), ENDLESS);
        }
    }

    // --- buyers -----------------------------------------------------------------------------------------------------

    function buy(uint256 who, uint256 tier, uint256 to, uint256 maxPrice) external {
        (who, tier, to) = (who % PEOPLE, tier % (tiers + 1), to % PEOPLE);
        maxPrice = bound(maxPrice, 1e6, 8e6);
        bool possible = _onSale(tier) && _terms[tier].price <= maxPrice;
        uint256 before = usd.balanceOf(personOf(who));
        vm.prank(personOf(who));
        try pass.buy(tier, personOf(to), maxPrice, block.timestamp) returns (uint256 id) {
            if (!possible) unexpected = "a pass was sold that is not on sale";
            _note(id, tier, to, _terms[tier].price);
            _split(_terms[tier].price);
            if (before - usd.balanceOf(personOf(who)) != _terms[tier].price) unexpected = "a buyer paid another price";
        } catch {
            if (possible) unexpected = "a pass on sale could not be bought";
        }
    }

    function renew(uint256 who, uint256 id) external {
        if (count == 0) return;
        (who, id) = (who % PEOPLE, 1 + id % count);
        Copy memory copy = passes[id];
        IAccessPass.TierTerms memory terms = _terms[copy.tier];
        bool possible = copy.holder != address(0) && !closed[copy.tier]
            && (copy.until != ENDLESS || copy.usesLeft != ENDLESS);
        vm.prank(personOf(who));
        try pass.renew(id, terms.price, block.timestamp) {
            if (!possible) unexpected = "a pass was renewed that has nothing to renew";
            if (copy.until != ENDLESS) {
                copy.until = (copy.until > block.timestamp ? copy.until : block.timestamp) + terms.duration;
            }
            if (copy.usesLeft != ENDLESS) copy.usesLeft += terms.uses;
            copy.paid += terms.price;
            passes[id] = copy;
            _split(terms.price);
        } catch {
            if (possible) unexpected = "a pass could not be renewed";
        }
    }

    function transfer(uint256 id, uint256 to) external {
        if (count == 0) return;
        (id, to) = (1 + id % count, to % PEOPLE);
        Copy memory copy = passes[id];
        if (copy.holder == address(0)) return; // nobody can call as the zero address
        bool possible = _terms[copy.tier].transferable && block.timestamp <= copy.until
            && copy.usesLeft != 0;
        vm.prank(copy.holder);
        try pass.transferFrom(copy.holder, personOf(to), id) {
            if (!possible) unexpected = "a pass moved that is bound, ended or used up";
            passes[id].holder = personOf(to);
        } catch {
            if (possible) unexpected = "a good pass could not be moved";
        }
    }

    /// @dev Others' passes are out of reach, whatever they try.
    function steal(uint256 who, uint256 id) external {
        if (count == 0) return;
        (who, id) = (who % PEOPLE, 1 + id % count);
        address thief = personOf(who);
        if (passes[id].holder == thief) return;
        vm.startPrank(thief);
        try pass.transferFrom(passes[id].holder, thief, id) {
            unexpected = "a pass was stolen";
        } catch {}
        try pass.consume(id) {
            unexpected = "a stranger used up a pass";
        } catch {}
        try pass.refund(id, type(uint256).max) {
            unexpected = "a stranger refunded a pass";
        } catch {}
        try pass.grant(0, thief) {
            unexpected = "a stranger granted a pass";
        } catch {}
        vm.stopPrank();
    }

    // --- creator ----------------------------------------------------------------------------------------------------

    function consume(uint256 id) external {
        if (count == 0) return;
        id = 1 + id % count;
        Copy memory copy = passes[id];
        bool possible = copy.holder != address(0) && block.timestamp <= copy.until && copy.usesLeft != 0
            && copy.usesLeft != ENDLESS;
        vm.prank(creator);
        try pass.consume(id) returns (uint256 left) {
            if (!possible || left != copy.usesLeft - 1) unexpected = "a pass was used that cannot be";
            passes[id].usesLeft = left;
        } catch {
            if (possible) unexpected = "a good pass could not be used";
        }
    }

    function grant(uint256 tier, uint256 to) external {
        (tier, to) = (tier % (tiers + 1), to % PEOPLE);
        bool possible = _onSale(tier);
        vm.prank(creator);
        try pass.grant(tier, personOf(to)) returns (uint256 id) {
            if (!possible) unexpected = "a pass was granted that is not on sale";
            _note(id, tier, to, 0);
        } catch {
            if (possible) unexpected = "a pass could not be granted";
        }
    }

    function refund(uint256 id, bool approved, bool enough) external {
        if (count == 0) return;
        id = 1 + id % count;
        Copy memory copy = passes[id];
        if (copy.holder == address(0)) return;
        vm.prank(copy.holder);
        pass.approve(approved ? creator : address(0), id);
        uint256 before = usd.balanceOf(copy.holder);
        vm.prank(creator);
        enough = enough || copy.paid == 0;
        try pass.refund(id, enough ? copy.paid : copy.paid - 1) returns (uint256 amount) {
            if (!enough) unexpected = "a refund was dearer than its limit";
            if (!approved) unexpected = "a pass was taken without its holder's consent";
            if (amount != copy.paid || usd.balanceOf(copy.holder) - before != amount) {
                unexpected = "a refund was not what was paid";
            }
            delete passes[id];
        } catch {
            if (approved && enough) unexpected = "a pass could not be refunded";
        }
    }

    function addTier(uint64 price, uint32 cap, uint32 duration, uint16 uses, bool transferable) external {
        if (tiers == 8) return;
        IAccessPass.TierTerms memory terms =
            IAccessPass.TierTerms(price % 1e7, cap % 4, duration % 90 days, uses % 4, 0, transferable);
        vm.prank(creator);
        if (pass.addTier(terms) != tiers) unexpected = "a tier got another number";
        _terms[tiers++] = terms;
    }

    function closeTier(uint256 tier) external {
        tier %= tiers;
        if (tier < 3) return; // something stays on sale
        vm.prank(creator);
        try pass.closeTier(tier) {
            if (closed[tier]) unexpected = "a tier was closed twice";
            closed[tier] = true;
        } catch {
            if (!closed[tier]) unexpected = "a tier could not be closed";
        }
    }

    function setDeliveryBps(uint256 part) external {
        part = bound(part, 0, 5_000);
        vm.prank(creator);
        try pass.setDeliveryBps(part) {
            if (part > pass.maxDeliveryBps()) unexpected = "the delivery part rose above its ceiling";
            bps = part;
        } catch {
            if (part <= pass.maxDeliveryBps()) unexpected = "the delivery part could not be changed";
        }
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 4 days));
        vm.roll(block.number + 1);
    }

    // --- who and what -----------------------------------------------------------------------------------------------

    function personOf(uint256 who) public pure returns (address) {
        return address(uint160(0xE0 + who));
    }

    function termsHash(uint256 tier) external view returns (bytes32) {
        return keccak256(abi.encode(_terms[tier]));
    }

    function _onSale(uint256 tier) private view returns (bool) {
        uint256 cap = _terms[tier].supplyCap;
        return tier < tiers && !closed[tier] && (cap == 0 || issued[tier] < cap);
    }

    function _note(uint256 id, uint256 tier, uint256 to, uint256 paid) private {
        if (id != ++count) unexpected = "a pass got another number";
        IAccessPass.TierTerms memory terms = _terms[tier];
        issued[tier]++;
        passes[id] = Copy({
            holder: personOf(to),
            tier: tier,
            until: terms.duration == 0 ? ENDLESS : block.timestamp + terms.duration,
            usesLeft: terms.uses == 0 ? ENDLESS : terms.uses,
            paid: paid
        });
    }

    function _split(uint256 price) private {
        uint256 delivery = price * bps / 10_000;
        delivered += delivery;
        shared += price - delivery;
    }
}
