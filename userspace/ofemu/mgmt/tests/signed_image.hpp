// SPDX-License-Identifier: GPL-2.0-or-later
// Signed firmware components for tests. Signs with libsodium, so that the boot ROM's own
// verification is held against an independent implementation.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <sodium.h>
#include <stdexcept>
#include <vector>

#include "common/hw.hpp"

namespace mo::mgmt::test {

/// Seed of the development key, firmware/keys/development.key.
inline std::array<std::uint8_t, 32> development_seed() {
    const char* const text = MO_DEVELOPMENT_KEY;
    std::array<std::uint8_t, 32> seed{};
    if (sodium_hex2bin(seed.data(), seed.size(), text, std::strlen(text), nullptr, nullptr,
                       nullptr) != 0) {
        throw std::runtime_error("development key is not hexadecimal");
    }
    return seed;
}

/// Public half of the development key, firmware/keys/development.pub.
inline std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> development_public_key() {
    std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> public_key{};
    std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret_key{};
    crypto_sign_seed_keypair(public_key.data(), secret_key.data(), development_seed().data());
    return public_key;
}

/// A header that every default device accepts, for an image at the start of RAM.
inline hw::mo_fw_hdr good_header() {
    hw::mo_fw_hdr header{};
    header.magic = MO_FW_MAGIC;
    header.hdr_version = MO_FW_HDR_VERSION;
    header.hdr_len = MO_FW_HDR_LEN;
    header.component = MO_FW_COMP_CONTROL;
    header.key_id = MO_FW_KEY_DEVELOPMENT;
    header.ver_major = 1;
    header.ver_minor = 2;
    header.ver_patch = 3;
    header.abi_major = MO_FW_ABI_MAJOR;
    header.abi_minor = MO_FW_ABI_MINOR;
    header.if_major = MO_IF_MAJOR;
    header.if_minor = MO_IF_MINOR;
    header.security_version = 1;
    header.board_mask = 1U << MO_BOARD_DEVKIT_800G;
    header.load_addr = MO_SOC_RAM_BASE;
    header.entry = MO_SOC_RAM_BASE;
    return header;
}

/// Fills in length and hash.
inline void describe_image(hw::mo_fw_hdr& header, const std::vector<std::uint8_t>& image) {
    header.image_len = static_cast<std::uint32_t>(image.size());
    crypto_hash_sha512(header.sha512, image.data(), image.size());
}

/// Fills in the signature.
inline void sign_header(hw::mo_fw_hdr& header,
                        const std::array<std::uint8_t, 32>& seed = development_seed()) {
    std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> public_key{};
    std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret_key{};
    std::array<std::uint8_t, MO_FW_SIGNED_LEN> bytes{};
    crypto_sign_seed_keypair(public_key.data(), secret_key.data(), seed.data());
    std::memcpy(bytes.data(), &header, bytes.size());
    crypto_sign_detached(header.signature, nullptr, bytes.data(), bytes.size(), secret_key.data());
}

/// Header and image as the host stages them.
inline std::vector<std::uint8_t> join(const hw::mo_fw_hdr& header,
                                      const std::vector<std::uint8_t>& image) {
    std::vector<std::uint8_t> component(sizeof(header) + image.size());
    std::memcpy(component.data(), &header, sizeof(header));
    std::copy(image.begin(), image.end(), component.begin() + sizeof(header));
    return component;
}

} // namespace mo::mgmt::test
