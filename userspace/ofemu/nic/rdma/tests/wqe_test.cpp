// SPDX-License-Identifier: GPL-2.0-or-later
// Entries: what is accepted, and every way in which one can be malformed.
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "nic/rdma/wqe.hpp"

namespace mo::nic::rdma {
namespace {

struct Entry {
    alignas(8) std::array<std::byte, 1024> bytes{};
    std::size_t stride = 1024;

    hw::mo_wqe& head() { return *reinterpret_cast<hw::mo_wqe*>(bytes.data()); }
    template <typename T>
    T& body() {
        return *reinterpret_cast<T*>(bytes.data() + sizeof(hw::mo_wqe));
    }
    hw::mo_sge& sge(std::size_t body_bytes, std::size_t i) {
        return *reinterpret_cast<hw::mo_sge*>(bytes.data() + sizeof(hw::mo_wqe) + body_bytes +
                                              i * sizeof(hw::mo_sge));
    }
    WqeFault decode(hw::mo_qp_type type = hw::MO_QPT_RC, bool kernel = false) {
        return decode_send(std::span(bytes).first(stride), policy_of(type), kernel, out);
    }
    WqeFault receive() { return decode_receive(std::span(bytes).first(stride), out); }
    Wqe out;
};

TEST(Wqe, EveryOpcodeIsForSomeQp) {
#define X(name, value, body_bytes, text)                                                           \
    {                                                                                              \
        Entry entry;                                                                               \
        entry.head().opcode = hw::MO_WR_##name;                                                    \
        const bool atomic = is_atomic(hw::MO_WR_##name);                                           \
        entry.head().nsge = atomic ? 1 : 0;                                                        \
        entry.sge(body_bytes, 0).length = atomic ? 8 : 0;                                          \
        EXPECT_EQ(entry.decode(hw::MO_QPT_RC, true), WqeFault::none) << #name;                     \
        EXPECT_EQ(entry.decode(hw::MO_QPT_RC, false),                                              \
                  hw::MO_WR_##name == hw::MO_WR_REG_MR ? WqeFault::opcode : WqeFault::none)        \
            << #name;                                                                              \
        const bool datagram = hw::MO_WR_##name == hw::MO_WR_NOP ||                                 \
                              hw::MO_WR_##name == hw::MO_WR_SEND ||                                \
                              hw::MO_WR_##name == hw::MO_WR_SEND_IMM;                              \
        EXPECT_EQ(entry.decode(hw::MO_QPT_UD, true) == WqeFault::none, datagram) << #name;         \
    }
    MO_WRS(X)
#undef X
    for (unsigned opcode = 0; opcode < 256; ++opcode) {
        Entry entry;
        entry.head().opcode = static_cast<std::uint8_t>(opcode);
        if (opcode > hw::MO_WR_REG_MR && opcode != hw::MO_WR_BIND) {
            EXPECT_EQ(entry.decode(hw::MO_QPT_RC, true), WqeFault::opcode);
        }
    }
}

TEST(Wqe, Malformed) {
    const auto fault = [](auto&& change) {
        Entry entry;
        entry.head().opcode = hw::MO_WR_SEND;
        change(entry);
        return entry.decode();
    };
    EXPECT_EQ(fault([](Entry& e) { e.head().flags = 0x10; }), WqeFault::flags);
    EXPECT_EQ(fault([](Entry& e) { e.head().rsvd = 1; }), WqeFault::reserved);
    EXPECT_EQ(fault([](Entry& e) { e.head().rsvd1 = 1; }), WqeFault::reserved);
    EXPECT_EQ(fault([](Entry& e) { e.head().length = 1; }), WqeFault::reserved);
    EXPECT_EQ(fault([](Entry& e) { e.head().nsge = MO_RDMA_MAX_SGE + 1; }), WqeFault::sges);
    EXPECT_EQ(fault([](Entry& e) {
                  e.head().nsge = 4;
                  e.stride = 64;
              }),
              WqeFault::sges);
    EXPECT_EQ(fault([](Entry& e) {
                  e.head().nsge = 3;
                  e.stride = 64;
              }),
              WqeFault::none);
    EXPECT_EQ(fault([](Entry& e) {
                  e.head().flags = MO_WQEF_INLINE;
                  e.head().nsge = 1;
              }),
              WqeFault::sges);
    EXPECT_EQ(fault([](Entry& e) {
                  e.head().flags = MO_WQEF_INLINE;
                  e.head().length = MO_RDMA_MAX_INLINE + 1;
              }),
              WqeFault::inline_length);
    EXPECT_EQ(fault([](Entry& e) {
                  e.head().flags = MO_WQEF_INLINE;
                  e.head().length = 49;
                  e.stride = 64;
              }),
              WqeFault::inline_length);
    EXPECT_EQ(fault([](Entry& e) {
                  e.head().flags = MO_WQEF_INLINE;
                  e.head().opcode = hw::MO_WR_READ;
              }),
              WqeFault::flags);
    EXPECT_EQ(fault([](Entry& e) {
                  e.head().nsge = 2;
                  e.sge(0, 0).length = MO_RDMA_MAX_MSG;
                  e.sge(0, 1).length = 1;
              }),
              WqeFault::length);
    EXPECT_EQ(fault([](Entry& e) {
                  e.head().opcode = hw::MO_WR_READ;
                  e.head().nsge = MO_RDMA_MAX_SGE_RD + 1;
              }),
              WqeFault::sges);
    EXPECT_EQ(fault([](Entry& e) {
                  e.head().opcode = hw::MO_WR_WRITE;
                  e.body<hw::mo_wqe_rdma>().rsvd = 1;
              }),
              WqeFault::reserved);
    EXPECT_EQ(fault([](Entry& e) {
                  e.head().opcode = hw::MO_WR_CMP_SWAP;
                  e.head().nsge = 1;
                  e.sge(sizeof(hw::mo_wqe_atomic), 0).length = 4;
              }),
              WqeFault::length);
    EXPECT_EQ(fault([](Entry& e) {
                  e.head().opcode = hw::MO_WR_CMP_SWAP;
                  e.head().nsge = 2;
              }),
              WqeFault::sges);
}

TEST(Wqe, DatagramsHaveAnAddress) {
    Entry entry;
    entry.head().opcode = hw::MO_WR_SEND_IMM;
    entry.body<hw::mo_wqe_ud>().dest_qp = 0x123456;
    entry.body<hw::mo_wqe_ud>().qkey = 7;
    EXPECT_EQ(entry.decode(hw::MO_QPT_UD), WqeFault::none);
    EXPECT_EQ(entry.out.ud.dest_qp, 0x123456U);
    entry.stride = 64;
    EXPECT_EQ(entry.decode(hw::MO_QPT_UD), WqeFault::none);
    entry.head().nsge = 1;
    EXPECT_EQ(entry.decode(hw::MO_QPT_UD), WqeFault::sges);
    entry.head().nsge = 0;
    entry.body<hw::mo_wqe_ud>().dest_qp = 1U << 24U;
    EXPECT_EQ(entry.decode(hw::MO_QPT_UD), WqeFault::range);
    entry.body<hw::mo_wqe_ud>().dest_qp = 1;
    entry.body<hw::mo_wqe_ud>().av.flow = 1U << 20U;
    EXPECT_EQ(entry.decode(hw::MO_QPT_UD), WqeFault::range);
    entry.body<hw::mo_wqe_ud>().av.flow = 0;
    entry.body<hw::mo_wqe_ud>().rsvd = 1;
    EXPECT_EQ(entry.decode(hw::MO_QPT_UD), WqeFault::reserved);
}

TEST(Wqe, Receives) {
    const auto fault = [](auto&& change) {
        Entry entry;
        change(entry);
        return entry.receive();
    };
    EXPECT_EQ(fault([](Entry&) {}), WqeFault::none);
    EXPECT_EQ(fault([](Entry& e) { e.head().opcode = hw::MO_WR_SEND; }), WqeFault::opcode);
    EXPECT_EQ(fault([](Entry& e) { e.head().flags = 1; }), WqeFault::flags);
    EXPECT_EQ(fault([](Entry& e) { e.head().length = 1; }), WqeFault::reserved);
    EXPECT_EQ(fault([](Entry& e) { e.head().nsge = 33; }), WqeFault::sges);
    EXPECT_EQ(fault([](Entry& e) {
                  e.head().nsge = 4;
                  e.stride = 64;
              }),
              WqeFault::sges);
}

/// Whatever the bytes, decoding stays inside the entry and gives a bounded result.
TEST(Wqe, GarbageIsBounded) {
    std::mt19937 random(1);
    for (int round = 0; round < 200'000; ++round) {
        const std::size_t stride = std::size_t{64} << (random() % 5);
        std::vector<std::byte> raw(stride); // its own allocation, for the address sanitizer
        for (std::byte& byte : raw) {
            byte = static_cast<std::byte>(random() % 4 == 0 ? random() : 0);
        }
        raw[0] = static_cast<std::byte>(random() % 12);
        Wqe out;
        const auto type = static_cast<hw::mo_qp_type>(random() % 3);
        const bool send = random() % 2 == 0;
        const auto fault = send ? decode_send(raw, policy_of(type), random() % 2 == 0, out)
                                : decode_receive(raw, out);
        if (fault == WqeFault::none) {
            EXPECT_LE(out.sge_count, MO_RDMA_MAX_SGE);
            EXPECT_LE(out.inline_bytes, MO_RDMA_MAX_INLINE);
            EXPECT_LE(out.length, MO_RDMA_MAX_MSG);
        }
    }
}

} // namespace
} // namespace mo::nic::rdma
