// SPDX-License-Identifier: GPL-2.0-or-later
// Kept frames: copied once, shared by all hops, never changed, their memory used again.
#include "fabric/shared_frame.hpp"

#include <array>
#include <deque>
#include <gtest/gtest.h>
#include <memory>
#include <utility>
#include <vector>

#include "fabric/link.hpp"
#include "fabric/tests/packets.hpp"

namespace mo::fabric {
namespace {

using namespace mo::test;

PacketSpec numbered(unsigned number) {
    PacketSpec spec;
    spec.sequence = number;
    spec.payload = 900;
    return spec;
}

TEST(SharedFrame, OutlivesItsSourceAndItsPool) {
    SharedFrame kept;
    const Packet expected = make_packet(numbered(3));
    {
        FramePool pool;
        const Packet gone = make_packet(numbered(3));
        kept = pool.keep(frame_of(gone));
    }
    ASSERT_TRUE(kept);
    EXPECT_EQ(bytes_of(kept.view()), expected);
}

TEST(SharedFrame, IsKeptAgainWithoutACopy) {
    FramePool first, second;
    const PacketSpec spec = numbered(1);
    const Packet packet = make_packet(spec);
    const SharedFrame a = first.keep(BurstOf(packet, spec, 400).frame);
    const SharedFrame b = second.keep(a.view());
    EXPECT_EQ(a.view().head.data(), b.view().head.data());
    EXPECT_EQ(b.view().wire_packets(), 3U);
    EXPECT_EQ(first.copies(), 1U);
    EXPECT_EQ(second.copies(), 0U);
}

TEST(SharedFrame, WhatWasMadeFromItIsAnotherFrame) {
    FramePool pool;
    const Packet packet = make_packet(numbered(1));
    const SharedFrame kept = pool.keep(frame_of(packet));
    Frame damaged = kept.view(); // with what says that it is kept
    damaged.bad_fcs = true;
    const SharedFrame other = pool.keep(damaged);
    EXPECT_TRUE(other.view().bad_fcs);
    EXPECT_FALSE(kept.view().bad_fcs);
    const SharedFrame changed =
        pool.keep_changed(kept.view(), [](OwnedFrame& copy) { copy.bytes()[20] ^= std::byte{1}; });
    EXPECT_EQ(bytes_of(kept.view()), packet);
    EXPECT_NE(bytes_of(changed.view()), packet);
}

TEST(SharedFrame, MemoryIsUsedAgainOnlyWhenNobodyKeepsIt) {
    FramePool pool;
    std::deque<std::pair<unsigned, SharedFrame>> kept;
    std::vector<const std::byte*> places;
    for (unsigned i = 0; i < 2000; ++i) {
        const Packet packet = make_packet(numbered(i));
        kept.emplace_back(i, pool.keep(frame_of(packet)));
        places.push_back(kept.back().second.view().head.data());
        if (kept.size() > 300) { // more than the pool has a place for
            // Not always the oldest one.
            const auto victim = kept.begin() + (i % 3 == 0 ? 7 : 0);
            ASSERT_EQ(bytes_of(victim->second.view()), make_packet(numbered(victim->first)));
            kept.erase(victim);
        }
    }
    for (const auto& [number, frame] : kept) {
        ASSERT_EQ(bytes_of(frame.view()), make_packet(numbered(number)));
    }
    std::ranges::sort(places);
    const auto again = std::ranges::unique(places);
    EXPECT_GT(again.size(), 500U) << "no memory is used again";
}

/// Passes what arrives on to another link at its next turn, as a switch does.
class Relay final : public Endpoint {
  public:
    explicit Relay(Link& next) : next_(next) {}
    void receive(const Frame& frame, std::uint64_t /*now_ns*/) override {
        waiting_.push_back(pool_.keep(frame));
    }
    void run(std::uint64_t now_ns) {
        for (; !waiting_.empty(); waiting_.pop_front()) {
            next_.send(End::a, waiting_.front().view(), now_ns);
        }
    }
    [[nodiscard]] std::uint64_t copies() const { return pool_.copies(); }

  private:
    Link& next_;
    FramePool pool_;
    std::deque<SharedFrame> waiting_;
};

class Last final : public Endpoint {
  public:
    void receive(const Frame& frame, std::uint64_t now_ns) override {
        arrived.push_back({now_ns, bytes_of(frame)});
    }
    std::vector<std::pair<std::uint64_t, Packet>> arrived;
};

TEST(SharedFrame, APathOfManyHopsCopiesOnce) {
    constexpr std::size_t hops = 4;
    constexpr unsigned frames = 50;
    std::array<std::unique_ptr<Link>, hops> links;
    for (auto& link : links) {
        link = std::make_unique<Link>("hop");
        link->set_delay(End::a, 1000);
    }
    std::vector<std::unique_ptr<Relay>> relays;
    for (std::size_t i = 1; i < hops; ++i) {
        relays.push_back(std::make_unique<Relay>(*links[i]));
        links[i - 1]->attach(End::b, relays.back().get());
    }
    Last last;
    links.back()->attach(End::b, &last);
    for (unsigned i = 0; i < frames; ++i) {
        const Packet packet = make_packet(numbered(i));
        links.front()->send(End::a, frame_of(packet), i);
    }
    for (std::uint64_t now_ns = 0; now_ns < 10'000; now_ns += 100) {
        for (std::size_t i = 0; i < hops; ++i) {
            links[i]->advance(now_ns);
            if (i < relays.size()) {
                relays[i]->run(now_ns);
            }
        }
    }
    ASSERT_EQ(last.arrived.size(), frames);
    for (unsigned i = 0; i < frames; ++i) {
        EXPECT_EQ(last.arrived[i].second, make_packet(numbered(i)));
    }
    EXPECT_EQ(links.front()->copies(), frames);
    for (std::size_t i = 1; i < hops; ++i) {
        EXPECT_EQ(links[i]->copies(), 0U) << "hop " << i;
        EXPECT_EQ(relays[i - 1]->copies(), 0U) << "relay " << i;
    }
    for (auto& link : links) {
        link->attach(End::b, nullptr);
    }
}

TEST(SharedFrame, DuplicatesShareTheirBytes) {
    Last sink;
    Link link("x");
    link.attach(End::b, &sink);
    link.set_delay(End::a, 1000);
    link.set_impairment(End::a, {.corrupt = 1, .duplicate = 1});
    const Packet packet = make_packet(numbered(1));
    link.send(End::a, frame_of(packet), 0);
    link.advance(1000);
    ASSERT_EQ(sink.arrived.size(), 2U);
    EXPECT_EQ(sink.arrived[0].second, sink.arrived[1].second);
    EXPECT_EQ(link.copies(), 1U);
    link.attach(End::b, nullptr);
}

} // namespace
} // namespace mo::fabric
