// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Bytes} from "@openzeppelin/contracts/utils/Bytes.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ClonePermit} from "./ClonePermit.sol";
import {IRevenueShareToken} from "./IRevenueShareToken.sol";

/// @title RevenueShareToken
/// @notice See {IRevenueShareToken}.
/// @dev Immutable arguments of a clone, packed: publisher20 supply12 maxDeliveryBps2 title.
///
/// The supply never changes, so nothing is ever divided before a claim: the accumulator per share is the income itself, and
/// a holder is owed (income × shares − debt) / supply, exactly. A transfer moves income × amount of debt along with the
/// shares, a claim adds paid × supply, so the sum of what all are owed is exactly income − paid.
/// Bounds: income < 2^72 and supply <= 2^86, so income × shares < 2^158 and |debt| < 2^159.
contract RevenueShareToken is IRevenueShareToken, ClonePermit, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using SafeCast for int256;
    using SafeCast for uint256;

    uint256 private constant MAX_SUPPLY = 2 ** 86;
    uint256 private constant MAX_DECIMALS = 8;

    /// @inheritdoc IRevenueShareToken
    IERC20 public immutable stablecoin;

    mapping(address holder => Holder) private _holder;
    mapping(address holder => bool) private _claimConsent;
    Books private _books;

    struct Holder {
        uint96 shares;
        int160 debt;
    }

    /// @dev Of `received`, `pending` arrived in block `pendingBlock` and is nobody's until that block has ended. A block
    /// number also says: initialised.
    struct Books {
        uint64 pending;
        uint48 pendingBlock;
        uint72 received;
        uint72 paid;
    }

    /// @param stablecoin_ What income arrives in; at most 8 decimals.
    constructor(IERC20Metadata stablecoin_) ERC20("", "") {
        uint256 decimals_ = stablecoin_.decimals();
        if (decimals_ > MAX_DECIMALS) revert RevenueShareToken_TooManyDecimals(MAX_DECIMALS, decimals_);
        stablecoin = stablecoin_;
        _books.pendingBlock = type(uint48).max; // the implementation itself is never initialised
    }

    /// @notice The chain's own coin is accepted; {sweep} sends it to the publisher.
    receive() external payable {}

    /// @inheritdoc IRevenueShareToken
    function initialize(Share[] calldata shares) external {
        if (_books.pendingBlock != 0) revert RevenueShareToken_AlreadyInitialized();
        _books.pendingBlock = uint48(block.number);
        uint256 sum = 0;
        for (uint256 i = 0; i < shares.length; i++) {
            (address holder, uint96 amount) = (shares[i].holder, shares[i].amount);
            if (holder == address(0)) revert ERC20InvalidReceiver(holder);
            if (holder == address(this)) revert RevenueShareToken_TransferToSelf();
            sum += amount;
            _holder[holder].shares += amount;
            emit Transfer(address(0), holder, amount);
        }
        uint256 supply = totalSupply();
        if (sum != supply || supply == 0) revert RevenueShareToken_WrongSupply(supply, sum);
        if (supply > MAX_SUPPLY) revert RevenueShareToken_SupplyAboveMax(MAX_SUPPLY, supply);
    }

    // --- income -----------------------------------------------------------------------------------------------------

    /// @inheritdoc IRevenueShareToken
    function distribute(uint256 amount) external nonReentrant returns (uint256 received) {
        stablecoin.safeTransferFrom(msg.sender, address(this), amount);
        return _count();
    }

    /// @inheritdoc IRevenueShareToken
    function sync() external nonReentrant returns (uint256 received) {
        return _count();
    }

    /// @inheritdoc IRevenueShareToken
    function claim(address to) external nonReentrant returns (uint256 amount) {
        return _claim(msg.sender, to);
    }

    /// @inheritdoc IRevenueShareToken
    function claimFor(address holder) external nonReentrant returns (uint256 amount) {
        // A contract that does not expect money may be unable to pass it on, or count it as something else.
        if (holder.code.length != 0 && !_claimConsent[holder]) revert RevenueShareToken_NoConsent(holder);
        return _claim(holder, holder);
    }

    /// @inheritdoc IRevenueShareToken
    function setClaimConsent(bool allowed) external {
        _claimConsent[msg.sender] = allowed;
        emit ClaimConsentChanged(msg.sender, allowed);
    }

    /// @inheritdoc IRevenueShareToken
    function sweep(address token) external nonReentrant returns (uint256 amount) {
        if (token == address(stablecoin)) revert RevenueShareToken_NotSweepable(token);
        address to = publisher();
        amount = token == address(0) ? address(this).balance : IERC20(token).balanceOf(address(this));
        emit Swept(token, to, amount);
        if (token == address(0)) Address.sendValue(payable(to), amount);
        else IERC20(token).safeTransfer(to, amount);
    }

    // --- views ------------------------------------------------------------------------------------------------------

    /// @inheritdoc IRevenueShareToken
    function claimable(address holder) external view returns (uint256) {
        (uint256 whole,) = entitlement(holder);
        return whole;
    }

    /// @inheritdoc IRevenueShareToken
    function entitlement(address holder) public view returns (uint256 whole, uint256 fraction) {
        uint256 supply = totalSupply();
        uint256 owed = _owed(_income(_books), _holder[holder]);
        return (owed / supply, owed % supply);
    }

    /// @inheritdoc IRevenueShareToken
    function books() external view returns (uint256 received, uint256 paid, uint256 pending, uint256 unsynced) {
        Books memory b = _books;
        return (b.received, b.paid, b.received - _income(b), _unsynced(b));
    }

    /// @inheritdoc IRevenueShareToken
    function claimConsent(address holder) external view returns (bool) {
        return _claimConsent[holder];
    }

    /// @inheritdoc IERC20
    function balanceOf(address holder) public view override(ERC20, IERC20) returns (uint256) {
        return _holder[holder].shares;
    }

    /// @inheritdoc IERC20
    function totalSupply() public view override(ERC20, IERC20) returns (uint256) {
        return uint96(uint256(bytes32(_args())));
    }

    /// @inheritdoc IERC20Metadata
    function name() public view override(ERC20, IERC20Metadata) returns (string memory) {
        return string.concat(title(), " share");
    }

    /// @inheritdoc IERC20Metadata
    function symbol() public pure override(ERC20, IERC20Metadata) returns (string memory) {
        return "SHARE";
    }

    /// @inheritdoc IERC20Metadata
    function decimals() public pure override(ERC20, IERC20Metadata) returns (uint8) {
        return 18;
    }

    /// @inheritdoc IERC20Permit
    function nonces(address owner) public view override(ClonePermit, IERC20Permit) returns (uint256) {
        return super.nonces(owner);
    }

    /// @inheritdoc IRevenueShareToken
    function publisher() public view returns (address) {
        return address(bytes20(_args()));
    }

    /// @inheritdoc IRevenueShareToken
    function maxDeliveryBps() external view returns (uint256) {
        return uint16(bytes2(Bytes.slice(_args(), 32, 34)));
    }

    /// @inheritdoc IRevenueShareToken
    function title() public view returns (string memory) {
        return string(Bytes.slice(_args(), 34));
    }

    // --- steps ------------------------------------------------------------------------------------------------------

    /// @dev Replaces OpenZeppelin's balances: shares and what they are owed move together, in one slot per holder. There
    /// is no minting or burning after {initialize}.
    function _update(address from, address to, uint256 amount) internal override {
        if (to == address(this)) revert RevenueShareToken_TransferToSelf();
        Holder memory sender = _holder[from];
        if (amount > sender.shares) revert ERC20InsufficientBalance(from, sender.shares, amount);
        int256 moved = (_income(_books) * amount).toInt256();
        _holder[from] = Holder(sender.shares - uint96(amount), (sender.debt - moved).toInt160());
        Holder memory receiver = _holder[to]; // read after the sender was written: both may be the same
        _holder[to] = Holder(receiver.shares + uint96(amount), (receiver.debt + moved).toInt160());
        emit Transfer(from, to, amount);
    }

    function _claim(address holder, address to) private returns (uint256 amount) {
        Books memory b = _books;
        Holder memory h = _holder[holder];
        uint256 supply = totalSupply();
        amount = _owed(_income(b), h) / supply;
        if (amount == 0) return 0;
        h.debt = (h.debt + (amount * supply).toInt256()).toInt160();
        b.paid = (b.paid + amount).toUint72();
        (_holder[holder], _books) = (h, b);
        emit Claimed(holder, to, amount);
        stablecoin.safeTransfer(to, amount);
    }

    /// @dev Counts what is here and not yet counted as income of this block.
    function _count() private returns (uint256 received) {
        Books memory b = _books;
        received = _unsynced(b);
        if (received == 0) return 0;
        b.pending = (b.received - _income(b) + received).toUint64();
        b.pendingBlock = uint48(block.number);
        b.received = (b.received + received).toUint72();
        _books = b;
        emit Distributed(msg.sender, received);
    }

    /// @dev Income of the blocks that have ended: it belongs to the shares.
    function _income(Books memory b) private view returns (uint256) {
        return b.pendingBlock == block.number ? b.received - b.pending : b.received;
    }

    function _unsynced(Books memory b) private view returns (uint256) {
        (uint256 held, uint256 counted) = (stablecoin.balanceOf(address(this)), b.received - b.paid);
        return held > counted ? held - counted : 0;
    }

    /// @dev In 1/supply units.
    function _owed(uint256 income, Holder memory h) private pure returns (uint256) {
        return ((income * h.shares).toInt256() - h.debt).toUint256();
    }

    function _domainName() internal view override returns (string memory) {
        return name();
    }

    function _args() private view returns (bytes memory) {
        return Clones.fetchCloneArgs(address(this));
    }
}
