// SPDX-License-Identifier: GPL-2.0-or-later
// Who shares a queue pair or a NIC gets his turn, whatever the others ask for.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "nic/rdma/tests/harness.hpp"

namespace mo::nic::rdma::test {
namespace {

/// A flood of READs in one direction, and everything else.
class FairnessTest : public testing::Test {
  protected:
    static constexpr std::uint32_t big = 1U << 20;

    /// `reader` keeps 16 READs of 1 MiB outstanding until `done`. Returns the rounds.
    template <typename Done>
    unsigned flood_until(HostQp& reader, Region& into, Region& from, unsigned limit, Done&& done) {
        std::uint32_t completed = 0;
        unsigned rounds = 0;
        for (; rounds < limit && !done(); ++rounds) {
            while (reader.tail - completed < 16) {
                reader.post({.opcode = hw::MO_WR_READ,
                             .sges = {{into.iova(), big, into.key}},
                             .remote_address = from.iova(),
                             .rkey = from.key});
            }
            (void)pair.round();
            while (const auto cqe = reader.send_cq.next()) {
                EXPECT_EQ(cqe->status, hw::MO_WC_SUCCESS);
                ++completed;
            }
        }
        return rounds;
    }

    Pair pair{all_features, 64U << 20};
    HostQp x{pair.a}, y{pair.b};
    Region at_a{pair.a, big, {.iova = 0x10000}};
    Region at_b{pair.b, big, {.iova = 0x20000}};
};

/// Alone a WRITE of 64 KiB takes two rounds; it has half of the QP now.
TEST_F(FairnessTest, ReadsOfThePeerDoNotStarveOwnRequests) {
    Pair::connect(x, y, {.timeout = 14});
    bool written = false;
    for (int i = 0; i < 10; ++i) {
        x.post({.opcode = hw::MO_WR_WRITE,
                .sges = {{at_a.iova(), 1U << 16, at_a.key}},
                .remote_address = at_b.iova(),
                .rkey = at_b.key});
    }
    unsigned count = 0;
    const unsigned rounds = flood_until(y, at_b, at_a, 200, [&] {
        while (const auto cqe = x.send_cq.next()) {
            EXPECT_EQ(cqe->status, hw::MO_WC_SUCCESS);
            ++count;
        }
        written = count == 10;
        return written;
    });
    EXPECT_TRUE(written) << count;
    EXPECT_LT(rounds, 60U);
}

/// A process with many busy queue pairs leaves others their turns: each round is worth 64 packets.
TEST_F(FairnessTest, ManyBusyQpsOfOneProcessAreOneParty) {
    constexpr unsigned many = 300;
    std::vector<std::unique_ptr<HostQp>> busy;
    for (unsigned i = 0; i < many; ++i) {
        busy.push_back(std::make_unique<HostQp>(pair.a, QpOptions{.db_page = 5}));
        Pair::connect(*busy.back(), *busy.back());
        busy.back()->post({.opcode = hw::MO_WR_WRITE,
                           .sges = {{at_a.iova(), big, at_a.key}},
                           .remote_address = at_a.iova(),
                           .rkey = at_a.key});
    }
    HostQp other(pair.a, {.db_page = 6});
    Pair::connect(other, other);
    for (int i = 0; i < 20; ++i) {
        (void)pair.a.poll(64);
    }
    for (int i = 0; i < 20; ++i) {
        other.post({.opcode = hw::MO_WR_WRITE,
                    .sges = {{at_a.iova(), 8, at_a.key}},
                    .remote_address = at_a.iova(),
                    .rkey = at_a.key});
        unsigned rounds = 0;
        std::optional<hw::mo_rdma_cqe> cqe;
        while (rounds < 20 && !cqe) {
            (void)pair.a.poll(64);
            cqe = other.send_cq.next();
            ++rounds;
        }
        ASSERT_TRUE(cqe);
        ASSERT_LE(rounds, 3U); // request, answer
    }
}

/// A turn of a single packet goes to each direction in turn.
TEST_F(FairnessTest, SmallBudgetsAreShared) {
    Pair::connect(x, y, {.timeout = 20});
    y.post({.opcode = hw::MO_WR_READ,
            .sges = {{at_b.iova(), big, at_b.key}},
            .remote_address = at_a.iova(),
            .rkey = at_a.key});
    (void)pair.round();
    x.post({.opcode = hw::MO_WR_WRITE,
            .sges = {{at_a.iova(), 20 * 1024, at_a.key}},
            .remote_address = at_b.iova(),
            .rkey = at_b.key});
    unsigned rounds = 0;
    std::optional<hw::mo_rdma_cqe> cqe;
    for (; rounds < 100 && !cqe; ++rounds) {
        (void)pair.round(1);
        cqe = x.send_cq.next();
    }
    EXPECT_TRUE(cqe) << rounds;
    EXPECT_FALSE(y.send_cq.next()); // the READ is under way still
}

TEST_F(FairnessTest, ReadsDoNotStarveOtherQps) {
    Pair::connect(x, y);
    HostQp other_a(pair.a), other_b(pair.b);
    Pair::connect(other_a, other_b);
    HostQp ud_a(pair.a, {.type = hw::MO_QPT_UD});
    const Connection connection;
    ASSERT_EQ(ud_a.to_init(connection), hw::MO_ST_OK);
    ASSERT_EQ(ud_a.to_rtr(connection, {}, 0, 0), hw::MO_ST_OK);
    ASSERT_EQ(ud_a.to_rts(connection), hw::MO_ST_OK);
    unsigned messages = 0, datagrams = 0;
    (void)flood_until(y, at_b, at_a, 300, [&] {
        if (other_a.tail - messages < 2) {
            other_a.post({.opcode = hw::MO_WR_WRITE,
                          .sges = {{at_a.iova(), 4096, at_a.key}},
                          .remote_address = at_b.iova(),
                          .rkey = at_b.key});
        }
        if (ud_a.tail - datagrams < 2) {
            SendWr wr{.sges = {{at_a.iova(), 64, at_a.key}}};
            wr.ud.av = Pair::av_to(pair.b, index_ipv4);
            wr.ud.dest_qp = 99;
            ud_a.post(wr);
        }
        messages += other_a.send_cq.next() ? 1U : 0U;
        datagrams += ud_a.send_cq.next() ? 1U : 0U;
        return false;
    });
    EXPECT_GT(messages, 90U);
    EXPECT_GT(datagrams, 250U);
}

/// Who comes and goes does not take the turn of those behind him.
TEST_F(FairnessTest, EveryQpHasItsTurn) {
    TestNic& nic = pair.a;
    std::vector<std::unique_ptr<HostQp>> senders, receivers;
    for (int i = 0; i < 9; ++i) {
        senders.push_back(std::make_unique<HostQp>(nic, QpOptions{.sq_log = 6, .rq_log = 0}));
        receivers.push_back(std::make_unique<HostQp>(pair.b, QpOptions{.sq_log = 0, .rq_log = 0}));
        Pair::connect(*senders.back(), *receivers.back());
    }
    std::vector<unsigned> sent(senders.size());
    for (unsigned round = 0; round < 400; ++round) {
        for (std::size_t i = 0; i < senders.size(); ++i) {
            HostQp& qp = *senders[i];
            // Every third one has a single message now and then, the others always more.
            if (qp.tail - sent[i] < (i % 3 == 0 ? 1U : 4U)) {
                qp.post({.opcode = hw::MO_WR_WRITE,
                         .sges = {{at_a.iova(), 32 * 1024, at_a.key}},
                         .remote_address = at_b.iova(),
                         .rkey = at_b.key});
            }
            while (qp.send_cq.next()) {
                ++sent[i];
            }
        }
        (void)pair.round(16);
    }
    const auto [least, most] = std::ranges::minmax(sent);
    EXPECT_GT(least, 10U);
    EXPECT_LE(most, 2 * least + 2);
}

} // namespace
} // namespace mo::nic::rdma::test
