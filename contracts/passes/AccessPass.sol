// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC2981} from "@openzeppelin/contracts/interfaces/IERC2981.sol";
import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {IERC721Metadata} from "@openzeppelin/contracts/token/ERC721/extensions/IERC721Metadata.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IBandwidthSettlement} from "../settlement/IBandwidthSettlement.sol";
import {IRevenueShareToken} from "../revenue/IRevenueShareToken.sol";
import {IAccessPass, IERC5192} from "./IAccessPass.sol";
import {PassMetadata} from "./PassMetadata.sol";

/// @title AccessPass
/// @notice See {IAccessPass}.
/// @dev Immutable arguments of a clone, packed: contentId32 creator20 shareToken20 sponsor20 maxDeliveryBps2 firstTiers1.
/// Passes are minted without a callback: the buyer names the receiver, and no receiver can stop a sale.
contract AccessPass is IAccessPass, ERC721, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    uint256 private constant BPS = 10_000;
    uint256 private constant MAX_FIRST_TIERS = 255;
    uint64 private constant FOR_EVER = type(uint64).max;
    uint32 private constant UNLIMITED = type(uint32).max;

    /// @inheritdoc IAccessPass
    IBandwidthSettlement public immutable settlement;
    /// @inheritdoc IAccessPass
    IERC20 public immutable stablecoin;

    mapping(uint256 tier => Tier) private _tier;
    mapping(uint256 tokenId => Pass) private _pass;
    Settings private _settings;

    struct Tier {
        uint64 price;
        uint32 supplyCap;
        uint32 issued;
        uint32 duration;
        uint16 uses;
        uint16 royaltyBps;
        bool transferable;
        bool exists;
        bool closed;
    }

    struct Pass {
        uint64 until;
        uint64 paid;
        uint32 usesLeft;
        uint32 tier;
    }

    /// @dev Zero at creation, so that publishing does not pay for it: the redeemer is then the creator, the delivery part
    /// is at its ceiling, and the only tiers are the first ones.
    struct Settings {
        address redeemer;
        uint16 deliveryReduction;
        uint32 addedTiers;
        uint32 issued;
    }

    modifier onlyCreator() {
        address expected = creator();
        if (msg.sender != expected) revert AccessPass_NotCreator(expected, msg.sender);
        _;
    }

    /// @param settlement_ Where delivery budgets lie; passes are paid in its stablecoin.
    constructor(IBandwidthSettlement settlement_) ERC721("", "") {
        settlement = settlement_;
        stablecoin = settlement_.stablecoin();
        _tier[0].exists = true; // the implementation itself is never initialised
    }

    /// @inheritdoc IAccessPass
    function initialize(TierTerms[] calldata tiers) external {
        if (_tier[0].exists) revert AccessPass_AlreadyInitialized();
        uint256 count = uint8(_args()[94]);
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
        if (p.usesLeft != UNLIMITED) p.usesLeft += t.uses;
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
    function refund(uint256 tokenId) external onlyCreator nonReentrant returns (uint256 amount) {
        address holder = _requireOwned(tokenId);
        if (!_isAuthorized(holder, msg.sender, tokenId)) revert AccessPass_RefundNotApproved(tokenId, holder);
        amount = _pass[tokenId].paid;
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

    // --- views ------------------------------------------------------------------------------------------------------

    /// @inheritdoc IAccessPass
    function isValid(uint256 tokenId) public view returns (bool) {
        return _ownerOf(tokenId) != address(0) && _isLive(_pass[tokenId]);
    }

    /// @inheritdoc IAccessPass
    function validUntil(uint256 tokenId) public view returns (uint256) {
        _requireOwned(tokenId);
        return _shown(_pass[tokenId].until);
    }

    /// @inheritdoc IAccessPass
    function hasAccess(address holder, uint256 tokenId) external view returns (bool) {
        return holder != address(0) && _ownerOf(tokenId) == holder && _isLive(_pass[tokenId]);
    }

    /// @inheritdoc IAccessPass
    function pass(uint256 tokenId)
        external
        view
        returns (uint256 tier, uint256 until, uint256 usesLeft, uint256 paid)
    {
        _requireOwned(tokenId);
        Pass memory p = _pass[tokenId];
        return (p.tier, _shown(p.until), _shownUses(p.usesLeft), p.paid);
    }

    /// @inheritdoc IAccessPass
    function tierOf(uint256 tier) external view returns (TierTerms memory terms, uint256 issued, bool open) {
        Tier memory t = _tier[tier];
        if (!t.exists) revert AccessPass_UnknownTier(tier, tierCount());
        terms = TierTerms(t.price, t.supplyCap, t.duration, t.uses, t.royaltyBps, t.transferable);
        return (terms, t.issued, !t.closed);
    }

    /// @inheritdoc IAccessPass
    function tierCount() public view returns (uint256) {
        return uint8(_args()[94]) + _settings.addedTiers;
    }

    /// @inheritdoc IAccessPass
    function issuedCount() external view returns (uint256) {
        return _settings.issued;
    }

    /// @inheritdoc IAccessPass
    function authorizationNonce(uint256 tier, address to, uint256 maxPrice, uint256 deadline, bytes32 salt)
        public
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(address(this), tier, to, maxPrice, deadline, salt));
    }

    /// @inheritdoc IAccessPass
    function redeemer() public view returns (address) {
        address named = _settings.redeemer;
        return named == address(0) ? creator() : named;
    }

    /// @inheritdoc IAccessPass
    function deliveryBps() public view returns (uint256) {
        return maxDeliveryBps() - _settings.deliveryReduction;
    }

    /// @inheritdoc IAccessPass
    function contentId() public view returns (bytes32) {
        return bytes32(_args());
    }

    /// @inheritdoc IAccessPass
    function creator() public view returns (address) {
        return _addressAt(32);
    }

    /// @inheritdoc IAccessPass
    function shareToken() public view returns (IRevenueShareToken) {
        return IRevenueShareToken(_addressAt(52));
    }

    /// @inheritdoc IAccessPass
    function sponsor() public view returns (address) {
        return _addressAt(72);
    }

    /// @inheritdoc IAccessPass
    function maxDeliveryBps() public view returns (uint256) {
        return uint16(bytes2(Bytes.slice(_args(), 92, 94)));
    }

    /// @inheritdoc IERC5192
    function locked(uint256 tokenId) external view returns (bool) {
        _requireOwned(tokenId);
        return !_tier[_pass[tokenId].tier].transferable;
    }

    /// @inheritdoc IERC2981
    function royaltyInfo(uint256 tokenId, uint256 salePrice) external view returns (address receiver, uint256 amount) {
        _requireOwned(tokenId);
        return (address(shareToken()), salePrice * _tier[_pass[tokenId].tier].royaltyBps / BPS);
    }

    /// @inheritdoc IERC721Metadata
    function name() public view override(ERC721, IERC721Metadata) returns (string memory) {
        return string.concat(shareToken().title(), " pass");
    }

    /// @inheritdoc IERC721Metadata
    function symbol() public pure override(ERC721, IERC721Metadata) returns (string memory) {
        return "PASS";
    }

    /// @inheritdoc IERC721Metadata
    function tokenURI(uint256 tokenId) public view override(ERC721, IERC721Metadata) returns (string memory) {
        _requireOwned(tokenId);
        Pass memory p = _pass[tokenId];
        return PassMetadata.tokenURI(
            PassMetadata.Facts({
                title: shareToken().title(),
                contentId: contentId(),
                tokenId: tokenId,
                tier: p.tier,
                endsAt: p.until == FOR_EVER ? 0 : p.until,
                limited: p.usesLeft != UNLIMITED,
                usesLeft: p.usesLeft,
                transferable: _tier[p.tier].transferable
            })
        );
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 id) public view override(ERC721, IERC165) returns (bool) {
        return id == type(IERC2981).interfaceId || id == type(IERC5192).interfaceId
            || id == bytes4(0x49064906) // ERC-4906, which has events alone
            || super.supportsInterface(id);
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

    function _requireOpen(uint256 tier) private view {
        if (!_tier[tier].exists) revert AccessPass_UnknownTier(tier, tierCount());
        if (_tier[tier].closed) revert AccessPass_TierClosed(tier);
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

    /// @dev Minting and burning are free to happen; a transfer needs a pass that is its holder's to give and still good.
    function _update(address to, uint256 tokenId, address auth) internal override returns (address from) {
        from = super._update(to, tokenId, auth);
        if (from == address(0) || to == address(0)) return from;
        Pass memory p = _pass[tokenId];
        if (!_tier[p.tier].transferable) revert AccessPass_Soulbound(tokenId);
        if (!_isLive(p)) revert AccessPass_NotValid(tokenId);
    }

    function _isLive(Pass memory p) private view returns (bool) {
        return block.timestamp <= p.until && p.usesLeft != 0;
    }

    function _shown(uint64 until) private pure returns (uint256) {
        return until == FOR_EVER ? type(uint256).max : until;
    }

    function _shownUses(uint32 usesLeft) private pure returns (uint256) {
        return usesLeft == UNLIMITED ? type(uint256).max : usesLeft;
    }

    function _addressAt(uint256 start) private view returns (address) {
        return address(bytes20(Bytes.slice(_args(), start, start + 20)));
    }

    function _args() private view returns (bytes memory) {
        return Clones.fetchCloneArgs(address(this));
    }
}
