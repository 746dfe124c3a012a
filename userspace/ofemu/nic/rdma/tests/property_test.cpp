// SPDX-License-Identifier: GPL-2.0-or-later
// Random traffic between two NICs, and at random points of it everything that a host, a driver or a
// cable may do: bus mastering off, function reset, memory taken back, objects destroyed, the link
// cut. After every step: only mapped memory was touched (GuestRam), every work request completes
// once and in order, no call does more than it may, and nobody who could go on stands still.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "fabric/random.hpp"
#include "nic/rdma/tests/harness.hpp"
#include "nic/tests/property.hpp"

namespace mo::nic::rdma::test {
namespace {

using fabric::Random;

constexpr std::uint8_t queue_log = 4;
constexpr std::uint32_t queue_entries = 1U << queue_log;
constexpr std::uint32_t region_bytes = 1U << 16;
constexpr unsigned standstill_limit = 96; ///< rounds; 8 QPs with one packet a round take 16

const QpOptions rc_options{
    .sq_log = queue_log, .sq_stride_log = 7, .rq_log = queue_log, .rq_stride_log = 7, .cq_log = 6};

QpOptions ud_options() {
    QpOptions options = rc_options;
    options.type = hw::MO_QPT_UD;
    return options;
}

/// What the host knows of a queue: its entries complete in order, each once.
struct Ledger {
    std::uint32_t next = 0; ///< index that completes next
    std::array<bool, 64> signaled{};

    void post(std::uint32_t index, bool with_completion) {
        signaled[index % signaled.size()] = with_completion;
    }
    /// An entry has completed; false: it may not have.
    [[nodiscard]] bool complete(std::uint32_t index, std::uint32_t tail) {
        if (index - next >= tail - next) {
            return false;
        }
        for (; next != index; ++next) {
            if (signaled[next % signaled.size()]) {
                return false;
            }
        }
        ++next;
        return true;
    }
    /// All that has to complete has.
    [[nodiscard]] bool settled(std::uint32_t tail) const {
        for (std::uint32_t index = next; index != tail; ++index) {
            if (signaled[index % signaled.size()]) {
                return false;
            }
        }
        return true;
    }
};

/// A queue pair of a host, and how it fares.
struct Owner {
    Owner(TestNic& owner, const QpOptions& options, std::uint32_t number)
        : nic(owner), qp(owner, options), region(owner, region_bytes, {.iova = 0x10000U * number}) {
    }

    [[nodiscard]] bool reachable(const HostCq& cq) const {
        const auto& config = nic.cq_configs.at(cq.object);
        return nic.pieces.mapped(config.ring.base) && nic.pieces.mapped(config.record);
    }
    /// The host can post, and the device can see it.
    [[nodiscard]] bool usable() const {
        return !gone && nic.pieces.mapped(qp.rings()) && nic.pieces.mapped(qp.body.rec);
    }

    TestNic& nic;
    HostQp qp;
    Region region;
    Owner* peer = nullptr;
    const Qp* device = nullptr; ///< the device's side, until it is gone
    Ledger send, receive;
    bool gone = false;  ///< destroyed or reset: nothing completes any more
    bool blind = false; ///< memory of its queues was taken: some of it may not complete
    bool region_gone = false;
    // Standing still.
    std::uint32_t psn = 0, begun = 0, head = 0;
    unsigned rounds = 0;
};

class Episode {
  public:
    Episode(std::uint64_t seed, std::uint64_t features)
        : random_(seed), pair_(features, 16U << 20) {
        for (TestNic* const nic : {&pair_.a, &pair_.b}) {
            nic->guard();
        }
        for (int i = 0; i < 3; ++i) {
            connect(pair_.a, pair_.b);
        }
        connect(pair_.a, pair_.a);
        datagrams();
    }

    void run(unsigned points) {
        for (unsigned i = 0; i < points && !testing::Test::HasFatalFailure(); ++i) {
            step();
            check();
        }
        if (!testing::Test::HasFatalFailure()) {
            finish();
        }
    }

  private:
    static constexpr std::uint64_t us = 1000;

