// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IBandwidthSettlement} from "./IBandwidthSettlement.sol";
import {delegateState, DelegateState} from "./DelegateState.sol";
import {laneState, LaneState} from "./LaneState.sol";
import {poolState, PoolState} from "./PoolState.sol";
import {SettlementBatch} from "./SettlementBatch.sol";

/// @title BandwidthSettlement
/// @notice See {IBandwidthSettlement}. Here lies what moves money in and out; {SettlementBatch} moves it from sponsors to
/// seeders.
/// @dev Payments are pulled: no function can be blocked by a payee that reverts. Everything that moves tokens is guarded
/// against reentrancy, because deposits are credited by what the balance grew.
contract BandwidthSettlement is SettlementBatch, Multicall, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    /// @inheritdoc IBandwidthSettlement
    uint256 public constant THAW_PERIOD = 7 days;

    /// @dev u64 reserves and u96 pools hold 180 billion dollars and more at 8 decimals, and mere cents at 18.
    uint256 private constant MAX_DECIMALS = 8;

    /// @inheritdoc IBandwidthSettlement
    IERC20 public immutable stablecoin;

    mapping(address seeder => uint256) private _credit;
    mapping(address seeder => mapping(address operator => bool)) private _operator;
    mapping(bytes32 laneKey => Release) private _release;

    /// @dev What a sponsor asked back of a lane's reserve.
    struct Release {
        uint64 amount;
        uint64 end;
    }

    /// @param stablecoin_ What everything here is counted in; at most 8 decimals.
    constructor(IERC20Metadata stablecoin_) {
        uint256 decimals = stablecoin_.decimals();
        if (decimals > MAX_DECIMALS) revert BandwidthSettlement_TooManyDecimals(MAX_DECIMALS, decimals);
        stablecoin = stablecoin_;
    }

    // --- sponsor ----------------------------------------------------------------------------------------------------

    /// @inheritdoc IBandwidthSettlement
    function deposit(address sponsor, uint256 amount) external nonReentrant returns (uint256 credited) {
        return _pull(sponsor, amount);
    }

    /// @inheritdoc IBandwidthSettlement
    function depositWithPermit(address sponsor, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        nonReentrant
        returns (uint256 credited)
    {
        // Whoever saw the permit in the mempool may have submitted it: then the allowance is there and all is well.
        try IERC20Permit(address(stablecoin)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        return _pull(sponsor, amount);
    }

    /// @inheritdoc IBandwidthSettlement
    function depositWithAuthorization(address sponsor, uint256 amount, DepositAuthorization calldata authorization)
        external
        nonReentrant
        returns (uint256 credited)
    {
        uint256 before = stablecoin.balanceOf(address(this));
        IERC3009(address(stablecoin)).receiveWithAuthorization(
            authorization.from,
            address(this),
            amount,
            authorization.validAfter,
            authorization.validBefore,
            depositNonce(sponsor, authorization.salt),
            authorization.v,
            authorization.r,
            authorization.s
        );
        return _creditPool(sponsor, authorization.from, before);
    }

    /// @inheritdoc IBandwidthSettlement
    function reserve(address seeder, uint64 lane_, uint64 pricePerGiB, uint64 amount) external {
        _takeFromPool(msg.sender, amount);
        _addReserve(msg.sender, Reservation(seeder, lane_, pricePerGiB, amount));
    }

    /// @inheritdoc IBandwidthSettlement
    function reserveMany(address sponsor, Reservation[] calldata reservations) external {
        uint256 sum = 0;
        for (uint256 i = 0; i < reservations.length; i++) {
            sum += reservations[i].amount;
        }
        if (msg.sender != sponsor) _spendAllowance(sponsor, msg.sender, sum);
        _takeFromPool(sponsor, sum);
        for (uint256 i = 0; i < reservations.length; i++) {
            _addReserve(sponsor, reservations[i]);
        }
    }

    /// @inheritdoc IBandwidthSettlement
    function thawReserve(address seeder, uint64 lane_, uint64 pricePerGiB, uint64 amount) external {
        bytes32 key = laneKey(msg.sender, seeder, lane_, pricePerGiB);
        Release memory release = Release(amount, amount == 0 ? 0 : _thawEnd());
        _release[key] = release;
        emit ReserveChanged(msg.sender, seeder, lane_, pricePerGiB, _lane[key].state.reserved(), amount, release.end);
    }

    /// @inheritdoc IBandwidthSettlement
    function releaseReserve(address seeder, uint64 lane_, uint64 pricePerGiB) external returns (uint256 amount) {
        bytes32 key = laneKey(msg.sender, seeder, lane_, pricePerGiB);
        Release memory release = _release[key];
        uint256 reserved = _lane[key].state.reserved();
        _requireThawed(release.end);
        amount = release.amount < reserved ? release.amount : reserved;
        delete _release[key];
        _setReserve(key, reserved - amount);
        _addToPool(msg.sender, amount);
        emit ReserveChanged(msg.sender, seeder, lane_, pricePerGiB, reserved - amount, 0, 0);
    }

    /// @inheritdoc IBandwidthSettlement
    function authorizeSigner(address key, uint128 added) external {
        if (key == address(0)) revert BandwidthSettlement_ZeroAddress();
        DelegateState delegate = _delegate[msg.sender][key];
        uint256 allowance = (delegate.isActive() ? delegate.allowance() : 0) + added;
        _delegate[msg.sender][key] = delegateState(allowance.toUint128(), 0);
        emit SignerChanged(msg.sender, key, allowance, 0);
    }

    /// @inheritdoc IBandwidthSettlement
    function revokeSigner(address key) external {
        DelegateState delegate = _delegate[msg.sender][key];
        if (!delegate.isKnown() || delegate.end() != 0) revert BandwidthSettlement_UnknownSigner(msg.sender, key);
        delegate = delegateState(uint128(delegate.allowance()), _thawEnd());
        _delegate[msg.sender][key] = delegate;
        emit SignerChanged(msg.sender, key, delegate.allowance(), delegate.end());
    }

    /// @inheritdoc IBandwidthSettlement
    function thaw(uint256 amount) external {
        uint256 balance = _pool[msg.sender].state.balance();
        if (amount > balance) revert BandwidthSettlement_InsufficientBalance(amount, balance);
        uint64 end = amount == 0 ? 0 : _thawEnd();
        _pool[msg.sender].state = poolState(uint96(balance), uint96(amount), end);
        emit ThawChanged(msg.sender, amount, end);
    }

    /// @inheritdoc IBandwidthSettlement
    function withdrawThawed(address to) external nonReentrant returns (uint256 amount) {
        PoolState pool = _pool[msg.sender].state;
        _requireThawed(pool.thawEnd());
        amount = pool.thawing() < pool.balance() ? pool.thawing() : pool.balance();
        _pool[msg.sender].state = poolState(uint96(pool.balance() - amount), 0, 0);
        emit DepositWithdrawn(msg.sender, to, amount);
        stablecoin.safeTransfer(to, amount);
    }

    // --- seeder -----------------------------------------------------------------------------------------------------

    /// @inheritdoc IBandwidthSettlement
    function approveOperator(address operator, bool approved) external {
        _operator[msg.sender][operator] = approved;
        emit OperatorApproval(msg.sender, operator, approved);
    }

    /// @inheritdoc IBandwidthSettlement
    function settle(address seeder, bytes calldata batch) external returns (uint256 total) {
        if (msg.sender != seeder && !_operator[seeder][msg.sender]) {
            revert BandwidthSettlement_NotOperator(seeder, msg.sender);
        }
        total = _settle(seeder, batch);
        unchecked {
            _credit[seeder] += total; // all credits together are below what the stablecoin's supply can be
        }
    }

    /// @inheritdoc IBandwidthSettlement
    function settleTo(bytes calldata batch, address to) external nonReentrant returns (uint256 total) {
        total = _settle(msg.sender, batch);
        emit CreditWithdrawn(msg.sender, to, total);
        stablecoin.safeTransfer(to, total);
    }

    /// @inheritdoc IBandwidthSettlement
    function withdraw(address to) external nonReentrant returns (uint256 amount) {
        amount = _credit[msg.sender];
        if (amount == 0) revert BandwidthSettlement_NothingToWithdraw(msg.sender);
        _credit[msg.sender] = 0;
        emit CreditWithdrawn(msg.sender, to, amount);
        stablecoin.safeTransfer(to, amount);
    }

    // --- views ------------------------------------------------------------------------------------------------------

    /// @inheritdoc IBandwidthSettlement
    function account(address sponsor) external view returns (uint256 balance, uint256 thawing, uint256 thawEnd) {
        PoolState pool = _pool[sponsor].state;
        return (pool.balance(), pool.thawing(), pool.thawEnd());
    }

    /// @inheritdoc IBandwidthSettlement
    function freeBalance(address sponsor) external view returns (uint256) {
        PoolState pool = _pool[sponsor].state;
        return pool.balance() > pool.thawing() ? pool.balance() - pool.thawing() : 0;
    }

    /// @inheritdoc IBandwidthSettlement
    function lane(bytes32 key)
        external
        view
        returns (bytes24 head, uint256 reserved, uint256 releasing, uint256 releaseEnd)
    {
        LaneState state = _lane[key].state;
        Release memory release = _release[key];
        return (state.head(key), state.reserved(), release.amount, release.end);
    }

    /// @inheritdoc IBandwidthSettlement
    function freeReserve(bytes32 key) external view returns (uint256) {
        (uint256 reserved, uint256 releasing) = (_lane[key].state.reserved(), _release[key].amount);
        return reserved > releasing ? reserved - releasing : 0;
    }

    /// @inheritdoc IBandwidthSettlement
    function credit(address seeder) external view returns (uint256) {
        return _credit[seeder];
    }

    /// @inheritdoc IBandwidthSettlement
    function signer(address sponsor, address key)
        external
        view
        returns (bool active, uint256 allowance, uint256 end)
    {
        DelegateState delegate = _delegate[sponsor][key];
        return (delegate.isActive(), delegate.allowance(), delegate.end());
    }

    /// @inheritdoc IBandwidthSettlement
    function isOperator(address seeder, address operator) external view returns (bool) {
        return _operator[seeder][operator];
    }

    /// @inheritdoc IBandwidthSettlement
    function depositNonce(address sponsor, bytes32 salt) public view returns (bytes32) {
        return keccak256(abi.encode(address(this), sponsor, salt));
    }

    // --- steps ------------------------------------------------------------------------------------------------------

    function _pull(address sponsor, uint256 amount) private returns (uint256) {
        uint256 before = stablecoin.balanceOf(address(this));
        stablecoin.safeTransferFrom(msg.sender, address(this), amount);
        return _creditPool(sponsor, msg.sender, before);
    }

    /// @dev Credits what arrived, not what was asked for: some tokens take a fee.
    function _creditPool(address sponsor, address from, uint256 before) private returns (uint256 credited) {
        if (sponsor == address(0)) revert BandwidthSettlement_ZeroAddress();
        credited = stablecoin.balanceOf(address(this)) - before;
        _addToPool(sponsor, credited);
        emit Deposited(sponsor, from, credited);
    }

    function _addToPool(address sponsor, uint256 amount) private {
        PoolState pool = _pool[sponsor].state;
        _pool[sponsor].state = pool.withBalance((pool.balance() + amount).toUint96());
    }

    function _takeFromPool(address sponsor, uint256 amount) private {
        PoolState pool = _pool[sponsor].state;
        if (amount > pool.balance()) revert BandwidthSettlement_InsufficientBalance(amount, pool.balance());
        _pool[sponsor].state = pool.withBalance(uint96(pool.balance() - amount));
    }

    /// @dev A revoked key reserves nothing more at once: unlike a signed log, nobody relies on a reserve not yet made.
    function _spendAllowance(address sponsor, address key, uint256 amount) private {
        DelegateState delegate = _delegate[sponsor][key];
        uint256 allowance = delegate.allowance();
        if (!delegate.isKnown() || delegate.end() != 0) revert BandwidthSettlement_UnknownSigner(sponsor, key);
        if (amount > allowance) revert BandwidthSettlement_AllowanceExceeded(amount, allowance);
        _delegate[sponsor][key] = delegate.minus(amount);
        emit SignerChanged(sponsor, key, allowance - amount, 0);
    }

    function _addReserve(address sponsor, Reservation memory to) private {
        bytes32 key = laneKey(sponsor, to.seeder, to.lane, to.pricePerGiB);
        uint256 reserved = _lane[key].state.reserved() + to.amount;
        _setReserve(key, reserved.toUint64());
        Release memory release = _release[key];
        emit ReserveChanged(
            sponsor, to.seeder, to.lane, to.pricePerGiB, reserved, release.amount, release.end
        );
    }

    function _setReserve(bytes32 key, uint256 reserved) private {
        _lane[key].state = laneState(_lane[key].state.head(key), reserved);
    }

    function _thawEnd() private view returns (uint64) {
        return uint64(block.timestamp + THAW_PERIOD);
    }

    function _requireThawed(uint256 end) private view {
        if (end == 0) revert BandwidthSettlement_NothingThawing();
        if (block.timestamp < end) revert BandwidthSettlement_StillThawing(end, block.timestamp);
    }
}
