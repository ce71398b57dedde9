// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IAccessPass} from "../passes/IAccessPass.sol";
import {IRevenueShareToken} from "../revenue/IRevenueShareToken.sol";
import {IBandwidthSettlement} from "../settlement/IBandwidthSettlement.sol";
import {IContentRegistry} from "./IContentRegistry.sol";

/// @title ContentRegistry
/// @notice See {IContentRegistry}. Holds no money and has no owner.
contract ContentRegistry is IContentRegistry {
    using SafeCast for uint256;

    uint256 private constant BPS = 10_000;
    uint256 private constant MAX_NAME_BYTES = 64;
    uint256 private constant MAX_TIERS = 255;
    /// @dev A million shares of 18 decimals.
    uint96 private constant DEFAULT_SUPPLY = 1_000_000e18;

    /// @inheritdoc IContentRegistry
    address public immutable shareTokenImplementation;
    /// @inheritdoc IContentRegistry
    address public immutable passImplementation;
    /// @inheritdoc IContentRegistry
    IBandwidthSettlement public immutable settlement;
    /// @inheritdoc IContentRegistry
    address public immutable stablecoin;

    mapping(address publisher => mapping(bytes32 contentId => Record)) private _record;
    mapping(address publisher => mapping(bytes32 nameHash => Release)) private _release;

    /// @dev The sponsor is zero when it is the publisher, which saves a slot.
    struct Record {
        address token;
        uint64 pricePerGiB;
        address pass;
        address sponsor;
    }

    struct Release {
        bytes32 contentId;
        uint256 version;
    }

    /// @param shareToken What share tokens are clones of.
    /// @param pass What passes are clones of; its settlement and the share token must use the same stablecoin.
    constructor(IRevenueShareToken shareToken, IAccessPass pass) {
        shareTokenImplementation = address(shareToken);
        passImplementation = address(pass);
        settlement = pass.settlement();
        stablecoin = address(pass.stablecoin());
        if (address(shareToken.stablecoin()) != stablecoin) {
            revert ContentRegistry_OtherStablecoin(stablecoin, address(shareToken.stablecoin()));
        }
    }

    /// @inheritdoc IContentRegistry
    function publish(PublishParams calldata params) external returns (address token, address pass) {
        Record storage record = _record[msg.sender][params.contentId];
        if (params.contentId == 0) revert ContentRegistry_ZeroContentId();
        if (record.token != address(0)) revert ContentRegistry_AlreadyPublished(msg.sender, params.contentId);
        if (params.deliveryBps > BPS) revert ContentRegistry_BpsAboveMax(BPS, params.deliveryBps);
        if (params.tiers.length > MAX_TIERS) revert ContentRegistry_BadLength(MAX_TIERS, params.tiers.length);
        _requireNamed(params.title);

        address sponsor = params.sponsor == address(0) ? msg.sender : params.sponsor;
        bytes32 salt = _salt(msg.sender, params.contentId);
        token = Clones.cloneDeterministicWithImmutableArgs(
            shareTokenImplementation, _tokenArgs(msg.sender, params), salt
        );
        pass = Clones.cloneDeterministicWithImmutableArgs(
            passImplementation, _passArgs(msg.sender, sponsor, token, params), salt
        );
        (record.token, record.pricePerGiB, record.pass) = (token, params.pricePerGiB, pass);
        if (sponsor != msg.sender) record.sponsor = sponsor;
        emit ContentPublished(
            msg.sender,
            params.contentId,
            token,
            pass,
            sponsor,
            params.pricePerGiB,
            params.title,
            params.metainfoURI
        );
        IRevenueShareToken(token).initialize(_sharesOf(msg.sender, params));
        IAccessPass(pass).initialize(params.tiers);
    }

    /// @inheritdoc IContentRegistry
    function setRelease(string calldata name, bytes32 contentId) external returns (uint256 version) {
        if (contentId == 0) revert ContentRegistry_ZeroContentId();
        _requireNamed(name);
        bytes32 nameHash = keccak256(bytes(name));
        Release storage current = _release[msg.sender][nameHash];
        version = ++current.version;
        current.contentId = contentId;
        emit ReleaseSet(msg.sender, nameHash, name, version, contentId);
    }

    /// @inheritdoc IContentRegistry
    function contents(address publisher, bytes32 contentId) external view returns (Content memory) {
        Record memory record = _record[publisher][contentId];
        bool own = record.sponsor == address(0) && record.token != address(0);
        return Content(record.token, record.pass, own ? publisher : record.sponsor, record.pricePerGiB);
    }

    /// @inheritdoc IContentRegistry
    function release(address publisher, string calldata name)
        external
        view
        returns (bytes32 contentId, uint256 version)
    {
        Release memory current = _release[publisher][keccak256(bytes(name))];
        return (current.contentId, current.version);
    }

    /// @inheritdoc IContentRegistry
    function predictAddresses(address publisher, PublishParams calldata params)
        external
        view
        returns (address token, address pass)
    {
        address sponsor = params.sponsor == address(0) ? publisher : params.sponsor;
        bytes32 salt = _salt(publisher, params.contentId);
        token = Clones.predictDeterministicAddressWithImmutableArgs(
            shareTokenImplementation, _tokenArgs(publisher, params), salt
        );
        pass = Clones.predictDeterministicAddressWithImmutableArgs(
            passImplementation, _passArgs(publisher, sponsor, token, params), salt
        );
    }

    /// @dev The publisher is part of every address: nobody can take another's.
    function _salt(address publisher, bytes32 contentId) private pure returns (bytes32) {
        return keccak256(abi.encode(publisher, contentId));
    }

    /// @dev Layout in {RevenueShareToken}.
    function _tokenArgs(address publisher, PublishParams calldata params) private pure returns (bytes memory) {
        uint256 supply = params.shares.length == 0 ? DEFAULT_SUPPLY : 0;
        for (uint256 i = 0; i < params.shares.length; i++) {
            supply += params.shares[i].amount;
        }
        return abi.encodePacked(publisher, supply.toUint96(), params.deliveryBps, params.title);
    }

    /// @dev Layout in {AccessPass}.
    function _passArgs(address publisher, address sponsor, address token, PublishParams calldata params)
        private
        pure
        returns (bytes memory)
    {
        bytes memory args =
            abi.encodePacked(params.contentId, publisher, token, params.deliveryBps, uint8(params.tiers.length));
        return sponsor == publisher ? args : abi.encodePacked(args, sponsor);
    }

    function _sharesOf(address publisher, PublishParams calldata params)
        private
        pure
        returns (IRevenueShareToken.Share[] memory shares)
    {
        if (params.shares.length != 0) return params.shares;
        shares = new IRevenueShareToken.Share[](1);
        shares[0] = IRevenueShareToken.Share(publisher, DEFAULT_SUPPLY);
    }

    function _requireNamed(string calldata name) private pure {
        uint256 length = bytes(name).length;
        if (length == 0 || length > MAX_NAME_BYTES) revert ContentRegistry_BadLength(MAX_NAME_BYTES, length);
    }
}
