// SPDX-License-Identifier: GPL-2.0-or-later
// Opcodes of RoCEv2 packets (IBA volume 1, tables 35 and 38; annex A17 for CNP): a row for each
// that the transport knows.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mo::nic::rdma {

/// Kind of QP that a packet is for.
enum class Transport : std::uint8_t { rc, ud, cnp };

/// What a packet is part of.
enum class Operation : std::uint8_t {
    send,
    write,
    read_request,
    read_response,
    acknowledge,
    atomic_acknowledge,
    compare_swap,
    fetch_add,
    cnp,
};

/// Its place in the message.
enum class Position : std::uint8_t { first, middle, last, only };

/// Extended headers, in the order in which they follow the BTH.
enum ExtendedHeader : std::uint8_t {
    has_deth = 1U << 0U,
    has_reth = 1U << 1U,
    has_atomic_eth = 1U << 2U,
    has_aeth = 1U << 3U,
    has_atomic_ack = 1U << 4U,
    has_imm = 1U << 5U,
    has_ieth = 1U << 6U,
    has_cnp = 1U << 7U, ///< 16 reserved bytes of a CNP
};

inline constexpr std::uint32_t bth_bytes = 12;
inline constexpr std::uint32_t deth_bytes = 8;
inline constexpr std::uint32_t reth_bytes = 16;
inline constexpr std::uint32_t atomic_eth_bytes = 28;
inline constexpr std::uint32_t aeth_bytes = 4;
inline constexpr std::uint32_t atomic_ack_bytes = 8;
inline constexpr std::uint32_t imm_bytes = 4;
inline constexpr std::uint32_t ieth_bytes = 4;
inline constexpr std::uint32_t cnp_bytes = 16;
inline constexpr std::uint32_t icrc_bytes = 4;

// X(name, value, transport, operation, position, headers, payload, text)
#define MO_ROCE_OPCODES(X)                                                                         \
    X(rc_send_first, 0x00, rc, send, first, 0, true, "SEND First")                                 \
    X(rc_send_middle, 0x01, rc, send, middle, 0, true, "SEND Middle")                              \
    X(rc_send_last, 0x02, rc, send, last, 0, true, "SEND Last")                                    \
    X(rc_send_last_imm, 0x03, rc, send, last, has_imm, true, "SEND Last with Immediate")           \
    X(rc_send_only, 0x04, rc, send, only, 0, true, "SEND Only")                                    \
    X(rc_send_only_imm, 0x05, rc, send, only, has_imm, true, "SEND Only with Immediate")           \
    X(rc_write_first, 0x06, rc, write, first, has_reth, true, "RDMA WRITE First")                  \
    X(rc_write_middle, 0x07, rc, write, middle, 0, true, "RDMA WRITE Middle")                      \
    X(rc_write_last, 0x08, rc, write, last, 0, true, "RDMA WRITE Last")                            \
    X(rc_write_last_imm, 0x09, rc, write, last, has_imm, true, "RDMA WRITE Last with Immediate")   \
    X(rc_write_only, 0x0a, rc, write, only, has_reth, true, "RDMA WRITE Only")                     \
    X(rc_write_only_imm, 0x0b, rc, write, only, has_reth | has_imm, true,                          \
      "RDMA WRITE Only with Immediate")                                                            \
    X(rc_read_request, 0x0c, rc, read_request, only, has_reth, false, "RDMA READ Request")         \
    X(rc_read_response_first, 0x0d, rc, read_response, first, has_aeth, true,                      \
      "RDMA READ response First")                                                                  \
    X(rc_read_response_middle, 0x0e, rc, read_response, middle, 0, true,                           \
      "RDMA READ response Middle")                                                                 \
    X(rc_read_response_last, 0x0f, rc, read_response, last, has_aeth, true,                        \
      "RDMA READ response Last")                                                                   \
    X(rc_read_response_only, 0x10, rc, read_response, only, has_aeth, true,                        \
      "RDMA READ response Only")                                                                   \
    X(rc_acknowledge, 0x11, rc, acknowledge, only, has_aeth, false, "Acknowledge")                 \
    X(rc_atomic_acknowledge, 0x12, rc, atomic_acknowledge, only, has_aeth | has_atomic_ack, false, \
      "ATOMIC Acknowledge")                                                                        \
    X(rc_compare_swap, 0x13, rc, compare_swap, only, has_atomic_eth, false, "CmpSwap")             \
    X(rc_fetch_add, 0x14, rc, fetch_add, only, has_atomic_eth, false, "FetchAdd")                  \
    X(rc_send_last_inv, 0x16, rc, send, last, has_ieth, true, "SEND Last with Invalidate")         \
    X(rc_send_only_inv, 0x17, rc, send, only, has_ieth, true, "SEND Only with Invalidate")         \
    X(ud_send_only, 0x64, ud, send, only, has_deth, true, "UD SEND Only")                          \
    X(ud_send_only_imm, 0x65, ud, send, only, has_deth | has_imm, true,                            \
      "UD SEND Only with Immediate")                                                               \
    X(cnp, 0x81, cnp, cnp, only, has_cnp, false, "CNP")

enum class Opcode : std::uint8_t {
#define X(name, value, ...) name = (value),
    MO_ROCE_OPCODES(X)
#undef X
};

struct OpcodeInfo {
    const char* name; ///< as the specification writes it
    Opcode opcode;
    Transport transport;
    Operation operation;
    Position position;
    std::uint8_t headers; ///< bits of ExtendedHeader
    bool payload;         ///< may have any
    std::uint8_t bytes;   ///< of the BTH and the extended headers

    [[nodiscard]] constexpr bool has(ExtendedHeader header) const noexcept {
        return (headers & header) != 0;
    }
    /// Of a requester; a CNP is neither request nor response.
    [[nodiscard]] constexpr bool request() const noexcept {
        return operation == Operation::send || operation == Operation::write ||
               operation == Operation::read_request || atomic();
    }
    [[nodiscard]] constexpr bool response() const noexcept {
        return operation == Operation::read_response || operation == Operation::acknowledge ||
               operation == Operation::atomic_acknowledge;
    }
    [[nodiscard]] constexpr bool atomic() const noexcept {
        return operation == Operation::compare_swap || operation == Operation::fetch_add;
    }
    /// Begins a message.
    [[nodiscard]] constexpr bool begins() const noexcept {
        return position == Position::first || position == Position::only;
    }
    /// Ends a message.
    [[nodiscard]] constexpr bool ends() const noexcept {
        return position == Position::last || position == Position::only;
    }
};

/// The row of an opcode on the wire; nullptr: unknown.
[[nodiscard]] const OpcodeInfo* find_opcode(std::uint8_t wire) noexcept;
[[nodiscard]] const OpcodeInfo& info(Opcode opcode) noexcept;

} // namespace mo::nic::rdma
