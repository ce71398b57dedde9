// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {TestUSD} from "../../../contracts/mocks/TestUSD.sol";
import {IRevenueShareToken} from "../../../contracts/revenue/IRevenueShareToken.sol";
import {RevenueShareToken} from "../../../contracts/revenue/RevenueShareToken.sol";
import {Cheats} from "./Cheats.sol";

/// @notice Does with shares what people do, and notes what must never be seen.
contract ShareHandler is Cheats {
    RevenueShareToken public immutable shares;
    TestUSD public immutable usd;
    address[] public holders;
    string public unexpected;

    constructor(RevenueShareToken shares_, TestUSD usd_, address[] memory holders_) {
        (shares, usd, holders) = (shares_, usd_, holders_);
        usd.approve(address(shares), type(uint256).max);
    }

    function holderCount() external view returns (uint256) {
        return holders.length;
    }

    function distribute(uint256 amount) external {
        amount = bound(amount, 0, 1e12);
        usd.mint(address(this), amount);
        shares.distribute(amount);
    }

    function tip(uint256 amount) external {
        usd.mint(address(shares), bound(amount, 0, 1e9));
    }

    function sync() external {
        shares.sync();
    }

    function transfer(uint256 from, uint256 to, uint256 amount) external {
        address a = holders[from % holders.length];
        address b = holders[to % holders.length];
        uint256[] memory before = _claimable();
        amount = bound(amount, 0, shares.balanceOf(a));
        vm.prank(a);
        shares.transfer(b, amount);
        uint256[] memory later = _claimable();
        for (uint256 i = 0; i < before.length; i++) {
            if (before[i] != later[i]) unexpected = "a transfer moved income";
        }
    }

    function claim(uint256 who) external {
        address holder = holders[who % holders.length];
        uint256 owed = shares.claimable(holder);
        uint256 before = usd.balanceOf(holder);
        shares.claimFor(holder);
        if (usd.balanceOf(holder) - before != owed) unexpected = "a claim paid something else than was claimable";
        if (shares.claimable(holder) != 0) unexpected = "something is claimable after a claim";
    }

    function nextBlock(uint256 blocks) external {
        vm.roll(block.number + bound(blocks, 0, 2));
    }

    function _claimable() private view returns (uint256[] memory amounts) {
        amounts = new uint256[](holders.length);
        for (uint256 i = 0; i < amounts.length; i++) {
            amounts[i] = shares.claimable(holders[i]);
        }
    }
}

contract RevenueShareTokenTest is Cheats {
    TestUSD private usd;
    RevenueShareToken private shares;
    ShareHandler private handler;

    function setUp() public {
        usd = new TestUSD();
        address[] memory holders = new address[](4);
        IRevenueShareToken.Share[] memory start = new IRevenueShareToken.Share[](4);
        uint96[4] memory amounts = [uint96(600_000e18), 300_000e18, 100_000e18 - 1, 1];
        for (uint256 i = 0; i < 4; i++) {
            holders[i] = vm.addr(i + 1);
            start[i] = IRevenueShareToken.Share(holders[i], amounts[i]);
        }
        bytes memory args = abi.encodePacked(address(this), uint96(1_000_000e18), uint16(0), "Film");
        RevenueShareToken implementation = new RevenueShareToken(usd);
        shares = RevenueShareToken(payable(Clones.cloneWithImmutableArgs(address(implementation), args)));
        shares.initialize(start);
        handler = new ShareHandler(shares, usd, holders);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_conserved() public view {
        (uint256 received, uint256 paid, uint256 pending,) = shares.books();
        (uint256 whole, uint256 fraction) = _owed();
        uint256 supply = shares.totalSupply();
        expectEqual("rest of the fractions", fraction % supply, 0);
        expectEqual("received", paid + whole + pending + fraction / supply, received);
    }

    function invariant_canPay() public view {
        (uint256 received, uint256 paid,, uint256 unsynced) = shares.books();
        (uint256 whole,) = _owed();
        expectTrue("claimable is there", whole <= usd.balanceOf(address(shares)));
        expectEqual("held", usd.balanceOf(address(shares)), received - paid + unsynced);
    }

    function invariant_sharesAreConstant() public view {
        uint256 sum = 0;
        for (uint256 i = 0; i < handler.holderCount(); i++) {
            sum += shares.balanceOf(handler.holders(i));
        }
        expectEqual("shares", sum, shares.totalSupply());
    }

    function invariant_nothingUnexpectedHappened() public view {
        expectTrue(handler.unexpected(), bytes(handler.unexpected()).length == 0);
    }

    /// @dev Income before, between and after the flash holder's hands.
    function testFuzz_flashHolderEarnsNothing(uint64 one, uint64 two, uint64 three, uint96 borrowed) public {
        address holder = handler.holders(0);
        address flash = address(0xF1A5);
        borrowed = uint96(bound(borrowed, 0, shares.balanceOf(holder)));
        vm.roll(block.number + 1);
        _tip(one);
        vm.prank(holder);
        shares.transfer(flash, borrowed);
        _tip(two);
        vm.prank(flash);
        shares.claim(flash);
        vm.prank(flash);
        shares.transfer(holder, borrowed);
        _tip(three);
        vm.roll(block.number + 1);
        expectEqual("flash holder", shares.claimable(flash) + usd.balanceOf(flash), 0);
    }

    /// @dev Any split of any supply: what all are owed is what came in, less than one unit apiece.
    function testFuzz_splitsExactly(uint64 amount, uint96 mine, uint96 supply) public {
        supply = uint96(bound(supply, 2, 2 ** 86));
        mine = uint96(bound(mine, 1, supply - 1));
        IRevenueShareToken.Share[] memory start = new IRevenueShareToken.Share[](2);
        start[0] = IRevenueShareToken.Share(address(1), mine);
        start[1] = IRevenueShareToken.Share(address(2), supply - mine);
        RevenueShareToken implementation = new RevenueShareToken(usd);
        bytes memory args = abi.encodePacked(address(this), supply, uint16(0), "Film");
        RevenueShareToken token = RevenueShareToken(payable(Clones.cloneWithImmutableArgs(address(implementation), args)));
        token.initialize(start);
        usd.mint(address(token), amount);
        token.sync();
        expectEqual("pending", token.claimable(address(1)), 0);
        vm.roll(block.number + 1);
        expectEqual("mine", token.claimable(address(1)), uint256(amount) * mine / supply);
        expectEqual("theirs", token.claimable(address(2)), uint256(amount) * (supply - mine) / supply);
    }

    function _tip(uint64 amount) private {
        usd.mint(address(shares), amount % 1e15);
        shares.sync();
    }

    function _owed() private view returns (uint256 whole, uint256 fraction) {
        for (uint256 i = 0; i < handler.holderCount(); i++) {
            (uint256 w, uint256 f) = shares.entitlement(handler.holders(i));
            (whole, fraction) = (whole + w, fraction + f);
        }
    }
}
