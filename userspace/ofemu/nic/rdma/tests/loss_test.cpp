// SPDX-License-Identifier: GPL-2.0-or-later
// Connections over a bad link: loss, reordering, duplicates and damage, receivers that are not
// ready, time-outs. Every byte arrives once, and every atomic is executed once.
#include <gtest/gtest.h>

#include "nic/rdma/tests/harness.hpp"

namespace mo::nic::rdma::test {
namespace {

constexpr std::uint64_t ms = 1'000'000;

struct Case {
    const char* name;
    fabric::ImpairmentConfig impairment;
    std::uint64_t delay_ns = 0;
    Making making = Making::lazy;
};

class LossTest : public testing::TestWithParam<Case> {};

/// A mixture of everything both ways, checked to the byte.
TEST_P(LossTest, NothingIsLostOrDoneTwice) {
    const Case& what = GetParam();
    Pair pair(all_features, 64U << 20, what.making);
    for (const fabric::End end : {fabric::End::a, fabric::End::b}) {
        auto impairment = what.impairment;
        impairment.seed += end == fabric::End::a ? 1 : 2;
        pair.link.set_impairment(end, impairment);
        pair.link.set_delay(end, what.delay_ns);
    }
    HostQp x(pair.a), y(pair.b);
    Pair::connect(x, y, {.mtu = 256, .timeout = 8, .rd_atomic = 4}); // 1 ms
    constexpr std::size_t rounds = 40;
    constexpr std::uint32_t size = 5000;
    Region at_a(pair.a, 3 * rounds * size, {.iova = 0x1'0000}),
        at_b(pair.b, 3 * rounds * size, {.iova = 0x2'0000});
    Region counter(pair.b, 8, {.iova = 0x1000}), former(pair.a, rounds * 8, {.iova = 0x1000});
    counter.set_word(0, 0);
    const Buffer data = pattern(rounds * size, 7);
    at_a.write(0, data);
    for (std::size_t i = 0; i < rounds; ++i) {
        const auto length = static_cast<std::uint32_t>((i * 977) % size);
        y.post_receive({{at_b.iova((rounds + i) * size), size, at_b.key}});
        x.write_send({.opcode = hw::MO_WR_WRITE,
                      .sges = {{at_a.iova(i * size), length, at_a.key}},
                      .remote_address = at_b.iova(i * size),
                      .rkey = at_b.key});
        x.write_send({.sges = {{at_a.iova(i * size), length, at_a.key}}});
        x.write_send({.opcode = hw::MO_WR_FETCH_ADD,
                      .sges = {{former.iova(i * 8), 8, former.key}},
                      .remote_address = counter.iova(),
                      .rkey = counter.key,
                      .swap_add = 1});
        x.write_send({.opcode = hw::MO_WR_READ,
                      .sges = {{at_a.iova((rounds + i) * size), length, at_a.key}},
                      .remote_address = at_b.iova(i * size),
                      .rkey = at_b.key});
        x.ring();
        const std::size_t want = (i + 1) * 4;
        ASSERT_TRUE(pair.run_for(2000 * ms, [&] {
            return i % 8 != 7 || x.query().sq_head == want || x.state() != hw::MO_QPS_RTS;
        }));
    }
    ASSERT_TRUE(pair.run_for(2000 * ms, [&] { return x.query().sq_head == 4 * rounds; }));
    for (std::size_t i = 0; i < 4 * rounds; ++i) {
        const auto cqe = x.send_cq.next();
        ASSERT_TRUE(cqe);
        ASSERT_EQ(cqe->status, hw::MO_WC_SUCCESS);
        ASSERT_EQ(cqe->index, i);
    }
    for (std::size_t i = 0; i < rounds; ++i) {
        const auto length = static_cast<std::uint32_t>((i * 977) % size);
        const auto whole = std::span(data).subspan(i * size, length);
        const Buffer part(whole.begin(), whole.end());
        ASSERT_EQ(at_b.read(i * size, length), part) << i;
        ASSERT_EQ(at_b.read((rounds + i) * size, length), part) << i;
        ASSERT_EQ(at_a.read((rounds + i) * size, length), part) << i;
        ASSERT_EQ(former.word(i * 8), i) << "an atomic was executed twice, or not at all";
        const auto cqe = y.recv_cq.next();
        ASSERT_TRUE(cqe);
        ASSERT_EQ(cqe->status, hw::MO_WC_SUCCESS);
        ASSERT_EQ(cqe->index, i);
        ASSERT_EQ(cqe->length, length);
    }
    EXPECT_EQ(counter.word(0), rounds);
    EXPECT_FALSE(y.recv_cq.next());
    EXPECT_EQ(pair.b.block.counters().rx_atomic, rounds);
    EXPECT_EQ(pair.b.block.counters().rx_send, rounds);
    if (what.impairment.drop > 0) {
        EXPECT_GT(pair.a.block.counters().retransmits, 0U);
    }
    if (!what.impairment.active()) {
        EXPECT_EQ(pair.a.block.counters().retransmits, 0U);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Links, LossTest,
    testing::Values(Case{"clean", {}}, Case{"drop1", {.drop = 0.01}}, Case{"drop10", {.drop = 0.1}},
                    Case{"reorder", {.reorder = 0.1}}, Case{"duplicate", {.duplicate = 0.2}},
                    Case{"corrupt", {.corrupt = 0.05}}, Case{"alter", {.alter = 0.05}},
                    Case{"ecn", {.ecn = 0.2}},
                    Case{"all",
                         {.drop = 0.02,
                          .corrupt = 0.02,
                          .alter = 0.02,
                          .reorder = 0.05,
                          .duplicate = 0.05,
                          .ecn = 0.05}},
                    Case{"delay", {}, 100'000}, Case{"delay_drop", {.drop = 0.03}, 100'000},
                    Case{"bytes", {}, 0, Making::bytes},
                    Case{"bytes_all",
                         {.drop = 0.02, .alter = 0.02, .reorder = 0.05, .duplicate = 0.05},
                         0,
                         Making::bytes}),
    [](const auto& link) { return std::string(link.param.name); });

class RetryTest : public testing::TestWithParam<std::uint64_t> {
  protected:
    Pair pair{GetParam(), 32U << 20};
    HostQp x{pair.a}, y{pair.b};
    Region from{pair.a, 1U << 17}, to{pair.b, 1U << 17};

    SendWr write(std::uint32_t length) {
        return {.opcode = hw::MO_WR_WRITE,
                .sges = {{from.iova(), length, from.key}},
                .remote_address = to.iova(),
                .rkey = to.key};
    }
};

TEST_P(RetryTest, ReceiverThatIsNotReady) {
    Pair::connect(x, y, {.min_rnr_timer = 14}); // 1.28 ms
    from.write(0, pattern(5000, 1));
    x.post({.sges = {{from.iova(), 5000, from.key}}});
    x.post(write(10));
    const std::uint64_t start = pair.a.now;
    pair.run_until(start + 10 * ms);
    EXPECT_FALSE(x.send_cq.next());
    const auto& counters = pair.b.block.counters();
    EXPECT_GE(counters.tx_rnr_nak, 7U);
    EXPECT_LE(counters.tx_rnr_nak, 9U);
    EXPECT_EQ(pair.a.block.counters().rx_rnr_nak, counters.tx_rnr_nak);
    EXPECT_EQ(counters.tx_nak_seq, 0U);
    y.post_receive({{to.iova(), 5000, to.key}});
    pair.run_until(start + 20 * ms);
    EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_SUCCESS);
    EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_SUCCESS);
    EXPECT_EQ(to.read(10, 4990), Buffer([] {
                  const Buffer all = pattern(5000, 1);
                  return Buffer(all.begin() + 10, all.end());
              }()));
    EXPECT_EQ(pair.a.block.counters().timeouts, 0U);
    EXPECT_EQ(pair.a.block.counters().retransmits_spurious, 0U);
}

TEST_P(RetryTest, ReceiverThatIsNeverReady) {
    Pair::connect(x, y, {.rnr_retry = 3, .min_rnr_timer = 1});
    x.post({.inline_data = pattern(8, 1)});
    pair.run_until(pair.a.now + 100 * ms);
    const auto cqe = x.send_cq.next();
    ASSERT_TRUE(cqe);
    EXPECT_EQ(cqe->status, hw::MO_WC_RNR_RETRY_EXC_ERR);
    EXPECT_EQ(cqe->error, hw::MO_QPE_RNR);
    EXPECT_EQ(cqe->syndrome, 0x21);
    EXPECT_EQ(pair.b.block.counters().tx_rnr_nak, 4U);
    EXPECT_EQ(pair.a.block.counters().rnr_exceeded, 1U);
    EXPECT_EQ(y.state(), hw::MO_QPS_RTS);
}

TEST_P(RetryTest, ImmediateWaitsForAReceive) {
    Pair::connect(x, y);
    from.write(0, pattern(3000, 2));
    auto wr = write(3000);
    wr.opcode = hw::MO_WR_WRITE_IMM;
    x.post(wr);
    pair.run_until(pair.a.now + 2 * ms);
    EXPECT_FALSE(x.send_cq.next());
    y.post_receive({});
    pair.run_until(pair.a.now + 2 * ms);
    EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_SUCCESS);
    const auto cqe = y.recv_cq.next();
    ASSERT_TRUE(cqe);
    EXPECT_EQ(cqe->length, 3000U);
    EXPECT_EQ(to.read(0, 3000), pattern(3000, 2));
}

TEST_P(RetryTest, LinkThatIsDownForAWhile) {
    Pair::connect(x, y);
    from.write(0, pattern(1U << 17, 3));
    x.post(write(1U << 17));
    (void)pair.a.block.poll(pair.a.now, 20);
    pair.a.end_round();
    pair.b.gate.receive = false;
    pair.run_until(pair.a.now + 500 * ms);
    EXPECT_FALSE(x.send_cq.next());
    EXPECT_GT(pair.a.block.counters().timeouts, 0U);
    pair.b.gate.receive = true;
    pair.run_until(pair.a.now + 1000 * ms);
    EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_SUCCESS);
    EXPECT_EQ(to.read(0, 1U << 17), pattern(1U << 17, 3));
}

TEST_P(RetryTest, NoTimeoutWaitsForEver) {
    Pair::connect(x, y, {.timeout = 0});
    pair.link.set_impairment(fabric::End::a, {.drop = 1});
    x.post(write(10));
    pair.run_until(pair.a.now + 100'000 * ms);
    EXPECT_EQ(pair.a.block.counters().timeouts, 0U);
    EXPECT_EQ(x.state(), hw::MO_QPS_RTS);
}

/// The engine had no processor for a while: what was on the way has not been lost.
TEST_P(RetryTest, StallsAreNotTimeouts) {
    Pair::connect(x, y, {.timeout = 10}); // 4.2 ms
    x.post(write(5000));
    (void)pair.a.poll();
    pair.set_time(pair.a.now + 50 * ms);
    pair.a.block.stalled(50 * ms);
    pair.b.block.stalled(50 * ms);
    pair.run();
    EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_SUCCESS);
    EXPECT_EQ(pair.a.block.counters().timeouts, 0U);
    EXPECT_EQ(pair.a.block.counters().retransmits, 0U);
    EXPECT_EQ(pair.a.block.counters().retransmits_spurious, 0U);
}

/// A peer that answers late makes repetitions that were not needed: they are counted.
TEST_P(RetryTest, SpuriousRepetitionsAreCounted) {
    Pair::connect(x, y, {.timeout = 8}); // 1 ms
    from.write(0, pattern(5000, 3));
    x.post(write(5000));
    (void)pair.a.poll();
    pair.set_time(pair.a.now + 2 * ms);
    (void)pair.a.poll(); // before the peer had its turn
    EXPECT_EQ(pair.a.block.counters().timeouts, 1U);
    pair.run();
    EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_SUCCESS);
    EXPECT_EQ(pair.a.block.counters().retransmits, 5U);
    EXPECT_EQ(pair.b.block.counters().rx_duplicate, 5U);
}

TEST_P(RetryTest, CongestionIsAnsweredAndPaced) {
    Pair::connect(x, y, {.traffic_class = 2}); // ECT(0)
    pair.link.set_impairment(fabric::End::a, {.ecn = 1});
    for (int i = 0; i < 10; ++i) {
        x.post(write(5000));
        pair.run();
        EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_SUCCESS);
    }
    EXPECT_EQ(pair.b.block.counters().rx_ecn_marked, 50U);
    EXPECT_EQ(pair.b.block.counters().tx_cnp, 1U); // all at one time
    EXPECT_EQ(pair.a.block.counters().rx_cnp, 1U);
    pair.set_time(pair.a.now + cnp_interval_ns);
    x.post(write(5000));
    pair.run();
    EXPECT_EQ(pair.a.block.counters().rx_cnp, 2U);
}

INSTANTIATE_TEST_SUITE_P(Modes, RetryTest, testing::Values(all_features, plain_features),
                         [](const auto& mode) {
                             return mode.param == all_features ? "shadow" : "mmio";
                         });

} // namespace
} // namespace mo::nic::rdma::test
