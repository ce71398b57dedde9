// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC2981} from "@openzeppelin/contracts/interfaces/IERC2981.sol";
import {IERC721Metadata} from "@openzeppelin/contracts/token/ERC721/extensions/IERC721Metadata.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IBandwidthSettlement} from "../settlement/IBandwidthSettlement.sol";
import {IRevenueShareToken} from "../revenue/IRevenueShareToken.sol";
import {IAccessPass, IERC5192} from "./IAccessPass.sol";
import {PassMetadata} from "./PassMetadata.sol";

/// @title PassState
/// @notice What is known of a content's tiers and passes, how it is shown, and which passes may change hands. {AccessPass}
/// sells and changes them.
/// @dev Immutable arguments of a clone, packed: contentId32 creator20 shareToken20 maxDeliveryBps2 firstTiers1, and sponsor20
/// if that is not the creator: every byte costs whoever publishes 200 gas.
abstract contract PassState is IAccessPass, ERC721 {
    uint256 internal constant BPS = 10_000;
    uint64 internal constant FOR_EVER = type(uint64).max;
    uint32 internal constant UNLIMITED = type(uint32).max;

    uint256 private constant CREATOR_AT = 32;
    uint256 private constant SPONSOR_AT = 75;

    /// @inheritdoc IAccessPass
    IBandwidthSettlement public immutable settlement;
    /// @inheritdoc IAccessPass
    IERC20 public immutable stablecoin;

    mapping(uint256 tier => Tier) internal _tier;
    mapping(uint256 tokenId => Pass) internal _pass;
    Settings internal _settings;

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

    constructor(IBandwidthSettlement settlement_) ERC721("", "") {
        settlement = settlement_;
        stablecoin = settlement_.stablecoin();
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
        return _firstTiers() + _settings.addedTiers;
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
        return _addressAt(CREATOR_AT);
    }

    /// @inheritdoc IAccessPass
    function shareToken() public view returns (IRevenueShareToken) {
        return IRevenueShareToken(_addressAt(52));
    }

    /// @inheritdoc IAccessPass
    function sponsor() public view returns (address) {
        bytes memory args = _args();
        uint256 start = args.length == SPONSOR_AT ? CREATOR_AT : SPONSOR_AT;
        return address(bytes20(Bytes.slice(args, start, start + 20)));
    }

    /// @inheritdoc IAccessPass
    function maxDeliveryBps() public view returns (uint256) {
        return uint16(bytes2(Bytes.slice(_args(), 72, 74)));
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

    function _requireOpen(uint256 tier) internal view {
        if (!_tier[tier].exists) revert AccessPass_UnknownTier(tier, tierCount());
        if (_tier[tier].closed) revert AccessPass_TierClosed(tier);
    }

    /// @dev Minting and burning are free to happen; a transfer needs a pass that is its holder's to give and still good.
    function _update(address to, uint256 tokenId, address auth) internal override returns (address from) {
        from = super._update(to, tokenId, auth);
        if (from == address(0) || to == address(0)) return from;
        Pass memory p = _pass[tokenId];
        if (!_tier[p.tier].transferable) revert AccessPass_Soulbound(tokenId);
        if (!_isLive(p)) revert AccessPass_NotValid(tokenId);
        // A holder that agrees to a refund must not lose the pass without it.
        if (auth != from && auth == creator()) revert AccessPass_OnlyRefund(tokenId);
    }

    function _isLive(Pass memory p) internal view returns (bool) {
        return block.timestamp <= p.until && p.usesLeft != 0;
    }

    function _shown(uint64 until) internal pure returns (uint256) {
        return until == FOR_EVER ? type(uint256).max : until;
    }

    function _shownUses(uint32 usesLeft) internal pure returns (uint256) {
        return usesLeft == UNLIMITED ? type(uint256).max : usesLeft;
    }

    function _addressAt(uint256 start) private view returns (address) {
        return address(bytes20(Bytes.slice(_args(), start, start + 20)));
    }

    function _args() private view returns (bytes memory) {
        return Clones.fetchCloneArgs(address(this));
    }

    function _firstTiers() internal view returns (uint256) {
        return uint8(_args()[74]);
    }
}
