// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {SessionLines} from "../../../contracts/settlement/SessionLines.sol";
import {SessionLinesReference} from "../../../contracts/settlement/SessionLinesReference.sol";
import {Cheats} from "./Cheats.sol";

/// @notice The assembly against the plain Solidity that it replaces.
contract SessionLinesTest is Cheats {
    bytes32 private constant DOMAIN = keccak256("a domain");

    struct Walk {
        uint256 end;
        bytes24 head;
        uint256 bytesOwed;
        bool recovered;
    }

    function fast(bytes calldata batch, uint256 offset, uint256 count, bytes24 head)
        external
        view
        returns (Walk memory w)
    {
        (w.end, w.head, w.bytesOwed, w.recovered) = SessionLines.walk(batch, offset, count, head, DOMAIN);
    }

    function plain(bytes calldata batch, uint256 offset, uint256 count, bytes24 head)
        external
        pure
        returns (Walk memory w)
    {
        (w.end, w.head, w.bytesOwed, w.recovered) = SessionLinesReference.walk(batch, offset, count, head, DOMAIN);
    }

    /// @dev Lines of every sort: signed, signed by nobody, of random bytes, with a high s, unused; with and without bytes
    /// before them.
    function testFuzz_walksLikeTheReference(bytes calldata before, bytes24 head, uint256 seed, uint8 lines) public view {
        uint256 count = bound(lines, 0, 12);
        bytes memory batch = before;
        bytes24 session = head;
        for (uint256 i = 0; i < count; i++) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            uint48 maxBytes = uint48(random);
            uint48 served = random >> 250 < 16 ? 0 : uint48(random >> 48) | 1;
            bytes memory line = _line(random, session, maxBytes, served);
            batch = bytes.concat(batch, line);
            session = this.plain(line, 0, 1, session).head;
        }
        Walk memory a = this.fast(batch, before.length, count, head);
        Walk memory b = this.plain(batch, before.length, count, head);
        expectEqual("end", a.end, b.end);
        expectTrue("head", a.head == b.head);
        expectEqual("bytesOwed", a.bytesOwed, b.bytesOwed);
        expectTrue("recovered", a.recovered == b.recovered);
        expectEqual("end of the batch", a.end, batch.length);
    }

    function testFuzz_walksRandomBytesLikeTheReference(bytes32[40] calldata noise, bytes24 head) public view {
        bytes memory batch = abi.encodePacked(noise);
        uint256 count = batch.length / 76;
        Walk memory a = this.fast(batch, 0, count, head);
        Walk memory b = this.plain(batch, 0, count, head);
        expectTrue("head", a.head == b.head && a.end == b.end && a.bytesOwed == b.bytesOwed);
        expectTrue("recovered", a.recovered == b.recovered);
    }

    function _line(uint256 random, bytes24 session, uint48 maxBytes, uint48 served)
        private
        pure
        returns (bytes memory)
    {
        uint256 key = bound(random >> 96, 1, type(uint128).max);
        if (served == 0) return abi.encodePacked(maxBytes, uint48(0), vm.addr(key));
        uint256 sort = (random >> 200) % 8; // bits that nothing else is made of
        if (sort == 0) return abi.encodePacked(maxBytes, served, bytes32(0), bytes32(0)); // recovers nobody
        if (sort == 1) return abi.encodePacked(maxBytes, served, keccak256(abi.encode(random)), bytes32(random));
        if (sort == 2) return abi.encodePacked(maxBytes, served, _someR(random), _highS(random));
        bytes32 receipt = keccak256(abi.encode(SessionLines.RECEIPT_TYPEHASH, session, served));
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", DOMAIN, receipt));
        return abi.encodePacked(maxBytes, served, compact(key, digest));
    }

    /// @dev Half of the numbers are the x of a point; those of signatures are.
    function _someR(uint256 random) private pure returns (bytes32 r) {
        (, r,) = vm.sign(bound(random >> 96, 1, type(uint128).max), bytes32(random));
    }

    /// @dev Just above half of the order, where EIP-2098 has room for it, with either recovery id.
    function _highS(uint256 random) private pure returns (bytes32) {
        return bytes32(SessionLines.MAX_S + 1 + random % 1_000 | random << 255);
    }

    function testFuzz_aHighSRecoversSomebodyButIsNotAccepted(uint256 random, bytes24 head, uint48 maxBytes) public view {
        bytes memory line = abi.encodePacked(maxBytes, uint48(random) | 1, _someR(random), _highS(random));
        Walk memory high = this.fast(line, 0, 1, head);
        expectTrue("refused", !high.recovered && !this.plain(line, 0, 1, head).recovered);
        expectTrue("head", high.head == this.plain(line, 0, 1, head).head);
        bytes memory highest = abi.encodePacked(
            maxBytes, uint48(random) | 1, _someR(random), bytes32(SessionLines.MAX_S | random << 255)
        );
        expectTrue("the highest low s", this.fast(highest, 0, 1, head).recovered);
        expectTrue("the highest low s, plainly", this.plain(highest, 0, 1, head).recovered);
    }
}