    void connect(TestNic& one, TestNic& other) {
        constexpr std::array<std::uint16_t, 3> mtus{256, 512, 1024};
        const Connection connection{.mtu = mtus[random_.below(mtus.size())],
                                    .timeout = 8,
                                    .retry_cnt = 7,
                                    .min_rnr_timer = 1,
                                    .rd_atomic = static_cast<std::uint8_t>(1 + random_.below(4)),
                                    .sq_psn = static_cast<std::uint32_t>(random_.below(1U << 24))};
        add(one, rc_options);
        add(other, rc_options);
        Owner& x = *owners_[owners_.size() - 2];
        Owner& y = *owners_.back();
        x.peer = &y;
        y.peer = &x;
        Pair::connect(x.qp, y.qp, connection);
    }
    void datagrams() {
        add(pair_.a, ud_options());
        add(pair_.b, ud_options());
        Owner& x = *owners_[owners_.size() - 2];
        Owner& y = *owners_.back();
        x.peer = &y;
        y.peer = &x;
        const Connection connection{.qkey = 0x1234};
        for (Owner* const owner : {&x, &y}) {
            ASSERT_EQ(owner->qp.to_init(connection), hw::MO_ST_OK);
            ASSERT_EQ(owner->qp.to_rtr(connection, {}, 0, 0), hw::MO_ST_OK);
            ASSERT_EQ(owner->qp.to_rts(connection), hw::MO_ST_OK);
        }
    }
    void add(TestNic& nic, const QpOptions& options) {
        const auto number = static_cast<std::uint32_t>(owners_.size() + 1);
        owners_.push_back(std::make_unique<Owner>(nic, options, number));
        ASSERT_EQ(owners_.back()->qp.status, hw::MO_ST_OK);
        ASSERT_EQ(owners_.back()->region.status, hw::MO_ST_OK);
        owners_.back()->device = find(*owners_.back());
    }
    Owner& any() { return *owners_[random_.below(owners_.size())]; }
    TestNic& any_nic() { return random_.chance(0.5) ? pair_.a : pair_.b; }

    void step() {
        const auto dice = random_.below(1000);
        if (dice < 420) {
            post_send(any());
        } else if (dice < 640) {
            post_receive(any());
        } else if (dice < 900) {
            work();
        } else if (dice < 930) {
            pass(random_.below(3000) * us);
        } else if (dice < 950) {
            TestNic& nic = any_nic();
            nic.map.set_bus_master(random_.chance(0.4));
        } else if (dice < 970) {
            cut(random_.chance(0.4));
        } else if (dice < 980) {
            sleep(any_nic());
        } else if (dice < 988) {
            take_memory(any());
        } else if (dice < 992) {
            destroy(any());
        } else if (dice < 995) {
            destroy_region(any());
        } else if (dice < 998) {
            fail(any());
        } else {
            reset(any_nic());
        }
    }

    void post_send(Owner& owner) {
        HostQp& qp = owner.qp;
        if (!owner.usable() || qp.tail - owner.send.next >= queue_entries || owner.region_gone ||
            owner.peer->region_gone) {
            return;
        }
        const bool flood = random_.chance(0.15);
        const auto length = static_cast<std::uint32_t>(flood                 ? region_bytes
                                                       : random_.chance(0.5) ? random_.below(300)
                                                                             : random_.below(6000));
        const auto place = static_cast<std::uint32_t>(random_.below(region_bytes - length + 1));
        SendWr wr{.flags = 0,
                  .sges = {{owner.region.iova(place), length, owner.region.key}},
                  .remote_address = owner.peer->region.iova(place),
                  .rkey = owner.peer->region.key};
        const bool signaled = qp.tail % 4 == 3 || random_.chance(0.7);
        wr.flags = signaled ? MO_WQEF_SIGNALED : 0;
        if (owner.qp.body.type == hw::MO_QPT_UD) {
            wr.sges[0].length = std::min(length, 1024U);
            wr.ud.av = Pair::av_to(owner.peer->nic, index_ipv4);
            wr.ud.dest_qp = owner.peer->qp.number;
            wr.ud.qkey = 0x1234;
        } else {
            choose(wr, owner, flood);
        }
        owner.send.post(qp.tail, signaled);
        qp.post(wr);
    }
    void choose(SendWr& wr, const Owner& owner, bool flood) {
        constexpr std::array kinds{hw::MO_WR_WRITE,    hw::MO_WR_READ,      hw::MO_WR_SEND,
                                   hw::MO_WR_SEND_IMM, hw::MO_WR_WRITE_IMM, hw::MO_WR_FETCH_ADD,
                                   hw::MO_WR_CMP_SWAP, hw::MO_WR_NOP};
        wr.opcode = flood ? hw::MO_WR_READ : kinds[random_.below(kinds.size())];
        if (random_.chance(0.003)) {
            wr.rkey ^= 1U; // refused
        }
        if (random_.chance(0.1)) {
            wr.flags |= MO_WQEF_FENCE;
        }
        if (is_atomic(wr.opcode)) {
            const std::uint64_t at = owner.peer->region.iova();
            wr.remote_address = at + random_.below(100) * 8;
            wr.sges[0].length = 8;
            wr.sges[0].address = owner.region.iova();
        } else if (wr.opcode == hw::MO_WR_NOP) {
            wr.sges.clear();
            wr.flags &= static_cast<std::uint8_t>(~unsigned{MO_WQEF_FENCE});
        }
    }
    void post_receive(Owner& owner) {
        HostQp& qp = owner.qp;
        for (auto count = random_.below(8); count != 0 && owner.usable() && !owner.region_gone &&
                                            qp.rq_tail - owner.receive.next < queue_entries;
             --count) {
            owner.receive.post(qp.rq_tail, true);
            qp.post_receive({{owner.region.iova(), region_bytes, owner.region.key}});
        }
    }

