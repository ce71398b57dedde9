// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {ITokenHook} from "./ITokenHook.sol";

/// @title HostileAccount
/// @notice Sponsor, seeder, buyer or holder that calls back while it is being paid. For tests alone.
contract HostileAccount is ITokenHook {
    /// @notice A call and how it went.
    struct Attempt {
        address target;
        bytes data;
        bool tried;
        bool succeeded;
        bytes answer;
    }

    Attempt[] private _attempts;
    bool private _attacking;

    /// @notice Receives the chain's coin, and may try its calls then too.
    receive() external payable {
        _attack();
    }

    /// @notice Prepares the calls to make the next time it is called.
    function prepare(address[] calldata targets, bytes[] calldata data) external {
        delete _attempts;
        for (uint256 i = 0; i < targets.length; i++) {
            _attempts.push(Attempt(targets[i], data[i], false, false, ""));
        }
    }

    /// @notice Calls `target`; passes on what it answers or reverts with.
    function execute(address target, bytes calldata data) external payable returns (bytes memory answer) {
        bool succeeded;
        // solhint-disable-next-line avoid-low-level-calls
        (succeeded, answer) = target.call{value: msg.value}(data);
        if (!succeeded) {
            assembly {
                revert(add(answer, 0x20), mload(answer))
            }
        }
    }

    /// @inheritdoc ITokenHook
    function onToken(address, address, uint256) external {
        _attack();
    }

    /// @notice What became of the calls.
    function attempts() external view returns (Attempt[] memory) {
        return _attempts;
    }

    function _attack() private {
        if (_attacking) return;
        _attacking = true;
        for (uint256 i = 0; i < _attempts.length; i++) {
            Attempt storage attempt = _attempts[i];
            attempt.tried = true;
            // solhint-disable-next-line avoid-low-level-calls
            (attempt.succeeded, attempt.answer) = attempt.target.call(attempt.data);
        }
        _attacking = false;
    }
}
