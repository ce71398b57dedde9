// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";

/// @title BandwidthSettlement
/// @notice Turns the byte receipts of downloaders into stablecoin for seeders. A sponsor's money lies in its pool (first
/// come, first served) or in lane reserves (promises to one seeder); seeders settle logs of download sessions against it.
/// @dev One immutable instance per stablecoin, without owner, pauser or proxy. Amounts are in the stablecoin's smallest
/// unit, prices are per GiB (2^30 bytes), times are Unix seconds.
///
/// A lane is one append-only log of sessions of a (sponsor, seeder) pair at one price. On-chain it is a running hash:
///
///   laneKey = keccak256(sponsor20 ‖ seeder20 ‖ lane8 ‖ pricePerGiB8)
///   H(0)    = first 24 bytes of laneKey
///   H(i)    = first 24 bytes of keccak256(H(i-1) ‖ sessionKey20 ‖ maxBytes6)
///
/// Batch layout of {settle} and {settleTo}, packed, big-endian, groups one behind the other:
///
///   group   = kind1 sponsor20 lane8 pricePerGiB8 [least16 if kind & 0x80] body
///   kind 1  raw receipts, log signed by the sponsor      body = expiry5 n2 signature64 line*n
///   kind 3  raw receipts, log signed by a delegate       body = expiry5 n2 signer20 signature64 line*n
///   kind 2  voucher, signed by the sponsor               body = to24 amount16 signature64
///   kind 4  voucher, signed by a delegate                body = to24 amount16 signer20 signature64
///   line    = maxBytes6 bytesServed6 r32 vs32            (76 bytes, with the session key's receipt)
///           | maxBytes6 000000000000 sessionKey20        (32 bytes, a line without a receipt)
///
/// Signatures are EIP-2098 compact ECDSA with a low s, over EIP-712 digests of the domain (`BitCDN`, `1`, chainId, this
/// contract).
interface IBandwidthSettlement is IERC5267 {
    /// @notice Why a group of a batch was skipped. A skipped group leaves its lane as it was and stays claimable.
    enum SkipReason {
        None,
        /// @dev The reserve and the pool (or the delegate's allowance) do not cover the amount, nor `least`.
        Unpaid,
        /// @dev Not signed by the sponsor or the named delegate for this lane at its present head: wrong key, forged or
        /// foreign log, a receipt that was tampered with, or a head that has moved since (replay).
        Signature,
        /// @dev The log's expiry has passed.
        Expired,
        /// @dev The delegate was never authorised, or its revocation has taken effect.
        Revoked,
        /// @dev The group would not move the head: a voucher to its own start or to zero, or raw receipts without lines.
        HeadUnmoved
    }

    /// @notice Money to ring-fence for one lane.
    struct Reservation {
        address seeder;
        uint64 lane;
        uint64 pricePerGiB;
        uint64 amount;
    }

    /// @notice An EIP-3009 authorisation to pull `amount` from `from`; its nonce is {depositNonce}(sponsor, salt).
    struct DepositAuthorization {
        address from;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 salt;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    /// @notice `amount` arrived from `from` and was added to the pool of `sponsor`.
    event Deposited(address indexed sponsor, address indexed from, uint256 amount);
    /// @notice `amount` of the sponsor's pool is being thawed and can be withdrawn from `thawEnd`; zero when cancelled.
    event ThawChanged(address indexed sponsor, uint256 amount, uint256 thawEnd);
    /// @notice `amount` left the pool of `sponsor` for `to`.
    event DepositWithdrawn(address indexed sponsor, address indexed to, uint256 amount);
    /// @notice A delegate key's state: what it may still spend from the pool, and when it ends (0 = not revoked).
    /// @dev Not emitted when settling lowers the allowance: {Settled} says how much was paid, {signer} what is left.
    event SignerChanged(address indexed sponsor, address indexed key, uint256 allowance, uint256 end);
    /// @notice A lane's reserve after a change by its sponsor; `releasing` of it may return to the pool from `releaseEnd`.
    event ReserveChanged(
        address indexed sponsor,
        address indexed seeder,
        uint64 lane,
        uint64 pricePerGiB,
        uint256 reserved,
        uint256 releasing,
        uint256 releaseEnd
    );
    /// @notice An operator may, or may no longer, settle for `seeder`.
    event OperatorApproval(address indexed seeder, address indexed operator, bool approved);
    /// @notice A group was paid: the lane's head is now `head`, and `amount` was credited to `seeder` or paid by {settleTo}.
    event Settled(
        address indexed seeder, address indexed sponsor, bytes32 laneKey, uint256 amount, bytes24 head
    );
    /// @notice A group that asked for `amount` was skipped; nothing changed and it stays claimable.
    event Skipped(
        address indexed seeder, address indexed sponsor, bytes32 laneKey, uint256 amount, SkipReason reason
    );
    /// @notice `amount` of what `seeder` earned was paid to `to`.
    event CreditWithdrawn(address indexed seeder, address indexed to, uint256 amount);