    /// Rounds of the engine.
    void work() {
        const auto budget = static_cast<unsigned>(random_.chance(0.3)   ? 1
                                                  : random_.chance(0.5) ? 1 + random_.below(8)
                                                                        : 64);
        for (auto count = 1 + random_.below(30); count != 0; --count) {
            round(budget);
        }
    }
    bool round(unsigned budget) {
        bool worked = false;
        for (TestNic* const nic : {&pair_.a, &pair_.b}) {
            const auto& counters = nic->block.counters();
            const std::uint64_t sent = counters.tx_packets;
            const std::uint64_t completed = nic->nic_counters.completions.value();
            const std::uint64_t faults = nic->map.counters().faults.value();
            worked = nic->block.poll(nic->now, budget) || worked;
            EXPECT_LE(counters.tx_packets - sent, budget);
            EXPECT_LE(nic->nic_counters.completions.value() - completed, 64U + 16U * budget);
            EXPECT_LE(nic->map.counters().faults.value() - faults, 32U + budget);
            if (nic->map.bus_master()) {
                watch(*nic);
            }
        }
        pair_.link.advance(pair_.a.now);
        pair_.a.end_round();
        pair_.b.end_round();
        return worked;
    }
    /// Who can send does, sooner or later, whatever others ask for.
    void watch(const TestNic& nic) {
        for (auto& owner : owners_) {
            if (&owner->nic != &nic || owner->gone) {
                continue;
            }
            const Qp* const qp = owner->device;
            const SendState& send = qp->send;
            const bool same = send.cursor_psn == owner->psn && send.begun == owner->begun &&
                              qp->sq.head() == owner->head;
            owner->psn = send.cursor_psn;
            owner->begun = send.begun;
            owner->head = qp->sq.head();
            owner->rounds = same && could_send(*qp, nic.now) ? owner->rounds + 1 : 0;
            ASSERT_LT(owner->rounds, standstill_limit)
                << "QP " << qp->number() << " could send and does not";
            // Nobody else would remind the scheduler.
            ASSERT_TRUE(qp->ready() || !(could_send(*qp, nic.now) || Responder::ready(*qp)))
                << "QP " << qp->number() << " has something to do, and no turn";
        }
    }
    static bool could_send(const Qp& qp, std::uint64_t now) {
        const SendState& send = qp.send;
        if (qp.state != hw::MO_QPS_RTS || now < send.rnr_until_ns) {
            return false;
        }
        if (!qp.policy.acknowledged) {
            return qp.sq.posted() != 0;
        }
        if (send.in_flight() >= SendState::window) {
            return false;
        }
        if (send.cursor != send.begun) {
            return send.record(send.cursor).status == hw::MO_WC_SUCCESS;
        }
        return !send.stopped && !send.blocked && send.begun != qp.sq.tail();
    }
    static const Qp* find(const Owner& owner) {
        const Qp* found = nullptr;
        owner.nic.block.for_each_qp(
            [&](const Qp& qp) { found = qp.number() == owner.qp.number ? &qp : found; });
        return found;
    }
    /// Time goes on, from deadline to deadline.
    void pass(std::uint64_t span) {
        const std::uint64_t end = pair_.a.now + span;
        for (unsigned i = 0; i < 40; ++i) {
            const std::uint64_t next = pair_.next_deadline();
            if (next >= end) {
                break;
            }
            pair_.set_time(std::max(next, pair_.a.now));
            round(64);
        }
        pair_.set_time(end);
        round(64);
    }
    void cut(bool open) {
        for (TestNic* const nic : {&pair_.a, &pair_.b}) {
            nic->gate.transmit = nic->gate.receive = open;
            nic->block.port_changed(0, nic->now);
        }
    }
    void sleep(TestNic& nic) {
        if (nic.working()) {
            nic.block.publish_events();
            (void)nic.block.work_arrived();
        }
        nic.end_round();
    }

