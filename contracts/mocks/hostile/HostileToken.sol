// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ITokenHook} from "./ITokenHook.sol";

/// @title HostileToken
/// @notice A stablecoin that behaves as badly as tokens in use do, one behaviour at a time. For tests alone.
contract HostileToken is ERC20 {
    /// @notice What is wrong with the token.
    enum Behaviour {
        Plain,
        /// @dev Keeps one percent of every transfer.
        TakesFee,
        /// @dev Moves money and returns nothing, as USDT does.
        ReturnsNothing,
        /// @dev Moves nothing and returns false.
        ReturnsFalse,
        /// @dev Calls the sender before and the receiver after a transfer, as ERC-777 does.
        CallsHooks,
        /// @dev Refuses every transfer.
        Paused,
        /// @dev Refuses transfers from and to one account.
        Blacklists
    }

    /// @notice The token's present behaviour.
    Behaviour public behaviour;
    /// @notice Who may neither send nor receive.
    address public blacklisted;
    uint8 private immutable _places;
    /// @dev What one unit in the books is worth, in 1/1,000: a rebase changes everybody's balance at once.
    uint256 private _worth = 1_000;

    /// @notice The token is paused, or one of the two is on its list.
    error HostileToken_Refused(address from, address to);

    /// @param places The token's decimals.
    constructor(uint8 places) ERC20("Hostile USD", "hUSD") {
        _places = places;
    }

    /// @notice Changes what is wrong.
    function behave(Behaviour behaviour_) external {
        behaviour = behaviour_;
    }

    /// @notice Freezes one account.
    function blacklist(address account) external {
        (behaviour, blacklisted) = (Behaviour.Blacklists, account);
    }

    /// @notice Makes every balance `worth` thousandths of what it was minted as.
    function rebase(uint256 worth) external {
        _worth = worth;
    }

    /// @notice Creates `amount` for `to`.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @notice An ERC-2612 permit that nobody needs to sign.
    function permit(address owner, address spender, uint256 value, uint256, uint8, bytes32, bytes32) external {
        _approve(owner, spender, value);
    }

    /// @notice An EIP-3009 authorisation that nobody needs to sign.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256,
        uint256,
        bytes32,
        uint8,
        bytes32,
        bytes32
    ) external {
        _misbehave(from, to, value);
    }

    /// @inheritdoc ERC20
    function transfer(address to, uint256 value) public override returns (bool) {
        return _answer(_misbehave(msg.sender, to, value));
    }

    /// @inheritdoc ERC20
    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        if (behaviour != Behaviour.ReturnsFalse) _spendAllowance(from, msg.sender, value);
        return _answer(_misbehave(from, to, value));
    }

    /// @inheritdoc ERC20
    function balanceOf(address account) public view override returns (uint256) {
        return super.balanceOf(account) * _worth / 1_000;
    }

    /// @inheritdoc ERC20
    function decimals() public view override returns (uint8) {
        return _places;
    }

    function _misbehave(address from, address to, uint256 value) private returns (bool) {
        if (behaviour == Behaviour.ReturnsFalse) return false;
        bool named = from == blacklisted || to == blacklisted;
        if (behaviour == Behaviour.Paused || (behaviour == Behaviour.Blacklists && named)) {
            revert HostileToken_Refused(from, to);
        }
        bool hooks = behaviour == Behaviour.CallsHooks;
        if (hooks && from.code.length != 0) _call(from, from, to, value);
        uint256 fee = behaviour == Behaviour.TakesFee ? value / 100 : 0;
        _transfer(from, to, (value - fee) * 1_000 / _worth);
        if (fee != 0) _burn(from, fee);
        if (hooks && to.code.length != 0) _call(to, from, to, value);
        return true;
    }

    /// @dev An account without the hook is left alone.
    function _call(address hook, address from, address to, uint256 value) private {
        try ITokenHook(hook).onToken(from, to, value) {} catch {}
    }

    function _answer(bool moved) private view returns (bool) {
        if (behaviour == Behaviour.ReturnsNothing) {
            assembly {
                return(0, 0)
            }
        }
        return moved;
    }
}