    /// @notice The stablecoin has more decimals than the storage fields are sized for.
    error BandwidthSettlement_TooManyDecimals(uint256 expected, uint256 actual);
    /// @notice A sponsor, key or payee is the zero address.
    error BandwidthSettlement_ZeroAddress();
    /// @notice The sponsor's pool holds less than was asked for.
    error BandwidthSettlement_InsufficientBalance(uint256 expected, uint256 actual);
    /// @notice What is thawing can be taken at `expected`, not at the block's time `actual`.
    error BandwidthSettlement_StillThawing(uint256 expected, uint256 actual);
    /// @notice Nothing of the pool or of the lane's reserve is thawing.
    error BandwidthSettlement_NothingThawing();
    /// @notice `key` is not an active delegate of `sponsor`.
    error BandwidthSettlement_UnknownSigner(address sponsor, address key);
    /// @notice The delegate may spend `actual` more of the pool, not `expected`.
    error BandwidthSettlement_AllowanceExceeded(uint256 expected, uint256 actual);
    /// @notice `caller` is neither the seeder nor an operator that it approved.
    error BandwidthSettlement_NotOperator(address seeder, address caller);
    /// @notice The seeder has no credit to withdraw.
    error BandwidthSettlement_NothingToWithdraw(address seeder);
    /// @notice A group of the batch starts with a kind that does not exist.
    error BandwidthSettlement_UnknownKind(uint256 kind);
    /// @notice The batch's groups need `expected` bytes, but it has `actual`. When a group is cut off before its count of
    /// lines, `expected` is what it would need with the bytes that happen to follow.
    error BandwidthSettlement_BatchLength(uint256 expected, uint256 actual);

    // --- sponsor ----------------------------------------------------------------------------------------------------

    /// @notice Adds `amount` of the caller's stablecoin to the pool of `sponsor`; credits what really arrived.
    /// @dev Emits {Deposited}. Requirements: the caller approved this contract; `sponsor` is not zero.
    /// @param sponsor Whose pool grows; anybody may pay for anybody.
    /// @param amount What is pulled from the caller.
    /// @return credited What arrived and was added.
    function deposit(address sponsor, uint256 amount) external returns (uint256 credited);

