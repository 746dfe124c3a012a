// SPDX-License-Identifier: GPL-2.0-or-later
// A device that is told to stop, or has stopped, in the middle of its work: it ends each call,
// loses no completion, executes nothing for peers, and goes on when it may.
#include <gtest/gtest.h>

#include "nic/rdma/tests/harness.hpp"

namespace mo::nic::rdma::test {
namespace {

constexpr std::uint64_t ms = 1'000'000;

class StopTest : public testing::TestWithParam<std::uint64_t> {
  protected:
    StopTest() { Pair::connect(x, y); }
    SendWr write(std::uint32_t length = 3000) {
        return {.opcode = hw::MO_WR_WRITE,
                .sges = {{local.iova(), length, local.key}},
                .remote_address = remote.iova(),
                .rkey = remote.key};
    }
    void finish_and_check(std::uint32_t count) {
        ASSERT_TRUE(pair.run_for(2000 * ms, [&] { return x.query().sq_head == count; }));
        for (std::uint32_t i = 0; i < count; ++i) {
            const auto cqe = x.send_cq.next();
            ASSERT_TRUE(cqe);
            ASSERT_EQ(cqe->status, hw::MO_WC_SUCCESS);
            ASSERT_EQ(cqe->index, i);
        }
        EXPECT_FALSE(x.send_cq.next());
    }

    Pair pair{GetParam(), 32U << 20};
    HostQp x{pair.a}, y{pair.b};
    Region local{pair.a, 1U << 17, {.iova = 0x10000}};
    Region remote{pair.b, 1U << 17, {.iova = 0x20000}};
};

/// The requester has gone back past an RNR wait, and has to read its entry again.
TEST_P(StopTest, BusMasterGoesOffInAGoBack) {
    const SendWr send{.sges = {{local.iova(), 3000, local.key}}};
    x.post(send);
    x.post(send);
    pair.run();
    EXPECT_GT(pair.a.block.counters().rx_rnr_nak, 0U);
    pair.set_time(pair.a.now + 100 * ms);
    pair.a.map.set_bus_master(false);
    EXPECT_FALSE(pair.a.poll());
    EXPECT_FALSE(pair.a.poll());
    pair.a.map.set_bus_master(true);
    y.post_receive({{remote.iova(), 4000, remote.key}});
    y.post_receive({{remote.iova(4000), 4000, remote.key}});
    finish_and_check(2);
}

TEST_P(StopTest, BusMasterGoesOffAtAnyPointOfAMessage) {
    std::uint32_t posted = 0;
    for (unsigned rounds = 0; rounds < 12; ++rounds) {
        for (TestNic* const off : {&pair.a, &pair.b}) {
            x.post(write(20000));
            ++posted;
            for (unsigned i = 0; i < rounds; ++i) {
                (void)pair.round(2);
            }
            off->map.set_bus_master(false);
            for (unsigned i = 0; i < 5; ++i) {
                (void)pair.round(2);
            }
            off->map.set_bus_master(true);
            pair.run_until(pair.a.now + 500 * ms);
        }
    }
    finish_and_check(posted);
    EXPECT_TRUE(pair.a.events.empty());
    EXPECT_TRUE(pair.b.events.empty());
}

/// What has stopped is a wall to its peers.
TEST_P(StopTest, StoppedDeviceExecutesNothingForPeers) {
    remote.write(0, Buffer(3000));
    pair.b.stopped = true;
    x.post(write());
    x.post({.opcode = hw::MO_WR_FETCH_ADD,
            .sges = {{local.iova(), 8, local.key}},
            .remote_address = remote.iova(),
            .rkey = remote.key,
            .swap_add = 1});
    pair.run_until(pair.a.now + 10 * ms);
    EXPECT_FALSE(pair.b.block.listening());
    EXPECT_EQ(remote.read(0, 3000), Buffer(3000));
    EXPECT_EQ(pair.b.block.counters().rx_packets, 0U);
    EXPECT_FALSE(x.send_cq.next());
    EXPECT_FALSE(pair.b.poll());
}

INSTANTIATE_TEST_SUITE_P(Modes, StopTest, testing::Values(all_features, plain_features),
                         [](const auto& mode) {
                             return mode.param == all_features ? "shadow" : "mmio";
                         });

} // namespace
} // namespace mo::nic::rdma::test
