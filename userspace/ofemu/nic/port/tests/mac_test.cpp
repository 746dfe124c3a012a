// SPDX-License-Identifier: GPL-2.0-or-later
// Mac: which datapath gets a frame, checks and counters for both, loopback, gates.
#include <gtest/gtest.h>
#include <stdexcept>

#include "fabric/tests/roce_packets.hpp"
#include "nic/port/mac.hpp"

namespace mo::nic {
namespace {

using namespace mo::test;

/// A NIC of which the MAC sees the port's gate only.
class GateEnv final : public QueueEnv {
  public:
    const PortState& port(std::uint8_t number) const override {
        EXPECT_EQ(number, 3);
        return gate;
    }
    PortState gate{{.receive = true, .transmit = true}, {}, 800000};

    DmaAccess& dma() override { throw std::logic_error("asked for DMA"); }
    CompletionQueue* cq(std::uint32_t /*object*/) override { return nullptr; }
    std::optional<std::uint32_t> create_object(hw::mo_doorbell /*doorbell*/,
                                               std::uint32_t /*db_page*/) override {
        return std::nullopt;
    }
    void destroy_object(std::uint32_t /*object*/) override {}
    std::uint32_t db_pages() const override { return 0; }
    void queue_error(std::uint32_t /*object*/, std::uint8_t /*port*/,
                     hw::mo_queue_error /*why*/) override {}
    void async_event(const hw::mo_eqe& /*event*/) override {}
    void dma_fault(std::uint32_t /*object*/, const pcie::DmaFault& /*fault*/) override {}
    std::uint64_t features() const override { return 0; }
    bool working() override { return true; }
    NicCounters& counters() override { throw std::logic_error("asked for counters"); }
};

class Ethernet final : public Mac::Client {
  public:
    void receive(const fabric::Frame& frame, std::uint64_t /*now_ns*/) override {
        bursts += frame.is_burst() ? 1U : 0U;
        got.push_back(bytes_of(frame));
    }
    std::vector<Packet> got;
    unsigned bursts = 0;
};

class Roce final : public RoceEndpoint {
  public:
    bool listening() const noexcept override { return on; }
    bool claims(const RoceDestination& to) const noexcept override {
        ++asked;
        last = to;
        return to.dgid == own && to.vlan == vlan && (!vlan || (to.vlan_tci & 0xfffU) == vlan_id);
    }
    void receive(const fabric::Frame& frame, std::uint64_t /*now_ns*/) override {
        got.push_back(bytes_of(frame));
        pending += frame.icrc ? 1U : 0U;
    }
    bool on = true;
    Gid own;
    bool vlan = false;
    unsigned vlan_id = 0;
    mutable unsigned asked = 0;
    mutable RoceDestination last;
    std::vector<Packet> got;
    unsigned pending = 0;
};

Gid gid_of(bool ipv6, std::uint32_t address) {
    const Packet bytes =
        from_hex(ipv6 ? "fd000000000000000000000000000000" : "00000000000000000000ffff00000000");
    Gid gid;
    std::ranges::copy(bytes, gid.bytes.begin());
    for (unsigned i = 0; i < 4; ++i) {
        gid.bytes[12 + i] = static_cast<std::byte>(address >> (24 - 8 * i));
    }
    return gid;
}

PacketSpec roce_spec(bool ipv6 = false) {
    PacketSpec spec;
    spec.ipv6 = ipv6;
    spec.udp = true;
    spec.destination_port = 4791;
    return spec;
}

struct MacTest : ::testing::Test {
    MacTest() {
        mac.attach_ethernet(&ethernet);
        mac.attach_roce(&roce);
        mac.config.receive = true;
        roce.own = gid_of(false, PacketSpec{}.destination_ip);
    }
    void receive(const Packet& packet) { mac.receive(frame_of(packet), 0); }
    /// Frames of the transport and of ethernet since the last call.
    std::pair<std::size_t, std::size_t> taken() {
        const std::pair out(roce.got.size(), ethernet.got.size());
        roce.got.clear();
        ethernet.got.clear();
        return out;
    }
    static constexpr std::pair<std::size_t, std::size_t> to_roce{1, 0}, to_ethernet{0, 1},
        to_nobody{0, 0};

