// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IBandwidthSettlement} from "../settlement/IBandwidthSettlement.sol";
import {IAccessPass} from "./IAccessPass.sol";
import {PassState} from "./PassState.sol";

/// @title AccessPass
/// @notice See {IAccessPass}.
/// @dev Passes are minted without a callback: the buyer names the receiver, and no receiver can stop a sale.
contract AccessPass is PassState, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    uint256 private constant MAX_FIRST_TIERS = 255;

    modifier onlyCreator() {
        address expected = creator();
        if (msg.sender != expected) revert AccessPass_NotCreator(expected, msg.sender);
        _;
    }

    /// @param settlement_ Where delivery budgets lie; passes are paid in its stablecoin.
    constructor(IBandwidthSettlement settlement_) PassState(settlement_) {
        _tier[0].exists = true; // the implementation itself is never initialised
    }

    /// @inheritdoc IAccessPass
    function initialize(TierTerms[] calldata tiers) external {
        if (_tier[0].exists) revert AccessPass_AlreadyInitialized();
        uint256 count = _firstTiers();
        if (tiers.length != count || count == 0) revert AccessPass_BadTierCount(MAX_FIRST_TIERS, tiers.length);
        for (uint256 i = 0; i < count; i++) {
            _addTier(i, tiers[i]);
        }
    }

    // --- buyer ------------------------------------------------------------------------------------------------------

    /// @inheritdoc IAccessPass
    function buy(uint256 tier, address to, uint256 maxPrice, uint256 deadline)
        external
        nonReentrant
        returns (uint256 tokenId)
    {
        return _buy(tier, to, maxPrice, deadline);
    }

    /// @inheritdoc IAccessPass
    function buyWithPermit(
        uint256 tier,
        address to,
        uint256 maxPrice,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant returns (uint256 tokenId) {
        // Whoever saw the permit in the mempool may have submitted it: then the allowance is there and all is well.
        try IERC20Permit(address(stablecoin)).permit(msg.sender, address(this), maxPrice, deadline, v, r, s) {} catch {}
        return _buy(tier, to, maxPrice, deadline);
    }

    /// @inheritdoc IAccessPass
    function buyWithAuthorization(
        uint256 tier,
        address to,
        uint256 maxPrice,
        uint256 deadline,
        PaymentAuthorization calldata authorization
    ) external nonReentrant returns (uint256 tokenId) {
        uint256 price = _checkOffer(tier, maxPrice, deadline);
        tokenId = _issue(tier, to, price);
        IERC3009(address(stablecoin)).receiveWithAuthorization(
            authorization.from,
            address(this),
            price,
            authorization.validAfter,
            authorization.validBefore,
            authorizationNonce(tier, to, maxPrice, deadline, authorization.salt),
            authorization.v,
            authorization.r,
            authorization.s
        );
        uint256 delivery = _deliveryPart(price);
        if (price != delivery) stablecoin.safeTransfer(address(shareToken()), price - delivery);
        _passOn(price, delivery);
        emit PassBought(tokenId, tier, to, authorization.from, price, delivery, validUntil(tokenId));
    }

    /// @inheritdoc IAccessPass
    function renew(uint256 tokenId, uint256 maxPrice, uint256 deadline) external nonReentrant {
        _requireOwned(tokenId);
        Pass memory p = _pass[tokenId];
        uint256 price = _checkOffer(p.tier, maxPrice, deadline);
        if (p.until == FOR_EVER && p.usesLeft == UNLIMITED) revert AccessPass_NothingToRenew(tokenId);
        Tier memory t = _tier[p.tier];
        if (p.until != FOR_EVER) {
            p.until = uint64((p.until > block.timestamp ? p.until : block.timestamp) + t.duration);
        }
        if (p.usesLeft != UNLIMITED) {
            uint256 uses = uint256(p.usesLeft) + t.uses;
            p.usesLeft = uses < UNLIMITED ? uint32(uses) : UNLIMITED - 1; // never becomes unlimited by adding up
        }
        p.paid += uint64(price);
        _pass[tokenId] = p;
        uint256 delivery = _collect(price);
        emit PassRenewed(tokenId, msg.sender, price, delivery, _shown(p.until), _shownUses(p.usesLeft));
        emit MetadataUpdate(tokenId);
    }

    // --- redeemer and creator ---------------------------------------------------------------------------------------

    /// @inheritdoc IAccessPass
    function consume(uint256 tokenId) external returns (uint256 usesLeft) {
        address expected = redeemer();
        if (msg.sender != expected) revert AccessPass_NotRedeemer(expected, msg.sender);
        if (!isValid(tokenId)) revert AccessPass_NotValid(tokenId);
        Pass storage p = _pass[tokenId];
        if (p.usesLeft == UNLIMITED) revert AccessPass_NothingToConsume(tokenId);
        usesLeft = --p.usesLeft;
        emit PassConsumed(tokenId, usesLeft);
        emit MetadataUpdate(tokenId);
    }

    /// @inheritdoc IAccessPass
    function addTier(TierTerms calldata terms) external onlyCreator returns (uint256 tier) {
        tier = tierCount();
        _settings.addedTiers++;
        _addTier(tier, terms);
    }

    /// @inheritdoc IAccessPass
    function closeTier(uint256 tier) external onlyCreator {
        _requireOpen(tier);
        _tier[tier].closed = true;
        emit TierClosed(tier);
    }

    /// @inheritdoc IAccessPass
    function grant(uint256 tier, address to) external onlyCreator returns (uint256 tokenId) {
        _requireOpen(tier);
        tokenId = _issue(tier, to, 0);
        emit PassGranted(tokenId, tier, to, validUntil(tokenId));
    }

    /// @inheritdoc IAccessPass
    function refund(uint256 tokenId, uint256 maxAmount) external onlyCreator nonReentrant returns (uint256 amount) {
        address holder = _requireOwned(tokenId);
        if (!_isAuthorized(holder, msg.sender, tokenId)) revert AccessPass_RefundNotApproved(tokenId, holder);
        amount = _pass[tokenId].paid;
        if (amount > maxAmount) revert AccessPass_RefundAboveMax(maxAmount, amount);
        delete _pass[tokenId];
        _burn(tokenId);
        emit PassRefunded(tokenId, holder, amount);
        if (amount != 0) stablecoin.safeTransferFrom(msg.sender, holder, amount);
    }

    /// @inheritdoc IAccessPass
    function setRedeemer(address redeemer_) external onlyCreator {
        _settings.redeemer = redeemer_;
        emit RedeemerChanged(redeemer());
    }

    /// @inheritdoc IAccessPass
    function setDeliveryBps(uint256 deliveryBps_) external onlyCreator {
        uint256 max = maxDeliveryBps();
        if (deliveryBps_ > max) revert AccessPass_BpsAboveMax(max, deliveryBps_);
        _settings.deliveryReduction = uint16(max - deliveryBps_);
        emit DeliveryBpsChanged(deliveryBps_);
    }

    // --- steps ------------------------------------------------------------------------------------------------------

    function _buy(uint256 tier, address to, uint256 maxPrice, uint256 deadline) private returns (uint256 tokenId) {
        uint256 price = _checkOffer(tier, maxPrice, deadline);
        tokenId = _issue(tier, to, price);
        uint256 delivery = _collect(price);
        emit PassBought(tokenId, tier, to, msg.sender, price, delivery, validUntil(tokenId));
    }

    function _checkOffer(uint256 tier, uint256 maxPrice, uint256 deadline) private view returns (uint256 price) {
        if (block.timestamp > deadline) revert AccessPass_DeadlinePassed(deadline, block.timestamp);
        _requireOpen(tier);
        price = _tier[tier].price;
        if (price > maxPrice) revert AccessPass_PriceAboveMax(maxPrice, price);
    }

    function _issue(uint256 tier, address to, uint256 paid) private returns (uint256 tokenId) {
        Tier memory t = _tier[tier];
        if (t.supplyCap != 0 && t.issued == t.supplyCap) revert AccessPass_SoldOut(tier, t.supplyCap);
        _tier[tier].issued = t.issued + 1;
        tokenId = ++_settings.issued;
        _pass[tokenId] = Pass({
            until: t.duration == 0 ? FOR_EVER : uint64(block.timestamp + t.duration),
            paid: uint64(paid),
            usesLeft: t.uses == 0 ? UNLIMITED : t.uses,
            tier: uint32(tier)
        });
        _mint(to, tokenId);
        if (!t.transferable) emit Locked(tokenId);
    }

    /// @dev The shares' part goes to them straight from the payer: this contract never needs an allowance for it.
    function _collect(uint256 price) private returns (uint256 delivery) {
        delivery = _deliveryPart(price);
        if (price != delivery) stablecoin.safeTransferFrom(msg.sender, address(shareToken()), price - delivery);
        if (delivery != 0) stablecoin.safeTransferFrom(msg.sender, address(this), delivery);
        _passOn(price, delivery);
    }

    function _deliveryPart(uint256 price) private view returns (uint256) {
        return price * deliveryBps() / BPS;
    }

    /// @dev The settlement pulls from its caller alone and this contract keeps no money, so one endless approval is safe.
    function _passOn(uint256 price, uint256 delivery) private {
        if (price != delivery) shareToken().sync();
        if (delivery == 0) return;
        if (stablecoin.allowance(address(this), address(settlement)) < delivery) {
            stablecoin.forceApprove(address(settlement), type(uint256).max);
        }
        settlement.deposit(sponsor(), delivery);
    }

    function _addTier(uint256 tier, TierTerms calldata terms) private {
        if (terms.royaltyBps > BPS) revert AccessPass_BpsAboveMax(BPS, terms.royaltyBps);
        _tier[tier] = Tier({
            price: terms.price,
            supplyCap: terms.supplyCap,
            issued: 0,
            duration: terms.duration,
            uses: terms.uses,
            royaltyBps: terms.royaltyBps,
            transferable: terms.transferable,
            exists: true,
            closed: false
        });
        emit TierAdded(tier, terms);
    }
}
