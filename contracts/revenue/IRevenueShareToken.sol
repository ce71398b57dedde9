// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";

/// @title RevenueShareToken
/// @notice Shares of one content's income. Income arrives in one stablecoin; every holder claims its part.
/// @dev ERC-20 with ERC-2612, one clone per content with immutable arguments. The cost of a distribution is independent of
/// the number of holders; what does not divide among them is carried to the unit, never lost.
///
/// Income of a block belongs to those who hold when the block ends; until then it is `pending` and nobody's. So shares that
/// are borrowed, or bought and sold, within one block earn nothing.
///
/// Conservation, to the unit: received = paid + Σ claimable + pending + carried, where carried = Σ fraction / supply with
/// every holder's `fraction` from {entitlement}; this division has no rest.
interface IRevenueShareToken is IERC20Metadata, IERC20Permit, IERC5267 {
    /// @notice Shares that a holder receives when the content is published.
    struct Share {
        address holder;
        uint96 amount;
    }

    /// @notice `amount` of income was counted; `from` called {distribute} or {sync}.
    event Distributed(address indexed from, uint256 amount);
    /// @notice `amount` of the income of `holder` was paid to `to`.
    event Claimed(address indexed holder, address indexed to, uint256 amount);
    /// @notice A holder with code allows others to claim for it, or no longer does.
    event ClaimConsentChanged(address indexed holder, bool allowed);
    /// @notice Something that is not income was sent to the publisher; `token` is zero for the chain's own coin.
    event Swept(address indexed token, address indexed to, uint256 amount);

    /// @notice The stablecoin has more decimals than the storage fields are sized for.
    error RevenueShareToken_TooManyDecimals(uint256 expected, uint256 actual);
    /// @notice The clone is initialised, or this is the implementation.
    error RevenueShareToken_AlreadyInitialized();
    /// @notice The shares handed out at the start do not add up to the supply, or the supply is zero.
    error RevenueShareToken_WrongSupply(uint256 expected, uint256 actual);
    /// @notice There are more shares than the storage fields are sized for.
    error RevenueShareToken_SupplyAboveMax(uint256 expected, uint256 actual);
    /// @notice Shares cannot be sent to their own contract, where they would earn for nobody.
    error RevenueShareToken_TransferToSelf();
    /// @notice `holder` has code and did not consent to others claiming for it.
    error RevenueShareToken_NoConsent(address holder);
    /// @notice The stablecoin is income and cannot be swept.
    error RevenueShareToken_NotSweepable(address token);

    /// @notice Mints the supply, once, in the transaction that creates the clone.
    /// @dev Emits an ERC-20 Transfer for each. Requirements: not initialised; the amounts add up to the supply of the clone's
    /// arguments.
    /// @param shares Who holds what at the start.
    function initialize(Share[] calldata shares) external;

    /// @notice Pulls `amount` of the stablecoin from the caller and counts it as income, with whatever {sync} would count.
    /// @dev Emits {Distributed}.
    /// @param amount What is pulled.
    /// @return received What was counted.
    function distribute(uint256 amount) external returns (uint256 received);

    /// @notice Counts stablecoin that was sent here by plain transfers (passes, tips, royalties) as income.
    /// @dev Emits {Distributed} when there is any. Anyone may call.
    /// @return received What was counted.
    function sync() external returns (uint256 received);

    /// @notice Pays the caller's income to `to`.
    /// @dev Emits {Claimed}.
    /// @param to The payee.
    /// @return amount What was paid.
    function claim(address to) external returns (uint256 amount);

    /// @notice Pays a holder's income to that holder. Anyone may call.
    /// @dev Emits {Claimed}. Requirements: the holder has no code, or consented by {setClaimConsent}.
    /// @param holder The payee.
    /// @return amount What was paid.
    function claimFor(address holder) external returns (uint256 amount);

    /// @notice Allows others to {claimFor} the caller although it has code, or no longer allows it.
    /// @dev Emits {ClaimConsentChanged}.
    /// @param allowed Whether they may.
    function setClaimConsent(bool allowed) external;

    /// @notice Sends to the publisher what came here by mistake: another token, or the chain's own coin.
    /// @dev Emits {Swept}. Anyone may call.
    /// @param token The token, zero for the chain's own coin. Not the stablecoin.
    /// @return amount What was sent.
    function sweep(address token) external returns (uint256 amount);

    /// @notice What a holder could claim now. Income of the present block is not in it.
    function claimable(address holder) external view returns (uint256);

    /// @notice What a holder is owed, exactly.
    /// @param holder Whose.
    /// @return whole What it could claim now.
    /// @return fraction What it is owed below one unit, in 1/supply units.
    function entitlement(address holder) external view returns (uint256 whole, uint256 fraction);

    /// @notice The token's books.
    /// @return received All income ever counted.
    /// @return paid All income ever claimed.
    /// @return pending Income of the present block, which belongs to those who hold when it ends.
    /// @return unsynced Stablecoin held here that {sync} would count.
    function books() external view returns (uint256 received, uint256 paid, uint256 pending, uint256 unsynced);

    /// @notice Whether a holder with code allows others to claim for it.
    function claimConsent(address holder) external view returns (bool);

    /// @notice The token that income arrives in.
    function stablecoin() external view returns (IERC20);

    /// @notice Who published the content; {sweep} pays it.
    function publisher() external view returns (address);

    /// @notice The content's title; {name} is made of it.
    function title() external view returns (string memory);

    /// @notice The most of each payment, in 1/10,000, that goes to the delivery budget before the shares; fixed for ever.
    function maxDeliveryBps() external view returns (uint256);
}