    GateEnv env;
    Ethernet ethernet;
    Roce roce;
    Mac mac{env, 3};
};

TEST_F(MacTest, ClaimedFramesGoToTheTransport) {
    for (const bool ipv6 : {false, true}) {
        PacketSpec spec = roce_spec(ipv6);
        roce.own = gid_of(ipv6, spec.destination_ip);
        const Packet packet = make_packet(spec);
        receive(packet);
        ASSERT_EQ(roce.got.size(), 1U);
        EXPECT_EQ(roce.got[0], packet);
        EXPECT_EQ(taken(), to_roce);
        EXPECT_TRUE(std::ranges::equal(roce.last.dmac, from_hex("020000000002")));
        EXPECT_FALSE(roce.last.vlan);

        spec.destination_ip = 0x0a000063; // somebody else's
        receive(make_packet(spec));
        EXPECT_EQ(taken(), to_ethernet);
        spec = roce_spec(ipv6);
        spec.destination_port = 4792;
        receive(make_packet(spec));
        EXPECT_EQ(taken(), to_ethernet);
        spec.destination_port = 4791;
        spec.udp = false;
        receive(make_packet(spec));
        EXPECT_EQ(taken(), to_ethernet);
    }
}

TEST_F(MacTest, TheTagIsPartOfTheDestination) {
    PacketSpec spec = roce_spec();
    spec.vlan = 0x6064;
    receive(make_packet(spec));
    EXPECT_EQ(taken(), to_ethernet) << "the untagged address is another one";
    EXPECT_TRUE(roce.last.vlan);
    EXPECT_EQ(roce.last.vlan_tci, 0x6064);
    roce.vlan = true;
    roce.vlan_id = 0x64;
    receive(make_packet(spec));
    EXPECT_EQ(taken(), to_roce);
    receive(make_packet(roce_spec()));
    EXPECT_EQ(taken(), to_ethernet);
    Packet two_tags = make_packet(spec);
    const Packet outer = from_hex("88a80001");
    two_tags.insert(two_tags.begin() + 12, outer.begin(), outer.end());
    const unsigned asked = roce.asked;
    receive(two_tags);
    EXPECT_EQ(taken(), to_ethernet);
    EXPECT_EQ(roce.asked, asked);
}

TEST_F(MacTest, WithoutListenersEverythingIsEthernet) {
    const Packet packet = make_packet(roce_spec());
    roce.on = false;
    receive(packet);
    EXPECT_EQ(taken(), to_ethernet);
    EXPECT_EQ(roce.asked, 0U);
    mac.attach_roce(nullptr);
    receive(packet);
    EXPECT_EQ(taken(), to_ethernet);
}

TEST_F(MacTest, FragmentsAndTruncatedHeadersAreEthernet) {
    Packet fragment = make_packet(roce_spec());
    set16(fragment, 20, 0x2000);
    receive(fragment);
    EXPECT_EQ(taken(), to_ethernet);
    for (const bool ipv6 : {false, true}) {
        PacketSpec spec = roce_spec(ipv6);
        spec.vlan = 5;
        const Packet whole = make_packet(spec);
        for (std::size_t size = 0; size < whole.size(); ++size) {
            const Packet exact(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
            RoceDestination to;
            const std::size_t ports = offsets_of(spec).l4 + 4;
            EXPECT_EQ(roce_destination(exact, to), size >= ports) << size;
        }
    }
    Packet options = make_packet(roce_spec());
    options[14] = std::byte{0x4f}; // the ports lie further behind now
    RoceDestination to;
    EXPECT_FALSE(roce_destination(options, to));
}

TEST_F(MacTest, CountsBothDatapaths) {
    PacketSpec spec = roce_spec();
    spec.payload = 500;
    const Packet roce_frame = make_packet(spec);
    receive(roce_frame);
    EXPECT_EQ(taken(), to_roce);
    EXPECT_EQ(mac.counters.rx_frames, 1U);
    EXPECT_EQ(mac.counters.rx_octets, roce_frame.size() + 4);
    EXPECT_EQ(mac.counters.rx_unicast, 1U);
    EXPECT_EQ(mac.counters.rx_512_1023, 1U);
    receive(sized_packet(10));
    EXPECT_EQ(mac.counters.rx_frames, 2U);
    EXPECT_EQ(mac.counters.rx_65_127, 1U);
    mac.transmit(frame_of(roce_frame), 0);
    EXPECT_EQ(mac.counters.tx_frames, 1U);
    EXPECT_EQ(mac.counters.tx_octets, roce_frame.size() + 4);
    EXPECT_EQ(mac.counters.tx_512_1023, 1U);
}

TEST_F(MacTest, ChecksComeBeforeTheTransport) {
    PacketSpec spec = roce_spec();
    const Packet packet = make_packet(spec);
    fabric::Frame damaged = frame_of(packet);
    damaged.bad_fcs = true;
    mac.receive(damaged, 0);
    EXPECT_EQ(taken(), to_nobody);
    EXPECT_EQ(mac.counters.rx_fcs_errors, 1U);
    mac.config.keep_bad_fcs = true; // for who looks at damaged frames, which is not the transport
    mac.receive(damaged, 0);
    EXPECT_EQ(taken(), to_ethernet);

    spec.payload = 1500 - 28;
    receive(make_packet(spec));
    EXPECT_EQ(taken(), to_roce);
    ++spec.payload;
    receive(make_packet(spec));
    EXPECT_EQ(taken(), to_nobody);
    EXPECT_EQ(mac.counters.rx_too_long, 1U);
    spec.vlan = 1; // a tag is not part of the MTU
    --spec.payload;
    roce.vlan = true;
    roce.vlan_id = 1;
    receive(make_packet(spec));
    EXPECT_EQ(taken(), to_roce);

    env.gate.receive = false;
    receive(make_packet(spec));
    EXPECT_EQ(taken(), to_nobody);
    env.gate.receive = true;
    Packet runt = packet;
    runt.resize(50);
    receive(runt);
    EXPECT_EQ(taken(), to_nobody);
    EXPECT_EQ(mac.counters.rx_too_short, 1U);
}

TEST_F(MacTest, StoppedEthernetReceptionIsNotTheTransports) {
    mac.config.receive = false;
    receive(sized_packet(100));
    EXPECT_EQ(taken(), to_nobody);
    EXPECT_EQ(mac.counters.rx_frames, 0U);
    receive(make_packet(roce_spec()));
    EXPECT_EQ(taken(), to_roce);
    EXPECT_EQ(mac.counters.rx_frames, 1U);
}

TEST_F(MacTest, PendingIcrcStaysForTheTransportAndIsMadeForEthernet) {
    PacketSpec spec = roce_spec();
    spec.payload = 12 + 64 + 4;
    Packet packet = make_packet(spec);
    const std::size_t end = packet.size() - 4;
    set32(packet, end, 0);
    fabric::Frame frame = frame_of(packet);
    frame.icrc = {static_cast<std::uint32_t>(end), 14};
    mac.receive(frame, 0);
    ASSERT_EQ(roce.pending, 1U);
    roce.on = false;
    mac.receive(frame, 0);
    ASSERT_EQ(ethernet.got.size(), 1U);
    const Packet icrc = reference_icrc_bytes(packet, 14, end);
    EXPECT_TRUE(std::equal(icrc.begin(), icrc.end(), ethernet.got[0].end() - 4));
}

TEST_F(MacTest, LoopbackComesBackThroughTheSameSteering) {
    fabric::Link link("fibre0");
    mac.connect(&link, fabric::End::a);
    mac.config.loopback = true;
    env.gate.transmit = env.gate.receive = false; // inside of the MAC no light is needed
    mac.transmit(frame_of(make_packet(roce_spec())), 0);
    EXPECT_EQ(taken(), to_roce);
    mac.transmit(frame_of(sized_packet(100)), 0);
    EXPECT_EQ(taken(), to_ethernet);
    EXPECT_EQ(link.counters(fabric::End::a).packets, 0U);
    mac.receive(frame_of(sized_packet(100)), 0);
    EXPECT_EQ(taken(), to_nobody) << "the link is cut off";

    mac.config.loopback = false;
    mac.transmit(frame_of(sized_packet(100)), 0);
    EXPECT_EQ(mac.counters.tx_discard_link, 1U);
    env.gate.transmit = true;
    mac.transmit(frame_of(sized_packet(100)), 0);
    EXPECT_EQ(link.counters(fabric::End::a).packets, 1U);
    mac.connect(nullptr, fabric::End::a);
}

TEST_F(MacTest, BurstsThatFitStayWholeAndOthersAreCut) {
    PacketSpec spec;
    spec.payload = 20000;
    mac.config.mtu = 9000;
    mac.receive(BurstOf(make_packet(spec), spec, 8000).frame, 0);
    EXPECT_EQ(ethernet.bursts, 1U);
    mac.config.mtu = 5000; // the last packet alone fits
    mac.receive(BurstOf(make_packet(spec), spec, 8000).frame, 0);
    EXPECT_EQ(mac.counters.rx_too_long, 2U);
    EXPECT_EQ(ethernet.got.size(), 2U);
    EXPECT_EQ(roce.asked, 0U);
}

TEST_F(MacTest, ResetForgetsWhatTheHostSet) {
    receive(sized_packet(100));
    mac.config.mtu = 9000;
    mac.reset();
    EXPECT_EQ(mac.counters.rx_frames, 0U);
    EXPECT_EQ(mac.config.mtu, 1500U);
    receive(sized_packet(100));
    EXPECT_EQ(mac.counters.rx_frames, 0U);
}

TEST(Gids, Kinds) {
    EXPECT_TRUE(gid_of(false, 0x0a000001).is_ipv4());
    EXPECT_FALSE(gid_of(true, 0x0a000001).is_ipv4());
    EXPECT_FALSE(gid_of(false, 0x0a000001).is_multicast());
    EXPECT_TRUE(gid_of(false, 0xe0000001).is_multicast());
    EXPECT_TRUE(gid_of(false, 0xefffffff).is_multicast());
    EXPECT_FALSE(gid_of(false, 0xf0000000).is_multicast());
    Gid group = gid_of(true, 1);
    group.bytes[0] = std::byte{0xff};
    EXPECT_TRUE(group.is_multicast());
    EXPECT_FALSE(gid_of(true, 0xe0000001).is_multicast());
    constexpr std::array address{std::byte{10}, std::byte{0}, std::byte{0}, std::byte{1}};
    EXPECT_EQ(Gid::of_ipv4(address), gid_of(false, 0x0a000001));
}

} // namespace
} // namespace mo::nic