    void take_memory(Owner& owner) {
        const auto& send = owner.nic.cq_configs.at(owner.qp.send_cq.object);
        const auto& receive = owner.nic.cq_configs.at(owner.qp.recv_cq.object);
        const std::array<std::uint64_t, 8> places{
            owner.region.pages().back(), owner.region.pages().back(),
            owner.region.pages().back(), owner.qp.rings(),
            owner.qp.body.rec,           send.ring.base,
            receive.ring.base,           random_.chance(0.5) ? send.record : receive.record};
        const std::uint64_t place = places[random_.below(places.size())];
        if (!owner.nic.pieces.mapped(place)) {
            return;
        }
        drain(owner);
        if (place == owner.region.pages().back()) {
            owner.region_gone = true;
        } else {
            owner.blind = true;
        }
        owner.nic.unmap(place);
    }
    void destroy(Owner& owner) {
        if (!owner.gone) {
            drain(owner);
            owner.gone = true;
            EXPECT_EQ(owner.qp.destroy(), hw::MO_ST_OK);
        }
    }
    void destroy_region(Owner& owner) {
        if (!owner.gone && !owner.region_gone) {
            owner.region_gone = true;
            EXPECT_EQ(owner.region.destroy(), hw::MO_ST_OK);
        }
    }
    void fail(Owner& owner) {
        if (!owner.gone && owner.nic.map.bus_master()) {
            EXPECT_EQ(owner.qp.to(hw::MO_QPS_ERR), hw::MO_ST_OK);
        }
    }
    void reset(TestNic& nic) {
        for (auto& owner : owners_) {
            if (&owner->nic == &nic) {
                drain(*owner);
                owner->gone = owner->region_gone = true;
            }
        }
        nic.map.set_bus_master(false);
        nic.reset();
        nic.map.set_bus_master(true);
        const auto last = nic.address[5];
        ASSERT_EQ(nic.set_gid(index_ipv4, ipv4_gid(last)), hw::MO_ST_OK);
        if (pair_.a.map.bus_master() && pair_.b.map.bus_master() && owners_.size() < 24) {
            connect(pair_.a, pair_.b);
        }
    }

    /// Takes completions: each is of the entry whose turn it is.
    void drain(Owner& owner) {
        HostQp& qp = owner.qp;
        while (owner.reachable(qp.send_cq)) {
            const auto cqe = qp.send_cq.next();
            if (!cqe) {
                break;
            }
            ASSERT_FALSE(owner.gone) << "a completion of a QP that is gone";
            ASSERT_EQ(cqe->qp, qp.number);
            ASSERT_TRUE(owner.send.complete(cqe->index, qp.tail))
                << "entry " << cqe->index << " completed out of turn";
        }
        while (owner.reachable(qp.recv_cq)) {
            const auto cqe = qp.recv_cq.next();
            if (!cqe) {
                break;
            }
            ASSERT_FALSE(owner.gone) << "a completion of a QP that is gone";
            ASSERT_TRUE(owner.receive.complete(cqe->index, qp.rq_tail));
        }
    }
    void check() {
        for (auto& owner : owners_) {
            drain(*owner);
        }
        for (TestNic* const nic : {&pair_.a, &pair_.b}) {
            for (std::size_t i = 0; i < nic->events.size(); ++i) {
                const auto& event = nic->events[i];
                if (event.type == hw::MO_EVENT_QP_ERROR) {
                    ASSERT_EQ(nic->events_of(hw::MO_EVENT_QP_ERROR, event.object), 1U);
                }
            }
        }
    }

    /// Everything is as it should be again; what is left ends, and has completed.
    void finish() {
        cut(true);
        pair_.a.map.set_bus_master(true);
        pair_.b.map.set_bus_master(true);
        for (unsigned i = 0; i < 20 && !testing::Test::HasFatalFailure(); ++i) {
            pass(100 * us);
            check();
        }
        for (auto& owner : owners_) {
            fail(*owner);
        }
        unsigned rounds = 0;
        while (round(64) && ++rounds < 1000) {
            check();
        }
        ASSERT_LT(rounds, 1000U) << "errors do not come to an end";
        check();
        for (const auto& owner : owners_) {
            if (!owner->gone && !owner->blind) {
                ASSERT_TRUE(owner->send.settled(owner->qp.tail)) << "QP " << owner->qp.number;
                ASSERT_TRUE(owner->receive.settled(owner->qp.rq_tail)) << "QP " << owner->qp.number;
            }
        }
    }

    Random random_;
    Pair pair_;
    std::vector<std::unique_ptr<Owner>> owners_;
};

TEST(Property, TransportKeepsItsPromises) {
    constexpr unsigned points_of_episode = 250;
    const std::uint64_t points = nic::test::property_points(70'000);
    nic::test::Watchdog watchdog;
    for (std::uint64_t seed = 1; seed <= (points + points_of_episode - 1) / points_of_episode;
         ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        watchdog.feed(seed);
        Episode episode(seed, seed % 4 == 0 ? plain_features : all_features);
        episode.run(points_of_episode);
        ASSERT_FALSE(testing::Test::HasFailure());
    }
}

} // namespace
} // namespace mo::nic::rdma::test
