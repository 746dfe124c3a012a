// SPDX-License-Identifier: GPL-2.0-or-later
// Work queue entries (driver/hw/rdma.h) as checked structs. The entry is copied out of the ring
// first: the host may write to it at any time. Pure; bounded by the stride.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/hw.hpp"
#include "nic/rdma/transport.hpp"

namespace mo::nic::rdma {

/// What is wrong with an entry: X(name, text).
#define MO_WQE_FAULTS(X)                                                                           \
    X(none, "nothing")                                                                             \
    X(opcode, "opcode is unknown, or the QP cannot do it")                                         \
    X(flags, "flags are unknown or do not fit the opcode")                                         \
    X(reserved, "a reserved field is not zero")                                                    \
    X(sges, "too many SGEs, or not as many as the opcode has")                                     \
    X(inline_length, "inline data is too long or does not fit the entry")                          \
    X(length, "message is longer than 2 GiB, or not as long as the opcode asks")                   \
    X(range, "a field of the body is out of range")

enum class WqeFault : std::uint8_t {
#define X(name, text) name,
    MO_WQE_FAULTS(X)
#undef X
};
[[nodiscard]] const char* text_of(WqeFault fault) noexcept;

struct Sge {
    std::uint64_t address = 0;
    std::uint32_t length = 0;
    std::uint32_t key = 0;
};

/// An entry of either queue. Only the parts that its opcode has mean anything.
struct Wqe {
    hw::mo_wr opcode = hw::MO_WR_NOP;
    std::uint8_t flags = 0;
    std::uint8_t sge_count = 0;
    std::uint16_t inline_bytes = 0;
    std::uint32_t imm = 0;    ///< as in struct mo_wqe
    std::uint32_t length = 0; ///< bytes of data altogether
    std::uint64_t remote_address = 0;
    std::uint32_t rkey = 0;
    std::uint64_t swap_add = 0;
    std::uint64_t compare = 0;
    hw::mo_wqe_ud ud;     ///< sends of datagram QPs
    hw::mo_wqe_reg reg;   ///< REG_MR
    hw::mo_wqe_bind bind; ///< BIND
    std::array<Sge, MO_RDMA_MAX_SGE> sges;
    std::array<std::byte, MO_RDMA_MAX_INLINE> data; ///< inline

    [[nodiscard]] bool has(std::uint8_t flag) const noexcept { return (flags & flag) != 0; }
    [[nodiscard]] bool is_inline() const noexcept { return has(MO_WQEF_INLINE); }
    [[nodiscard]] std::span<const Sge> list() const noexcept {
        return std::span(sges).first(sge_count);
    }
    [[nodiscard]] std::span<const std::byte> inline_data() const noexcept {
        return std::span(data).first(inline_bytes);
    }
};

/// Decodes an entry of a send queue of a QP; `raw` is the whole entry.
[[nodiscard]] WqeFault decode_send(std::span<const std::byte> raw, const TransportPolicy& policy,
                                   bool kernel, Wqe& out) noexcept;
/// Decodes an entry of a receive queue.
[[nodiscard]] WqeFault decode_receive(std::span<const std::byte> raw, Wqe& out) noexcept;

/// Kinds of work by opcode.
[[nodiscard]] constexpr bool is_local(hw::mo_wr opcode) noexcept {
    return opcode == hw::MO_WR_NOP || opcode == hw::MO_WR_LOCAL_INV || opcode == hw::MO_WR_REG_MR ||
           opcode == hw::MO_WR_BIND;
}
[[nodiscard]] constexpr bool is_atomic(hw::mo_wr opcode) noexcept {
    return opcode == hw::MO_WR_CMP_SWAP || opcode == hw::MO_WR_FETCH_ADD;
}
/// The peer answers with data.
[[nodiscard]] constexpr bool is_fetch(hw::mo_wr opcode) noexcept {
    return opcode == hw::MO_WR_READ || is_atomic(opcode);
}
[[nodiscard]] constexpr bool is_write(hw::mo_wr opcode) noexcept {
    return opcode == hw::MO_WR_WRITE || opcode == hw::MO_WR_WRITE_IMM;
}
[[nodiscard]] constexpr bool is_send(hw::mo_wr opcode) noexcept {
    return opcode == hw::MO_WR_SEND || opcode == hw::MO_WR_SEND_IMM || opcode == hw::MO_WR_SEND_INV;
}

} // namespace mo::nic::rdma
