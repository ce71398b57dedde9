// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC2981} from "@openzeppelin/contracts/interfaces/IERC2981.sol";
import {IERC4906} from "@openzeppelin/contracts/interfaces/IERC4906.sol";
import {IERC721Metadata} from "@openzeppelin/contracts/token/ERC721/extensions/IERC721Metadata.sol";
import {IBandwidthSettlement} from "../settlement/IBandwidthSettlement.sol";
import {IRevenueShareToken} from "../revenue/IRevenueShareToken.sol";

/// @notice ERC-5192: which tokens are bound to their holder.
interface IERC5192 {
    /// @notice The token is bound to its holder.
    event Locked(uint256 tokenId);
    /// @notice The token can be transferred.
    event Unlocked(uint256 tokenId);

    /// @notice Whether the token is bound to its holder; reverts when it does not exist.
    function locked(uint256 tokenId) external view returns (bool);
}

/// @title AccessPass
/// @notice Who may download one content. Sold in tiers for stablecoin; of each payment a part tops up the delivery budget of
/// the content's sponsor and the rest is income of the share holders, in the same transaction.
/// @dev ERC-721 with ERC-2981, ERC-4906, ERC-5192; one clone per content with immutable arguments; holds no money between
/// transactions. A tier never changes: it is added and closed.
interface IAccessPass is IERC721Metadata, IERC2981, IERC4906, IERC5192 {
    /// @notice What a pass costs and what it is good for.
    struct TierTerms {
        /// @dev In the stablecoin's smallest unit; 0 = free, and refused by nobody.
        uint64 price;
        /// @dev How many may ever be issued, granted ones included; 0 = no limit.
        uint32 supplyCap;
        /// @dev Seconds that a pass is valid; 0 = for ever.
        uint32 duration;
        /// @dev How often it can be used; 0 = without limit.
        uint16 uses;
        /// @dev Resale royalty in 1/10,000, paid to the share token.
        uint16 royaltyBps;
        /// @dev False: bound to its first holder (soulbound).
        bool transferable;
    }

    /// @notice An EIP-3009 authorisation to pull exactly the tier's price from `from`; its nonce is
    /// {authorizationNonce}(tier, to, maxPrice, deadline, salt).
    struct PaymentAuthorization {
        address from;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 salt;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    /// @notice A tier was added; passes of it can be bought until it is closed.
    event TierAdded(uint256 indexed tier, TierTerms terms);
    /// @notice A tier was closed for ever; its passes stay valid.
    event TierClosed(uint256 indexed tier);
    /// @notice A pass was sold: `paid` by `payer`, of which `delivery` went to the sponsor's pool, the rest to the shares.
    event PassBought(
        uint256 indexed tokenId,
        uint256 indexed tier,
        address indexed to,
        address payer,
        uint256 paid,
        uint256 delivery,
        uint256 validUntil
    );
    /// @notice A pass was given away by the creator.
    event PassGranted(uint256 indexed tokenId, uint256 indexed tier, address indexed to, uint256 validUntil);
    /// @notice A pass was prolonged for one more period, and its uses filled up by the tier's.
    event PassRenewed(
        uint256 indexed tokenId, address indexed payer, uint256 paid, uint256 delivery, uint256 validUntil, uint256 usesLeft
    );
    /// @notice A pass was used once.
    event PassConsumed(uint256 indexed tokenId, uint256 usesLeft);
    /// @notice A pass was burned and `amount` returned to its holder by the creator.
    event PassRefunded(uint256 indexed tokenId, address indexed holder, uint256 amount);
    /// @notice Another account may consume uses.
    event RedeemerChanged(address indexed redeemer);
    /// @notice Another part of each payment goes to the delivery budget.
    event DeliveryBpsChanged(uint256 deliveryBps);