    /// @notice {deposit} with the caller's ERC-2612 permit; a permit that somebody else already submitted does no harm.
    /// @param sponsor Whose pool grows.
    /// @param amount What is permitted and pulled from the caller.
    /// @param deadline Last second of the permit.
    /// @param v Recovery id of the permit.
    /// @param r First half of the permit's signature.
    /// @param s Second half of the permit's signature.
    /// @return credited What arrived and was added.
    function depositWithPermit(address sponsor, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        returns (uint256 credited);

    /// @notice {deposit} without gas for the payer: anybody submits an EIP-3009 `ReceiveWithAuthorization` that `from`
    /// signed for this contract.
    /// @dev Emits {Deposited}. The authorisation's nonce must be {depositNonce}(sponsor, salt), so that whoever submits it
    /// cannot choose another beneficiary.
    /// @param sponsor Whose pool grows.
    /// @param amount The authorised value.
    /// @param authorization What the payer signed.
    /// @return credited What arrived and was added.
    function depositWithAuthorization(address sponsor, uint256 amount, DepositAuthorization calldata authorization)
        external
        returns (uint256 credited);

    /// @notice Ring-fences `amount` of the caller's pool for one lane. Only a reserve is a promise to a seeder.
    /// @dev Emits {ReserveChanged}. Requirements: the caller's pool holds `amount`.
    /// @param seeder Who can be paid from it.
    /// @param lane The log's number.
    /// @param pricePerGiB The log's price.
    /// @param amount What is added to the reserve.
    function reserve(address seeder, uint64 lane, uint64 pricePerGiB, uint64 amount) external;

    /// @notice {reserve} for several lanes of `sponsor` at once, by the sponsor or by a delegate within its allowance.
    /// @dev Emits {ReserveChanged} for each, and {SignerChanged} once when a delegate calls. Requirements: the pool holds
    /// the sum; a delegate is not revoked (from the revocation on, not from its end) and its allowance covers the sum.
    /// @param sponsor Whose pool is used.
    /// @param reservations What to add to which lane.
    function reserveMany(address sponsor, Reservation[] calldata reservations) external;

    /// @notice Starts to release `amount` of a lane's reserve back to the caller's pool; replaces an earlier start, 0 cancels.
    /// @dev Emits {ReserveChanged}. What is releasing still pays the seeder until it is released.
    /// @param seeder The lane's seeder.
    /// @param lane The log's number.
    /// @param pricePerGiB The log's price.
    /// @param amount What shall return to the pool.
    function thawReserve(address seeder, uint64 lane, uint64 pricePerGiB, uint64 amount) external;

    /// @notice Returns what {thawReserve} started to release, or what is left of it, to the caller's pool.
    /// @dev Emits {ReserveChanged}. Requirements: something is releasing and its end has come.
    /// @param seeder The lane's seeder.
    /// @param lane The log's number.
    /// @param pricePerGiB The log's price.
    /// @return amount What returned to the pool.
    function releaseReserve(address seeder, uint64 lane, uint64 pricePerGiB) external returns (uint256 amount);

    /// @notice Lets `key` sign logs and vouchers for the caller, and spend `added` more of its pool than before.
    /// @dev Emits {SignerChanged}. Cancels a revocation; a key whose revocation has taken effect starts from zero. What a
    /// reserve pays does not lower the allowance, and a used-up allowance does not void what a reserve covers.
    /// @param key The delegate, an ECDSA key.
    /// @param added What is added to its allowance.
    function authorizeSigner(address key, uint128 added) external;

    /// @notice Ends a delegate's authority after the thaw period; until then what it signs is honoured.
    /// @dev Emits {SignerChanged}. Requirements: the key is authorised and not yet revoked.
    /// @param key The delegate.
    function revokeSigner(address key) external;

    /// @notice Starts to thaw `amount` of the caller's pool; replaces an earlier start, 0 cancels.
    /// @dev Emits {ThawChanged}. What is thawing still pays seeders until it is withdrawn.
    /// @param amount What shall become withdrawable.
    function thaw(uint256 amount) external;

    /// @notice Pays out what has thawed, or what is left of it.
    /// @dev Emits {DepositWithdrawn}. Requirements: something is thawing and its end has come.
    /// @param to The payee.
    /// @return amount What was paid.
    function withdrawThawed(address to) external returns (uint256 amount);

    // --- seeder -----------------------------------------------------------------------------------------------------

    /// @notice Lets `operator` settle for the caller, or no longer. An operator cannot take money, but by settling badly
    /// it can forfeit what is unsettled (a head moved without its receipts is gone).
    /// @dev Emits {OperatorApproval}.
    /// @param operator Who settles.
    /// @param approved Whether it may.
    function approveOperator(address operator, bool approved) external;

    /// @notice Settles raw receipts and vouchers of any number of sponsors and credits the seeder.
    /// @dev Emits {Settled} or {Skipped} for every group. Requirements: the caller is the seeder or its operator; the batch
    /// can be parsed. A group that does not verify or cannot be paid is skipped and never reverts another one.
    /// @param seeder Who is paid.
    /// @param batch Groups as described above.
    /// @return total What was credited.
    function settle(address seeder, bytes calldata batch) external returns (uint256 total);

    /// @notice {settle} for the caller itself, paid out at once.
    /// @dev Emits {Settled} or {Skipped} for every group, and {CreditWithdrawn}. Earlier credit stays where it is.
    /// @param batch Groups as described above.
    /// @param to The payee.
    /// @return total What was paid.
    function settleTo(bytes calldata batch, address to) external returns (uint256 total);

    /// @notice Pays out the caller's credit.
    /// @dev Emits {CreditWithdrawn}. Requirements: there is some.
    /// @param to The payee.
    /// @return amount What was paid.
    function withdraw(address to) external returns (uint256 amount);

    // --- views ------------------------------------------------------------------------------------------------------

    /// @notice The token that everything here is counted in.
    function stablecoin() external view returns (IERC20);

    /// @notice Seconds between a thaw, a release or a revocation and its effect.
    function THAW_PERIOD() external view returns (uint256);

    /// @notice A sponsor's pool.
    /// @param sponsor Whose.
    /// @return balance What pays seeders, thawing money included.
    /// @return thawing What was asked back; may exceed `balance` when seeders were paid since.
    /// @return thawEnd When it can be withdrawn, 0 when nothing is thawing.
    function account(address sponsor) external view returns (uint256 balance, uint256 thawing, uint256 thawEnd);

    /// @notice What of a sponsor's pool is not being thawed.
    function freeBalance(address sponsor) external view returns (uint256);

    /// @notice The name of a lane: keccak256(sponsor ‖ seeder ‖ lane ‖ pricePerGiB), packed.
    function laneKey(address sponsor, address seeder, uint64 lane_, uint64 pricePerGiB)
        external
        pure
        returns (bytes32);

    /// @notice A lane's state; a lane never settled stands at the first 24 bytes of its key.
    /// @param key The lane's key.
    /// @return head The running hash up to which the log is settled.
    /// @return reserved What is ring-fenced for the lane, releasing money included.
    /// @return releasing What was asked back of it; may exceed `reserved`.
    /// @return releaseEnd When that can return to the pool, 0 when nothing is releasing.
    function lane(bytes32 key)
        external
        view
        returns (bytes24 head, uint256 reserved, uint256 releasing, uint256 releaseEnd);

    /// @notice What of a lane's reserve is not being released.
    function freeReserve(bytes32 key) external view returns (uint256);

    /// @notice What a seeder can withdraw.
    function credit(address seeder) external view returns (uint256);

    /// @notice A delegate key's state.
    /// @param sponsor Whose delegate.
    /// @param key The delegate.
    /// @return active Whether what it signs is honoured now.
    /// @return allowance What it may still spend from the pool.
    /// @return end When its revocation takes effect, 0 when it is not revoked.
    function signer(address sponsor, address key)
        external
        view
        returns (bool active, uint256 allowance, uint256 end);

    /// @notice Whether `operator` may settle for `seeder`.
    function isOperator(address seeder, address operator) external view returns (bool);

    /// @notice The EIP-3009 nonce that binds an authorised deposit to its beneficiary:
    /// keccak256(abi.encode(this contract, sponsor, salt)).
    function depositNonce(address sponsor, bytes32 salt) external view returns (bytes32);

    /// @notice The head behind one more line: first 24 bytes of keccak256(head ‖ sessionKey ‖ maxBytes).
    function nextHead(bytes24 head, address sessionKey, uint48 maxBytes) external pure returns (bytes24);

    /// @notice The EIP-712 domain separator on this chain.
    function DOMAIN_SEPARATOR() external view returns (bytes32);

    /// @notice The digest that a sponsor or delegate signs to authorise every line up to `head`.
    function sessionLogDigest(address seeder, uint64 lane_, uint64 pricePerGiB, uint40 expiry, bytes24 head)
        external
        view
        returns (bytes32);

    /// @notice The digest that a session key signs to acknowledge `bytesServed` bytes of `session`, the head before its line.
    function receiptDigest(bytes24 session, uint48 bytesServed) external view returns (bytes32);

    /// @notice The digest that a sponsor or delegate signs to owe `amount` for all lines between two heads.
    function voucherDigest(
        address seeder,
        uint64 lane_,
        uint64 pricePerGiB,
        bytes24 from,
        bytes24 to,
        uint128 amount
    ) external view returns (bytes32);
}
