// SPDX-License-Identifier: GPL-2.0-or-later
// Opcode table, sequence numbers, syndromes, timers.
#include <gtest/gtest.h>
#include <set>

#include "nic/rdma/aeth.hpp"
#include "nic/rdma/cnp.hpp"
#include "nic/rdma/psn.hpp"
#include "nic/rdma/retry.hpp"
#include "nic/rdma/tests/wire_reference.hpp"

namespace mo::nic::rdma {
namespace {

using namespace test;

TEST(Opcodes, TableIsThatOfTheSpecification) {
    std::set<unsigned> known;
    for (const WireOpcode& wire : wire_opcodes) {
        known.insert(wire.value);
        const OpcodeInfo* const row = find_opcode(static_cast<std::uint8_t>(wire.value));
        ASSERT_NE(row, nullptr) << wire.value;
        EXPECT_EQ(static_cast<unsigned>(row->opcode), wire.value);
        EXPECT_EQ(&info(row->opcode), row);
        EXPECT_EQ(row->payload, wire.payload);
        Octets headers(12);
        for (const char header : wire.headers) {
            put_wire_header(headers, header);
        }
        EXPECT_EQ(row->bytes, headers.size()) << row->name;
        const auto has = [&](char header) {
            return wire.headers.find(header) != std::string_view::npos;
        };
        EXPECT_EQ(row->has(has_reth), has('R'));
        EXPECT_EQ(row->has(has_aeth), has('A'));
        EXPECT_EQ(row->has(has_atomic_eth), has('M'));
        EXPECT_EQ(row->has(has_atomic_ack), has('K'));
        EXPECT_EQ(row->has(has_deth), has('D'));
        EXPECT_EQ(row->has(has_imm), has('I'));
        EXPECT_EQ(row->has(has_ieth), has('V'));
        EXPECT_EQ(row->has(has_cnp), has('C'));
    }
    for (unsigned wire = 0; wire < 256; ++wire) {
        EXPECT_EQ(find_opcode(static_cast<std::uint8_t>(wire)) != nullptr, known.contains(wire))
            << wire;
    }
}

TEST(Opcodes, Kinds) {
    const std::set<unsigned> responses = {0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12};
    const std::set<unsigned> beginnings = {0x00, 0x06, 0x0d}, middles = {0x01, 0x07, 0x0e},
                             ends = {0x02, 0x03, 0x08, 0x09, 0x0f, 0x16};
    for (const WireOpcode& wire : wire_opcodes) {
        const OpcodeInfo& row = *find_opcode(static_cast<std::uint8_t>(wire.value));
        EXPECT_EQ(row.response(), responses.contains(wire.value)) << row.name;
        EXPECT_EQ(row.request(), wire.value != 0x81 && !responses.contains(wire.value));
        const bool only = !beginnings.contains(wire.value) && !middles.contains(wire.value) &&
                          !ends.contains(wire.value);
        EXPECT_EQ(row.begins(), only || beginnings.contains(wire.value)) << row.name;
        EXPECT_EQ(row.ends(), only || ends.contains(wire.value)) << row.name;
        EXPECT_EQ(row.atomic(), wire.value == 0x13 || wire.value == 0x14);
        const Transport transport = wire.value == 0x81   ? Transport::cnp
                                    : wire.value >= 0x60 ? Transport::ud
                                                         : Transport::rc;
        EXPECT_EQ(row.transport, transport);
    }
}

TEST(Psn, WrapsAround) {
    EXPECT_EQ(psn_next(0xffffff), 0U);
    EXPECT_EQ(psn_add(0, -1), 0xffffffU);
    EXPECT_EQ(psn_add(0xfffffe, 5), 3U);
    EXPECT_EQ(psn_add(5, -0x1000005), 0U);
    EXPECT_EQ(psn_diff(0, 0xffffff), 1);
    EXPECT_EQ(psn_diff(0xffffff, 0), -1);
    EXPECT_EQ(psn_diff(7, 7), 0);
    EXPECT_EQ(psn_diff(0x7fffff, 0), 0x7fffff);
    EXPECT_EQ(psn_diff(0x800000, 0), -0x800000);
    EXPECT_TRUE(psn_before(0xffffff, 0));
    EXPECT_FALSE(psn_before(0, 0xffffff));
    EXPECT_FALSE(psn_before(3, 3));
    EXPECT_TRUE(psn_within(0xffffff, 0xfffffe, 2));
    EXPECT_TRUE(psn_within(1, 0xfffffe, 2));
    EXPECT_FALSE(psn_within(2, 0xfffffe, 2));
    EXPECT_FALSE(psn_within(0xfffffd, 0xfffffe, 2));
    EXPECT_FALSE(psn_within(5, 5, 5));
}

TEST(Psn, PacketsOfAMessage) {
    EXPECT_EQ(packets_of(0, 1024), 1U);
    EXPECT_EQ(packets_of(1, 1024), 1U);
    EXPECT_EQ(packets_of(1024, 1024), 1U);
    EXPECT_EQ(packets_of(1025, 1024), 2U);
    EXPECT_EQ(packets_of(MO_RDMA_MAX_MSG, 256), 1U << 23U);
}

TEST(Aeth, Syndromes) {
    EXPECT_EQ(kind_of(syndrome_ack), Syndrome::ack);
    EXPECT_EQ(kind_of(0x00), Syndrome::ack); // with a credit count
    EXPECT_EQ(syndrome_of_rnr(12), 0x2c);
    EXPECT_EQ(kind_of(0x2c), Syndrome::rnr_nak);
    EXPECT_EQ(rnr_timer_of(0x2c), 12);
    EXPECT_EQ(syndrome_of(Nak::psn_sequence), 0x60);
    EXPECT_EQ(syndrome_of(Nak::invalid_request), 0x61);
    EXPECT_EQ(syndrome_of(Nak::remote_access), 0x62);
    EXPECT_EQ(syndrome_of(Nak::remote_operational), 0x63);
    EXPECT_EQ(nak_of(0x62), Nak::remote_access);
    for (unsigned syndrome = 0; syndrome < 256; ++syndrome) {
        const Syndrome kind = kind_of(static_cast<std::uint8_t>(syndrome));
        const Syndrome expected = syndrome < 0x20                       ? Syndrome::ack
                                  : syndrome < 0x40                     ? Syndrome::rnr_nak
                                  : syndrome >= 0x60 && syndrome < 0x65 ? Syndrome::nak
                                                                        : Syndrome::reserved;
        EXPECT_EQ(kind, expected) << syndrome;
    }
}

TEST(Retry, AckTimeouts) {
    EXPECT_EQ(ack_timeout_ns(0), never_ns);
    EXPECT_EQ(ack_timeout_ns(1), 8192U);
    EXPECT_EQ(ack_timeout_ns(14), 67'108'864U); // 67 ms
    EXPECT_EQ(ack_timeout_ns(31), 8'796'093'022'208U);
}

TEST(Retry, RnrTimers) {
    // Milliseconds of IBA table 45.
    constexpr std::array<double, 32> table = {
        655.36, 0.01,  0.02,  0.03,  0.04,  0.06,   0.08,   0.12,   0.16,   0.24,  0.32,
        0.48,   0.64,  0.96,  1.28,  1.92,  2.56,   3.84,   5.12,   7.68,   10.24, 15.36,
        20.48,  30.72, 40.96, 61.44, 81.92, 122.88, 163.84, 245.76, 327.68, 491.52};
    for (std::size_t code = 0; code < table.size(); ++code) {
        EXPECT_DOUBLE_EQ(static_cast<double>(rnr_timer_ns(static_cast<std::uint8_t>(code))),
                         table[code] * 1e6)
            << code;
    }
}

TEST(Retry, Deadlines) {
    EXPECT_EQ(deadline(5, 10), 15U);
    EXPECT_EQ(deadline(5, never_ns), never_ns);
    EXPECT_EQ(deadline(never_ns - 1, 1), never_ns);
    EXPECT_EQ(rebased(15, 20), 35U);
    EXPECT_EQ(rebased(never_ns, 20), never_ns);
}

TEST(Cnp, OnePerIntervalAndQp) {
    CnpPacer pacer;
    EXPECT_TRUE(pacer.marked(1000));
    EXPECT_FALSE(pacer.marked(1000 + cnp_interval_ns - 1));
    EXPECT_TRUE(pacer.marked(1000 + cnp_interval_ns));
    CnpPacer other;
    EXPECT_TRUE(other.marked(1001));
}

} // namespace
} // namespace mo::nic::rdma
