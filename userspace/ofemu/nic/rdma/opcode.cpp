// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/rdma/opcode.hpp"

#include <array>

namespace mo::nic::rdma {

namespace {

constexpr std::uint8_t header_bytes(unsigned headers) noexcept {
    std::uint32_t bytes = bth_bytes;
    const auto add = [&](ExtendedHeader header, std::uint32_t size) {
        bytes += (headers & header) != 0 ? size : 0;
    };
    add(has_deth, deth_bytes);
    add(has_reth, reth_bytes);
    add(has_atomic_eth, atomic_eth_bytes);
    add(has_aeth, aeth_bytes);
    add(has_atomic_ack, atomic_ack_bytes);
    add(has_imm, imm_bytes);
    add(has_ieth, ieth_bytes);
    add(has_cnp, cnp_bytes);
    return static_cast<std::uint8_t>(bytes);
}

constexpr std::array rows = {
#define X(name, value, transport, operation, position, headers, payload, text)                     \
    OpcodeInfo{text,                                                                               \
               Opcode::name,                                                                       \
               Transport::transport,                                                               \
               Operation::operation,                                                               \
               Position::position,                                                                 \
               static_cast<std::uint8_t>(headers),                                                 \
               payload,                                                                            \
               header_bytes(headers)},
    MO_ROCE_OPCODES(X)
#undef X
};

/// Row of each opcode of the wire, plus one; 0: unknown.
constexpr auto places = [] {
    std::array<std::uint8_t, 256> out{};
    for (std::size_t row = 0; row < rows.size(); ++row) {
        out[static_cast<std::uint8_t>(rows[row].opcode)] = static_cast<std::uint8_t>(row + 1);
    }
    return out;
}();

} // namespace

const OpcodeInfo* find_opcode(std::uint8_t wire) noexcept {
    const std::size_t place = places[wire];
    return place == 0 ? nullptr : &rows[place - 1];
}

const OpcodeInfo& info(Opcode opcode) noexcept {
    return *find_opcode(static_cast<std::uint8_t>(opcode));
}

} // namespace mo::nic::rdma
