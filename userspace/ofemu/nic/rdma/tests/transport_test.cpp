// SPDX-License-Identifier: GPL-2.0-or-later
// What the types of QPs do, as the specification says it.
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "nic/rdma/transport.hpp"

namespace mo::nic::rdma {
namespace {

TEST(TransportPolicy, ARowForEachType) {
    for (unsigned type = 0; type < 256; ++type) {
        const TransportPolicy* const row = find_policy(static_cast<std::uint8_t>(type));
        ASSERT_EQ(row != nullptr, type <= hw::MO_QPT_GSI) << type;
        if (row != nullptr) {
            EXPECT_EQ(row->type, type);
            EXPECT_EQ(&policy_of(row->type), row);
        }
    }
}

/// IBA table 88: opcodes by transport; a local operation needs a connection.
TEST(TransportPolicy, SendQueuesTakeWhatTheirTransportHas) {
    enum Who : std::uint8_t { connections, everybody };
    const std::pair<hw::mo_wr, Who> opcodes[] = {
        {hw::MO_WR_NOP, everybody},         {hw::MO_WR_SEND, everybody},
        {hw::MO_WR_SEND_IMM, everybody},    {hw::MO_WR_SEND_INV, connections},
        {hw::MO_WR_WRITE, connections},     {hw::MO_WR_WRITE_IMM, connections},
        {hw::MO_WR_READ, connections},      {hw::MO_WR_CMP_SWAP, connections},
        {hw::MO_WR_FETCH_ADD, connections}, {hw::MO_WR_LOCAL_INV, connections},
        {hw::MO_WR_REG_MR, connections},    {hw::MO_WR_BIND, connections},
    };
    for (const auto& [opcode, who] : opcodes) {
        EXPECT_TRUE(policy_of(hw::MO_QPT_RC).can_send(opcode)) << opcode;
        EXPECT_EQ(policy_of(hw::MO_QPT_UD).can_send(opcode), who == everybody) << opcode;
        EXPECT_EQ(policy_of(hw::MO_QPT_GSI).can_send(opcode), who == everybody) << opcode;
    }
    for (unsigned value = 0; value < 32; ++value) {
        const auto opcode = static_cast<hw::mo_wr>(value);
        const bool known =
            std::ranges::any_of(opcodes, [&](const auto& each) { return each.first == opcode; });
        EXPECT_EQ(policy_of(hw::MO_QPT_RC).can_send(opcode), known) << value;
    }
}

TEST(TransportPolicy, ServicesAreThoseOfTheSpecification) {
    const TransportPolicy& rc = policy_of(hw::MO_QPT_RC);
    EXPECT_TRUE(rc.connected && rc.acknowledged && !rc.multicast);
    EXPECT_EQ(rc.packets, Transport::rc);
    EXPECT_EQ(rc.wire_number, 0U);
    EXPECT_EQ(rc.after_failed_send, hw::MO_QPS_ERR);
    for (const auto type : {hw::MO_QPT_UD, hw::MO_QPT_GSI}) {
        const TransportPolicy& datagram = policy_of(type);
        EXPECT_FALSE(datagram.connected || datagram.acknowledged);
        EXPECT_EQ(datagram.packets, Transport::ud);
        EXPECT_EQ(datagram.after_failed_send, hw::MO_QPS_SQE);
        EXPECT_EQ(datagram.multicast, type == hw::MO_QPT_UD);
        EXPECT_EQ(datagram.wire_number, type == hw::MO_QPT_GSI ? 1U : 0U);
    }
}

} // namespace
} // namespace mo::nic::rdma