    /// @notice The clone is initialised, or this is the implementation.
    error AccessPass_AlreadyInitialized();
    /// @notice Only the creator may do this.
    error AccessPass_NotCreator(address expected, address actual);
    /// @notice Only the redeemer may consume uses.
    error AccessPass_NotRedeemer(address expected, address actual);
    /// @notice There are only `count` tiers.
    error AccessPass_UnknownTier(uint256 tier, uint256 count);
    /// @notice The tier is closed.
    error AccessPass_TierClosed(uint256 tier);
    /// @notice The tier's passes are all issued.
    error AccessPass_SoldOut(uint256 tier, uint256 supplyCap);
    /// @notice The buyer offers less than the tier's price.
    error AccessPass_PriceAboveMax(uint256 maxPrice, uint256 price);
    /// @notice The buyer's deadline has passed.
    error AccessPass_DeadlinePassed(uint256 deadline, uint256 time);
    /// @notice A share in 1/10,000 is above its limit.
    error AccessPass_BpsAboveMax(uint256 max, uint256 actual);
    /// @notice The pass neither ends nor is used up, so there is nothing to renew.
    error AccessPass_NothingToRenew(uint256 tokenId);
    /// @notice The pass is not limited in its uses, or has none left.
    error AccessPass_NothingToConsume(uint256 tokenId);
    /// @notice The pass is bound to its holder.
    error AccessPass_Soulbound(uint256 tokenId);
    /// @notice The pass is expired or used up: it does not transfer and cannot be used.
    error AccessPass_NotValid(uint256 tokenId);
    /// @notice The holder did not approve the creator for this pass.
    error AccessPass_RefundNotApproved(uint256 tokenId, address holder);
    /// @notice The creator was approved for a pass, which lets it refund the pass and not move it.
    error AccessPass_OnlyRefund(uint256 tokenId);
    /// @notice A refund would cost the creator more than it said.
    error AccessPass_RefundAboveMax(uint256 maxAmount, uint256 amount);
    /// @notice A pass is created with 1 to `max` tiers.
    error AccessPass_BadTierCount(uint256 max, uint256 actual);

    /// @notice Adds the first tiers, once, in the transaction that creates the clone.
    /// @dev Emits {TierAdded} for each.
    /// @param tiers_ The first tiers.
    function initialize(TierTerms[] calldata tiers_) external;

    // --- buyer ------------------------------------------------------------------------------------------------------

    /// @notice Buys a pass of `tier` for `to`, paid by the caller.
    /// @dev Emits {PassBought}, ERC-721 Transfer, and Locked when soulbound. Requirements: the tier is open and not sold
    /// out; its price is at most `maxPrice`; the block's time is at most `deadline`; the caller approved this contract.
    /// @param tier Which tier, from 0.
    /// @param to Who receives the pass.
    /// @param maxPrice The most that the caller pays.
    /// @param deadline Last second.
    /// @return tokenId The new pass.
    function buy(uint256 tier, address to, uint256 maxPrice, uint256 deadline) external returns (uint256 tokenId);

