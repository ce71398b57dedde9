// SPDX-License-Identifier: MIT
pragma solidity ^0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// @title PassMetadata
/// @notice Describes a pass to wallets and markets: ERC-721 metadata with an image, all in one data URI, nothing hosted.
/// @dev The title is whatever a publisher wrote. It is escaped for JSON, and for XML in the image.
library PassMetadata {
    /// @dev Bytes of a title that fit into the image's width at its usual size; longer ones are drawn smaller.
    uint256 private constant MAX_LARGE = 32;

    /// @notice What is told of a pass.
    struct Facts {
        string title;
        bytes32 contentId;
        uint256 tokenId;
        uint256 tier;
        /// @dev Unix seconds; 0 = never.
        uint256 endsAt;
        bool limited;
        uint256 usesLeft;
        bool transferable;
    }

    /// @notice The metadata as `data:application/json;base64,…`.
    function tokenURI(Facts memory f) internal pure returns (string memory) {
        string memory json = string.concat(
            '{"name":"',
            Strings.escapeJSON(string.concat(f.title, " pass #", Strings.toString(f.tokenId))),
            '","description":"Access to the BitTorrent v2 content ',
            Strings.toHexString(uint256(f.contentId), 32),
            '.","image":"data:image/svg+xml;base64,',
            Base64.encode(bytes(_image(f))),
            '","attributes":[',
            _attributes(f),
            "]}"
        );
        return string.concat("data:application/json;base64,", Base64.encode(bytes(json)));
    }

    function _attributes(Facts memory f) private pure returns (string memory) {
        return string.concat(
            '{"trait_type":"Tier","value":"',
            Strings.toString(f.tier),
            f.endsAt == 0
                ? '"},{"trait_type":"Valid until","value":"for ever"'
                : string.concat(
                    '"},{"display_type":"date","trait_type":"Valid until","value":', Strings.toString(f.endsAt)
                ),
            '},{"trait_type":"Uses left","value":"',
            f.limited ? Strings.toString(f.usesLeft) : "unlimited",
            '"},{"trait_type":"Transferable","value":"',
            f.transferable ? 'yes"}' : 'no"}'
        );
    }

    function _image(Facts memory f) private pure returns (string memory) {
        return string.concat(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 340">'
            '<rect width="600" height="340" rx="24" fill="#14213d"/>'
            '<g fill="#fff" font-family="sans-serif" font-size="24"><text x="40" y="80"',
            bytes(f.title).length > MAX_LARGE ? ' font-size="12">' : ">",
            _escapeXML(f.title),
            '</text><text x="40" y="160">Pass #',
            Strings.toString(f.tokenId),
            '</text><text x="40" y="210">Tier ',
            Strings.toString(f.tier),
            '</text><text x="40" y="250" font-size="18">Valid ',
            f.endsAt == 0 ? "for ever" : string.concat("until ", _date(f.endsAt)),
            '</text><text x="40" y="300" font-size="13" fill="#9fb3c8">',
            Strings.toHexString(uint256(f.contentId), 32),
            "</text></g></svg>"
        );
    }

    /// @dev The day of a Unix time, as 2026-11-21. Years begin in March, so that a leap day is a year's last.
    function _date(uint256 time) private pure returns (string memory) {
        uint256 day = time / 1 days + 719_468; // since 1 March of the year 0
        uint256 era = day / 146_097; // 400 years
        day %= 146_097;
        uint256 year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        day -= 365 * year + year / 4 - year / 100;
        uint256 month = (5 * day + 2) / 153;
        day -= (153 * month + 2) / 5;
        year += 400 * era + month / 10;
        month = (month + 2) % 12;
        return string.concat(Strings.toString(year), _twoDigits(month + 1), _twoDigits(day + 1));
    }

    function _twoDigits(uint256 number) private pure returns (string memory) {
        return string.concat(number < 10 ? "-0" : "-", Strings.toString(number));
    }

    /// @dev `& < > " '` become entities; control characters, which XML has no way to write, become spaces.
    function _escapeXML(string memory text) private pure returns (string memory escaped) {
        bytes memory input = bytes(text);
        bytes memory output = new bytes(input.length * 6);
        uint256 length = 0;
        for (uint256 i = 0; i < input.length; i++) {
            bytes memory piece = _entity(input[i]);
            for (uint256 j = 0; j < piece.length; j++) {
                output[length++] = piece[j];
            }
        }
        bytes memory exact = new bytes(length);
        for (uint256 i = 0; i < length; i++) {
            exact[i] = output[i];
        }
        return string(exact);
    }

    function _entity(bytes1 c) private pure returns (bytes memory) {
        if (c == "&") return "&amp;";
        if (c == "<") return "&lt;";
        if (c == ">") return "&gt;";
        if (c == '"') return "&quot;";
        if (c == "'") return "&apos;";
        return c < 0x20 ? bytes(" ") : abi.encodePacked(c);
    }
}
