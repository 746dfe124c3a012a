// SPDX-License-Identifier: GPL-2.0-or-later
// Random traffic between two NICs, and at random points of it everything that a host, a driver or a
// cable may do: bus mastering off, function reset, memory taken back, queues destroyed, the link
// cut. After every step: only mapped memory was touched (GuestRam), what asks for a completion gets
// it once and in order, a queue stops once, and no call does more than it may.
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <memory>

#include "fabric/random.hpp"
#include "nic/eth/tests/harness.hpp"
#include "nic/tests/property.hpp"

namespace mo::nic::eth::test {
namespace {

using fabric::Random;

constexpr std::uint8_t ring_log = 5;

/// What host and test know of a queue.
struct Sender {
    explicit Sender(TestNic& nic) : tx(nic, ring_log) {}
    HostTx tx;
    std::deque<std::uint32_t> due; ///< indexes of completions that were asked for
    std::deque<std::uint32_t> bad; ///< of packets that the device has to refuse
    std::uint32_t retired = 0;
    bool failed = false; ///< it said so by a completion
    bool gone = false, blind = false;
};
struct Taker {
    Taker(TestNic& nic, std::uint32_t header) : rx(nic, ring_log, 2048, header) {}
    HostRx rx;
    std::uint32_t next = 0;
    bool gone = false;
};

class Episode {
  public:
    explicit Episode(std::uint64_t seed) : random_(seed), pair_(24U << 20) {
        for (TestNic* const nic : {&pair_.a, &pair_.b}) {
            nic->guard();
            open(*nic);
        }
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
    void open(TestNic& nic) {
        takers_.push_back(std::make_unique<Taker>(nic, random_.chance(0.3) ? 256 : 0));
        open_receiver(nic, takers_.back()->rx,
                      usual_offloads | (random_.chance(0.5) ? MO_OFFLOAD_RX_GRO : 0U));
        for (int i = 0; i < 2; ++i) {
            senders_.push_back(std::make_unique<Sender>(nic));
        }
    }
    Sender& any_sender() { return *senders_[random_.below(senders_.size())]; }
    Taker& any_taker() { return *takers_[random_.below(takers_.size())]; }
    TestNic& any_nic() { return random_.chance(0.5) ? pair_.a : pair_.b; }
    static bool reachable(const HostRing& ring) {
        const auto& config = ring.nic.cq_configs.at(ring.cq.object);
        return ring.nic.pieces.mapped(config.ring.base) && ring.nic.pieces.mapped(config.record);
    }
    static bool usable(const HostRing& ring) {
        return ring.nic.pieces.mapped(ring.body.ring) && ring.nic.pieces.mapped(ring.body.rec);
    }

    void step() {
        const auto dice = random_.below(1000);
        if (dice < 400) {
            send(any_sender());
        } else if (dice < 600) {
            Taker& taker = any_taker();
            if (!taker.gone && usable(taker.rx)) {
                const auto room = taker.rx.entries() - (taker.rx.tail - taker.next);
                taker.rx.post(static_cast<std::uint32_t>(random_.below(room + 1)));
            }
        } else if (dice < 900) {
            for (auto count = 1 + random_.below(10); count != 0; --count) {
                round(static_cast<unsigned>(1 + random_.below(64)));
            }
        } else if (dice < 930) {
            any_nic().map.set_bus_master(random_.chance(0.4));
        } else if (dice < 955) {
            TestNic& nic = any_nic();
            nic.gate.receive = random_.chance(0.6);
            nic.gate.transmit = random_.chance(0.6);
            nic.block.port_changed(0, nic.now);
        } else if (dice < 965) {
            TestNic& nic = any_nic();
            if (nic.working()) {
                nic.block.publish_events();
                (void)nic.block.work_arrived();
            }
            nic.end_round();
        } else if (dice < 985) {
            take_memory();
        } else if (dice < 992) {
            destroy();
        } else if (dice < 996) {
            reset(any_nic());
        } else {
            pair_.a.stopped = pair_.b.stopped = false;
            any_nic().stopped = random_.chance(0.3);
        }
    }
    void send(Sender& sender) {
        HostTx& tx = sender.tx;
        if (sender.gone || !usable(tx) || tx.tail - sender.retired > tx.entries() - 8) {
            return;
        }
        PacketSpec spec;
        spec.payload = random_.below(random_.chance(0.3) ? 20000 : 1400);
        spec.ipv6 = random_.chance(0.3);
        if (packet_size_ == 0 || random_.chance(0.2) || !tx.nic.pieces.mapped(place(tx.nic))) {
            store(tx.nic, make_packet(spec), spec);
        }
        const TestNic& nic = tx.nic;
        const bool b = &nic == &pair_.b;
        const PacketSpec& stored = specs_[b ? 1 : 0];
        TxOptions options =
            stored.payload > 1400 ? tso(stored, 500 + random_.below(900)) : TxOptions{};
        const bool asks = tx.tail % 4 == 0 || random_.chance(0.5);
        if (!asks) {
            options.flags &= ~std::uint32_t{MO_TXF_COMPLETE};
        }
        options.cuts = {60};
        const bool bad = random_.chance(0.01);
        if (bad) {
            options.csum_start = 9; // malformed with a checksum
            options.flags |= MO_TXF_CSUM;
        }
        tx.describe(place(nic), sizes_[b ? 1 : 0], options);
        if (bad) {
            sender.bad.push_back(tx.tail);
        }
        if (asks) {
            sender.due.push_back(tx.tail);
        }
        tx.ring();
    }
    [[nodiscard]] std::uint64_t place(const TestNic& nic) const {
        return places_[&nic == &pair_.b ? 1 : 0];
    }
    void store(TestNic& nic, const Packet& packet, const PacketSpec& spec) {
        const std::size_t which = &nic == &pair_.b ? 1 : 0;
        if (stores_[which] > 60) {
            return;
        }
        ++stores_[which];
        packet_size_ = packet.size();
        places_[which] = nic.put(packet);
        sizes_[which] = packet.size();
        specs_[which] = spec;
    }

    void round(unsigned budget) {
        for (TestNic* const nic : {&pair_.a, &pair_.b}) {
            const std::uint64_t sent = nic->nic_counters.tx_descriptors.value();
            const std::uint64_t faults = nic->map.counters().faults.value();
            (void)nic->block.poll(nic->now, budget);
            EXPECT_LE(nic->nic_counters.tx_descriptors.value() - sent,
                      std::uint64_t{budget} * (1 + MO_TX_MAX_SEGS));
            EXPECT_LE(nic->map.counters().faults.value() - faults, 16U);
        }
        pair_.link.advance(pair_.a.now);
        pair_.a.end_round();
        pair_.b.end_round();
    }
    void take_memory() {
        Sender& sender = any_sender();
        Taker& taker = any_taker();
        const auto& done = sender.tx.nic.cq_configs.at(sender.tx.cq.object);
        const auto& got = taker.rx.nic.cq_configs.at(taker.rx.cq.object);
        const bool sends = random_.chance(0.5);
        const std::array<std::uint64_t, 5> of_sender{sender.tx.body.ring, sender.tx.body.rec,
                                                     done.ring.base, done.record,
                                                     place(sender.tx.nic)};
        const std::array<std::uint64_t, 5> of_taker{taker.rx.body.ring, taker.rx.body.rec,
                                                    got.ring.base, got.record, taker.rx.buffer(0)};
        const std::uint64_t at = (sends ? of_sender : of_taker)[random_.below(5)];
        TestNic& nic = sends ? sender.tx.nic : taker.rx.nic;
        check();
        if (nic.pieces.mapped(at)) {
            if (sends && at != of_sender[4]) {
                sender.blind = true;
            }
            nic.unmap(at);
        }
    }
    void destroy() {
        check();
        if (random_.chance(0.5)) {
            Sender& sender = any_sender();
            if (!sender.gone) {
                sender.gone = true;
                EXPECT_EQ(sender.tx.destroy(), hw::MO_ST_OK);
            }
        } else if (Taker& taker = any_taker(); !taker.gone) {
            // It may be in use by the table of queues: then it stays.
            taker.gone = taker.rx.destroy() == hw::MO_ST_OK;
        }
    }
    void reset(TestNic& nic) {
        check();
        for (auto& sender : senders_) {
            sender->gone = sender->gone || &sender->tx.nic == &nic;
        }
        for (auto& taker : takers_) {
            taker->gone = taker->gone || &taker->rx.nic == &nic;
        }
        nic.map.set_bus_master(false);
        nic.reset();
        nic.map.set_bus_master(true);
        if (senders_.size() < 12) {
            open(nic);
        }
    }

    void drain(Sender& sender) {
        while (reachable(sender.tx)) {
            const auto cqe = sender.tx.cq.next();
            if (!cqe) {
                return;
            }
            ASSERT_FALSE(sender.gone) << "a completion of a queue that is gone";
            ASSERT_FALSE(sender.failed) << "a completion behind an error";
            if (cqe->type == MO_CQE_TX_ERROR) {
                sender.failed = true;
            } else if (cqe->type == MO_CQE_TX_REFUSED) {
                ASSERT_FALSE(sender.bad.empty());
                ASSERT_EQ(cqe->index, sender.bad.front());
                sender.bad.pop_front();
                if (!sender.due.empty() && sender.due.front() == cqe->index) {
                    sender.due.pop_front();
                }
            } else {
                ASSERT_EQ(cqe->type, MO_CQE_TX);
                ASSERT_FALSE(sender.due.empty());
                ASSERT_EQ(cqe->index, sender.due.front());
                sender.due.pop_front();
            }
            ASSERT_LE(cqe->index - sender.retired, sender.tx.tail - sender.retired);
            sender.retired = cqe->index;
        }
    }
    void drain(Taker& taker) {
        while (reachable(taker.rx)) {
            const auto cqe = taker.rx.cq.next();
            if (!cqe) {
                return;
            }
            ASSERT_FALSE(taker.gone) << "a packet of a queue that is gone";
            ASSERT_EQ(cqe->index, taker.next);
            ASSERT_NE(cqe->nseg, 0U);
            taker.next += cqe->nseg;
            ASSERT_LE(taker.next - cqe->index, taker.rx.tail - cqe->index);
        }
    }
    void check() {
        for (auto& sender : senders_) {
            drain(*sender);
        }
        for (auto& taker : takers_) {
            drain(*taker);
        }
        for (TestNic* const nic : {&pair_.a, &pair_.b}) {
            auto stopped = nic->errors;
            std::ranges::sort(stopped);
            ASSERT_EQ(
                std::ranges::adjacent_find(stopped, {}, [](const auto& e) { return e.first; }),
                stopped.end())
                << "a queue has stopped twice";
        }
    }
    /// Everything is as it should be again: what is left completes.
    void finish() {
        for (TestNic* const nic : {&pair_.a, &pair_.b}) {
            nic->gate.receive = nic->gate.transmit = true;
            nic->stopped = false;
            nic->map.set_bus_master(true);
        }
        for (int i = 0; i < 50; ++i) {
            round(64);
        }
        check();
        for (const auto& sender : senders_) {
            const auto& errors = sender->tx.nic.errors;
            const bool stopped = std::ranges::any_of(
                errors, [&](const auto& error) { return error.first == sender->tx.object; });
            if (!sender->gone && !sender->blind && !stopped) {
                ASSERT_TRUE(sender->due.empty()) << "queue " << sender->tx.object;
            }
        }
    }

    Random random_;
    TestPair pair_;
    std::vector<std::unique_ptr<Sender>> senders_;
    std::vector<std::unique_ptr<Taker>> takers_;
    std::array<std::uint64_t, 2> places_{};
    std::array<std::size_t, 2> sizes_{};
    std::array<PacketSpec, 2> specs_{};
    std::array<unsigned, 2> stores_{};
    std::size_t packet_size_ = 0;
};

TEST(Property, DatapathKeepsItsPromises) {
    constexpr unsigned points_of_episode = 250;
    const std::uint64_t points = nic::test::property_points(30'000);
    nic::test::Watchdog watchdog;
    for (std::uint64_t seed = 1; seed <= (points + points_of_episode - 1) / points_of_episode;
         ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        watchdog.feed(seed);
        Episode episode(seed);
        episode.run(points_of_episode);
        ASSERT_FALSE(testing::Test::HasFailure());
    }
}

} // namespace
} // namespace mo::nic::eth::test