    /// @notice {buy} with the caller's ERC-2612 permit over `maxPrice` until `deadline`; a permit that somebody else already
    /// submitted does no harm.
    /// @param tier Which tier.
    /// @param to Who receives the pass.
    /// @param maxPrice The most that the caller pays, and the permit's value.
    /// @param deadline Last second, of the permit too.
    /// @param v Recovery id of the permit.
    /// @param r First half of the permit's signature.
    /// @param s Second half of the permit's signature.
    /// @return tokenId The new pass.
    function buyWithPermit(
        uint256 tier,
        address to,
        uint256 maxPrice,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (uint256 tokenId);

    /// @notice {buy} without gas for the buyer: anybody submits an EIP-3009 `ReceiveWithAuthorization` that
    /// `authorization.from` signed for this contract, with the tier's price as value and {authorizationNonce} as nonce, so
    /// that whoever submits it can change nothing.
    /// @param tier Which tier.
    /// @param to Who receives the pass.
    /// @param maxPrice The most that the buyer pays.
    /// @param deadline Last second.
    /// @param authorization What the buyer signed.
    /// @return tokenId The new pass.
    function buyWithAuthorization(
        uint256 tier,
        address to,
        uint256 maxPrice,
        uint256 deadline,
        PaymentAuthorization calldata authorization
    ) external returns (uint256 tokenId);

    /// @notice Prolongs a pass by its tier's duration, from now or from its end, and adds the tier's uses. Anyone may pay.
    /// @dev Emits {PassRenewed} and ERC-4906 MetadataUpdate. Requirements: as for {buy}, without the supply cap; the pass
    /// ends or is limited in uses.
    /// @param tokenId Which pass.
    /// @param maxPrice The most that the caller pays.
    /// @param deadline Last second.
    function renew(uint256 tokenId, uint256 maxPrice, uint256 deadline) external;

    // --- redeemer and creator ---------------------------------------------------------------------------------------

    /// @notice Uses a pass once.
    /// @dev Emits {PassConsumed} and ERC-4906 MetadataUpdate. Requirements: the caller is the redeemer; the pass is valid and
    /// limited in uses.
    /// @param tokenId Which pass.
    /// @return usesLeft What is left.
    function consume(uint256 tokenId) external returns (uint256 usesLeft);

    /// @notice Adds a tier.
    /// @dev Emits {TierAdded}. Requirements: the caller is the creator; the royalty is at most 10,000.
    /// @param terms Its terms, for ever.
    /// @return tier Its number.
    function addTier(TierTerms calldata terms) external returns (uint256 tier);

    /// @notice Closes a tier for ever.
    /// @dev Emits {TierClosed}. Requirements: the caller is the creator; the tier is open.
    /// @param tier Which tier.
    function closeTier(uint256 tier) external;

    /// @notice Gives a pass away.
    /// @dev Emits {PassGranted}, ERC-721 Transfer, and Locked when soulbound. Requirements: the caller is the creator; the
    /// tier is open and not sold out.
    /// @param tier Which tier.
    /// @param to Who receives it.
    /// @return tokenId The new pass.
    function grant(uint256 tier, address to) external returns (uint256 tokenId);

    /// @notice Burns a pass and returns what was paid for it, renewals included, from the creator to its holder.
    /// @dev Emits {PassRefunded} and ERC-721 Transfer. Requirements: the caller is the creator and approved this contract for
    /// the stablecoin; the holder approved the creator for the pass, so that nobody loses a pass against its will; at most
    /// `maxAmount` was paid. Anyone may renew a pass, a moment before its refund too, with what goes to a friend's shares.
    /// @param tokenId Which pass.
    /// @param maxAmount The most that the creator returns.
    /// @return amount What was returned.
    function refund(uint256 tokenId, uint256 maxAmount) external returns (uint256 amount);

    /// @notice Names who may {consume}; zero stands for the creator.
    /// @dev Emits {RedeemerChanged}. Requirements: the caller is the creator.
    /// @param redeemer_ Who.
    function setRedeemer(address redeemer_) external;

    /// @notice Changes which part of each payment goes to the delivery budget.
    /// @dev Emits {DeliveryBpsChanged}. Requirements: the caller is the creator; at most {maxDeliveryBps}.
    /// @param deliveryBps_ In 1/10,000.
    function setDeliveryBps(uint256 deliveryBps_) external;

    // --- views ------------------------------------------------------------------------------------------------------

    /// @notice Whether a pass exists, has not ended and is not used up.
    function isValid(uint256 tokenId) external view returns (bool);

    /// @notice The last second of a pass; the largest number for one that never ends. Reverts when it does not exist.
    function validUntil(uint256 tokenId) external view returns (uint256);

    /// @notice Whether `holder` holds this pass and it is valid.
    function hasAccess(address holder, uint256 tokenId) external view returns (bool);

    /// @notice Everything about one pass. Reverts when it does not exist.
    /// @param tokenId Which pass.
    /// @return tier Its tier.
    /// @return until As {validUntil}.
    /// @return usesLeft What is left; the largest number when it is not limited.
    /// @return paid What was paid for it, renewals included.
    function pass(uint256 tokenId)
        external
        view
        returns (uint256 tier, uint256 until, uint256 usesLeft, uint256 paid);

    /// @notice A tier's terms, how many were issued, and whether it is still open.
    function tierOf(uint256 tier) external view returns (TierTerms memory terms, uint256 issued, bool open);

    /// @notice How many tiers there are.
    function tierCount() external view returns (uint256);

    /// @notice How many passes were ever issued; ids run from 1.
    function issuedCount() external view returns (uint256);

    /// @notice The EIP-3009 nonce that binds a payment to one purchase:
    /// keccak256(abi.encode(this contract, tier, to, maxPrice, deadline, salt)).
    function authorizationNonce(uint256 tier, address to, uint256 maxPrice, uint256 deadline, bytes32 salt)
        external
        view
        returns (bytes32);

    /// @notice Who may {consume}.
    function redeemer() external view returns (address);

    /// @notice Which part of each payment goes to the delivery budget, in 1/10,000.
    function deliveryBps() external view returns (uint256);

    /// @notice The most that {deliveryBps} can ever be.
    function maxDeliveryBps() external view returns (uint256);

    /// @notice Who published the content.
    function creator() external view returns (address);

    /// @notice Whose pool in {settlement} the delivery part tops up.
    function sponsor() external view returns (address);

    /// @notice The content's BitTorrent v2 infohash.
    function contentId() external view returns (bytes32);

    /// @notice Who shares the income.
    function shareToken() external view returns (IRevenueShareToken);

    /// @notice Where the delivery budget lies.
    function settlement() external view returns (IBandwidthSettlement);

    /// @notice What passes are paid in.
    function stablecoin() external view returns (IERC20);
}
