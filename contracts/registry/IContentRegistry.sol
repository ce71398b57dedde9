// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IAccessPass} from "../passes/IAccessPass.sol";
import {IRevenueShareToken} from "../revenue/IRevenueShareToken.sol";
import {IBandwidthSettlement} from "../settlement/IBandwidthSettlement.sol";

/// @title ContentRegistry
/// @notice Publishes content in one transaction: its share token, its pass and its record. Keyed by publisher, so nobody can
/// squat another's content; which publisher to believe is the reader's choice.
interface IContentRegistry {
    /// @notice All that is needed to publish.
    struct PublishParams {
        /// @dev The content's BitTorrent v2 infohash.
        bytes32 contentId;
        /// @dev Whose pool pays for delivery; zero = the publisher.
        address sponsor;
        /// @dev What the sponsor means to pay seeders, in the stablecoin's smallest unit per 2^30 bytes.
        uint64 pricePerGiB;
        /// @dev The part of each pass payment that tops up the sponsor's pool, in 1/10,000; also its ceiling for ever.
        uint16 deliveryBps;
        /// @dev At most 64 bytes; names the share token and the pass.
        string title;
        /// @dev Where the metainfo is: a magnet link, or an address of the .torrent file. Travels in the event alone.
        string metainfoURI;
        /// @dev Who holds the shares at the start; their sum is the supply. Empty = 1,000,000 shares for the publisher.
        IRevenueShareToken.Share[] shares;
        /// @dev The first tiers of the pass.
        IAccessPass.TierTerms[] tiers;
    }

    /// @notice What is recorded of a publication.
    struct Content {
        address token;
        address pass;
        address sponsor;
        uint64 pricePerGiB;
    }

    /// @notice Content was published.
    event ContentPublished(
        address indexed publisher,
        bytes32 indexed contentId,
        address token,
        address pass,
        address sponsor,
        uint64 pricePerGiB,
        string title,
        string metainfoURI
    );
    /// @notice A publisher's release pointer moved; `version` is the last one plus one.
    event ReleaseSet(
        address indexed publisher, bytes32 indexed nameHash, string name, uint256 version, bytes32 contentId
    );

    /// @notice The caller has published this content already.
    error ContentRegistry_AlreadyPublished(address publisher, bytes32 contentId);
    /// @notice A content id is zero.
    error ContentRegistry_ZeroContentId();
    /// @notice A title or name is empty or longer than allowed, in bytes.
    error ContentRegistry_BadLength(uint256 max, uint256 actual);
    /// @notice The delivery share is above 10,000.
    error ContentRegistry_BpsAboveMax(uint256 max, uint256 actual);
    /// @notice The implementations and the settlement do not use the same stablecoin.
    error ContentRegistry_OtherStablecoin(address expected, address actual);

    /// @notice Creates the caller's share token and pass for a content and records them.
    /// @dev Emits {ContentPublished}. Requirements: the caller has not published this content before; the title has 1 to 64
    /// bytes; `deliveryBps` is at most 10,000.
    /// @param params What is published.
    /// @return token The share token.
    /// @return pass The pass.
    function publish(PublishParams calldata params) external returns (address token, address pass);

    /// @notice Points the caller's `name` to a content; the version is the last one plus one, without rollback or gap.
    /// @dev Emits {ReleaseSet}. Requirements: the name has 1 to 64 bytes; the content id is not zero.
    /// @param name The product's name.
    /// @param contentId Its newest content.
    /// @return version The release's number, from 1.
    function setRelease(string calldata name, bytes32 contentId) external returns (uint256 version);

    /// @notice What `publisher` published under `contentId`; all zero when nothing.
    function contents(address publisher, bytes32 contentId) external view returns (Content memory);

    /// @notice A publisher's release pointer; version 0 when there is none.
    function release(address publisher, string calldata name)
        external
        view
        returns (bytes32 contentId, uint256 version);

    /// @notice The addresses that {publish} would give to `publisher` for `params`.
    function predictAddresses(address publisher, PublishParams calldata params)
        external
        view
        returns (address token, address pass);

    /// @notice What share tokens are clones of.
    function shareTokenImplementation() external view returns (address);

    /// @notice What passes are clones of.
    function passImplementation() external view returns (address);

    /// @notice Where delivery budgets lie.
    function settlement() external view returns (IBandwidthSettlement);

    /// @notice What everything is paid in.
    function stablecoin() external view returns (address);
}
