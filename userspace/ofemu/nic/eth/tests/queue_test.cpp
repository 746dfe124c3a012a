// SPDX-License-Identifier: GPL-2.0-or-later
// Admin commands and their refusals; doorbells, event index, the list of active queues.
#include <gtest/gtest.h>

#include "nic/eth/tests/harness.hpp"

namespace mo::nic::eth::test {
namespace {

hw::mo_cmd_queue queue_body(TestNic& nic) {
    hw::mo_cmd_queue body{};
    body.ring = nic.allocate(16 << 8, 4096);
    body.rec = nic.allocate(64);
    body.cq = nic.new_cq(8);
    body.size_log = 8;
    return body;
}

TEST(Commands, QueuesAreCheckedBeforeTheyExist) {
    TestNic nic;
    const auto create = [&](auto&& change, hw::mo_cmd opcode = hw::MO_CMD_TXQ_CREATE) {
        hw::mo_cmd_queue body = queue_body(nic);
        if (opcode == hw::MO_CMD_RXQ_CREATE) {
            body.buf_len = 2048;
        }
        change(body);
        const auto status = nic.command(opcode, body);
        EXPECT_EQ(nic.cq(body.cq) == nullptr || nic.cq(body.cq)->users() == 0,
                  status != hw::MO_ST_OK);
        return status;
    };
    using Body = hw::mo_cmd_queue;
    constexpr auto rxq = hw::MO_CMD_RXQ_CREATE;
    EXPECT_EQ(create([](Body&) {}), hw::MO_ST_OK);
    EXPECT_EQ(create([](Body&) {}, rxq), hw::MO_ST_OK);
    EXPECT_EQ(create([](Body& b) { b.size_log = 4; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(create([](Body& b) { b.size_log = 16; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(create([](Body& b) { b.ring += 2048; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(create([](Body& b) { b.rec += 32; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(create([](Body& b) { b.db_page = 16; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(create([](Body& b) { b.cq = 9999; }), hw::MO_ST_BAD_OBJECT);
    EXPECT_EQ(create([&](Body& b) { b.cq = nic.new_cq(8, 6); }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(create([](Body& b) { b.rsvd[2] = 1; }), hw::MO_ST_RESERVED);
    EXPECT_EQ(create([](Body& b) { b.rsvd1 = 1; }), hw::MO_ST_RESERVED);
    EXPECT_EQ(create([](Body& b) { b.buf_len = 2048; }), hw::MO_ST_RESERVED);
    EXPECT_EQ(create([](Body& b) { b.buf_len = 255; }, rxq), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(create([](Body& b) { b.buf_len = 65537; }, rxq), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(create([](Body& b) { b.hdr_len = 65537; }, rxq), hw::MO_ST_BAD_PARAM);
    EXPECT_TRUE(nic.faults.empty());
    EXPECT_EQ(create([](Body& b) { b.ring = 0x7000; }), hw::MO_ST_DMA_FAULT);
    EXPECT_EQ(create([](Body& b) { b.rec = 0x40; }), hw::MO_ST_DMA_FAULT);
    EXPECT_EQ(create([](Body& b) { b.ring = ~std::uint64_t{4095}; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(nic.faults.size(), 2U);
    EXPECT_EQ(nic.command(hw::MO_CMD_TXQ_CREATE, queue_body(nic), nullptr, 0, 1),
              hw::MO_ST_RESERVED);
}

TEST(Commands, ACompletionQueueServesOneQueueOfEachKind) {
    TestNic nic;
    hw::mo_cmd_queue body = queue_body(nic);
    EXPECT_EQ(nic.command(hw::MO_CMD_TXQ_CREATE, body), hw::MO_ST_OK);
    EXPECT_EQ(nic.command(hw::MO_CMD_TXQ_CREATE, body), hw::MO_ST_IN_USE);
    body.buf_len = 2048;
    EXPECT_EQ(nic.command(hw::MO_CMD_RXQ_CREATE, body), hw::MO_ST_OK);
    EXPECT_EQ(nic.command(hw::MO_CMD_RXQ_CREATE, body), hw::MO_ST_IN_USE);
    EXPECT_EQ(nic.cq(body.cq)->users(), 2U);
}

TEST(Commands, QueuesRunOut) {
    TestNic nic;
    for (unsigned i = 0; i < 128; ++i) {
        ASSERT_EQ(nic.command(hw::MO_CMD_TXQ_CREATE, queue_body(nic)), hw::MO_ST_OK);
    }
    EXPECT_EQ(nic.command(hw::MO_CMD_TXQ_CREATE, queue_body(nic)), hw::MO_ST_NO_RESOURCE);
    hw::mo_identify limits{};
    nic.block.identify(limits);
    EXPECT_EQ(limits.max_txq, 128U);
    EXPECT_EQ(limits.max_tso, static_cast<std::uint32_t>(MO_TX_MAX_TSO));
    nic.object_limit = 0;
    hw::mo_cmd_queue body = queue_body(nic);
    body.buf_len = 2048;
    EXPECT_EQ(nic.command(hw::MO_CMD_RXQ_CREATE, body), hw::MO_ST_NO_RESOURCE);
}

TEST(Commands, WrongNumbersAreRefused) {
    TestNic nic;
    HostTx tx(nic);
    HostRx rx(nic);
    hw::mo_cmd_object which{};
    for (const std::uint32_t object : {0U, tx.object ^ 0x10000U, tx.object + 500, ~0U}) {
        which.object = object;
        EXPECT_EQ(nic.command(hw::MO_CMD_TXQ_DESTROY, which), hw::MO_ST_BAD_OBJECT);
        EXPECT_EQ(nic.command(hw::MO_CMD_QUEUE_QUERY, which), hw::MO_ST_BAD_OBJECT);
        nic.block.doorbell(hw::MO_DB_SQ, object, 3);
        nic.block.doorbell(hw::MO_DB_RQ, object, 3);
    }
    which.object = rx.object;
    EXPECT_EQ(nic.command(hw::MO_CMD_TXQ_DESTROY, which), hw::MO_ST_BAD_OBJECT);
    which.rsvd = 1;
    EXPECT_EQ(nic.command(hw::MO_CMD_RXQ_DESTROY, which), hw::MO_ST_RESERVED);
    EXPECT_EQ(nic.command(hw::MO_CMD_QUEUE_QUERY, which), hw::MO_ST_RESERVED);
    EXPECT_EQ(nic.command(hw::MO_CMD_NOP, which), hw::MO_ST_BAD_OPCODE);
    EXPECT_FALSE(nic.block.handles(hw::MO_CMD_NOP));
    EXPECT_TRUE(nic.block.handles(hw::MO_CMD_RSS_SET));
    hw::mo_cmd_desc desc{};
    desc.hdr.opcode = static_cast<std::uint16_t>(hw::MO_CMD_PORT_RX);
    desc.hdr.port = 1;
    std::array<std::byte, 48> out{};
    EXPECT_EQ(nic.block.command(desc, out, 0), hw::MO_ST_BAD_PORT);
}

TEST(Commands, SettingsAreChecked) {
    TestNic nic(8U << 20, hw::MO_F_ETH);
    EXPECT_EQ(set_offload(nic, 0x40), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(set_offload(nic, 0, 67), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(set_offload(nic, 0, 9001), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(set_offload(nic, 0, 68), hw::MO_ST_OK);
    EXPECT_EQ(set_offload(nic, MO_OFFLOAD_RX_GRO), hw::MO_ST_NO_FEATURE);
    EXPECT_EQ(set_rx_mode(nic, 8), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(set_rx_mode(nic, 0, std::vector<std::uint64_t>(128)), hw::MO_ST_OK);
    EXPECT_EQ(set_rx_mode(nic, 0, std::vector<std::uint64_t>(129)), hw::MO_ST_BAD_PARAM);
    hw::mo_cmd_rx_mode mode{};
    mode.list = 0x10;
    mode.count = 1;
    EXPECT_EQ(nic.command(hw::MO_CMD_RX_MODE, mode), hw::MO_ST_DMA_FAULT);
    hw::mo_cmd_port_rx rx{};
    rx.enable = 2;
    EXPECT_EQ(nic.command(hw::MO_CMD_PORT_RX, rx), hw::MO_ST_BAD_PARAM);
    rx.enable = 1;
    rx.rsvd = 1;
    EXPECT_EQ(nic.command(hw::MO_CMD_PORT_RX, rx), hw::MO_ST_RESERVED);
}

TEST(Commands, RssIsChecked) {
    TestNic nic;
    hw::mo_rss_config config = rss_config({0});
    EXPECT_EQ(set_rss(nic, config), hw::MO_ST_OK);
    config.table_log = 10;
    EXPECT_EQ(set_rss(nic, config), hw::MO_ST_BAD_PARAM);
    config = rss_config({0});
    config.fields[3] = 0x10;
    EXPECT_EQ(set_rss(nic, config), hw::MO_ST_BAD_PARAM);
    config = rss_config({0});
    config.rsvd = 1;
    EXPECT_EQ(set_rss(nic, config), hw::MO_ST_RESERVED);
    EXPECT_EQ(set_rss(nic, rss_config({0, MO_RXQ_MAP_MAX})), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(set_rss(nic, rss_config(std::vector<std::uint16_t>(512, MO_RXQ_MAP_MAX - 1))),
              hw::MO_ST_OK);
    hw::mo_cmd_dma body{};
    body.addr = 0x10;
    body.len = sizeof config;
    EXPECT_EQ(nic.command(hw::MO_CMD_RSS_SET, body), hw::MO_ST_DMA_FAULT);
    body.len = sizeof config - 1;
    EXPECT_EQ(nic.command(hw::MO_CMD_RSS_SET, body), hw::MO_ST_BAD_PARAM);
}

TEST(Commands, QueueMapIsChecked) {
    TestNic nic;
    HostRx rx(nic);
    HostTx tx(nic);
    EXPECT_EQ(map_rxq(nic, 0, rx.object), hw::MO_ST_OK);
    EXPECT_EQ(map_rxq(nic, MO_RXQ_MAP_MAX - 1, rx.object), hw::MO_ST_OK);
    EXPECT_EQ(map_rxq(nic, MO_RXQ_MAP_MAX, rx.object), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(map_rxq(nic, ~0U, rx.object), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(map_rxq(nic, 0, tx.object), hw::MO_ST_BAD_OBJECT);
    EXPECT_EQ(map_rxq(nic, 0, rx.object ^ 0x10000U), hw::MO_ST_BAD_OBJECT);
    EXPECT_EQ(map_rxq(nic, 0, 0), hw::MO_ST_OK);
    hw::mo_cmd_rxq_map body{};
    EXPECT_EQ(nic.command(hw::MO_CMD_RXQ_MAP, body, nullptr, 0, 1), hw::MO_ST_RESERVED);
}

TEST(Statistics, AreThoseOfTheTable) {
    TestPair pair;
    HostTx tx(pair.a);
    tx.send(make_packet({}));
    pair.run();
    hw::mo_port_stats stats{};
    pair.a.block.read_stats(0, stats);
    EXPECT_EQ(stats.tx_frames, 1U);
    EXPECT_EQ(stats.tx_octets, make_packet({}).size() + 4);
    hw::mo_port_stats other{};
    pair.a.block.read_stats(1, other);
    EXPECT_EQ(other.tx_frames, 0U);
}

// --- Doorbells ---

/// One round of the engine's way to sleep; true: it may.
bool go_to_sleep(TestNic& nic) {
    while (nic.poll()) {
    }
    nic.block.publish_events();
    const bool work = nic.block.work_arrived();
    nic.end_round();
    return !work;
}

TEST(Doorbells, ShadowNeedsOnePerSleep) {
    TestPair pair;
    HostTx tx(pair.a);
    for (unsigned sleep = 0; sleep < 5; ++sleep) {
        for (unsigned i = 0; i < 20; ++i) {
            tx.send(make_packet({}));
            pair.a.poll();
        }
        EXPECT_EQ(tx.doorbells, sleep + 1);
        EXPECT_TRUE(go_to_sleep(pair.a));
        EXPECT_EQ(tx.record().event, tx.tail);
        while (tx.cq.next()) {
        }
    }
    EXPECT_EQ(pair.a.mac.counters.tx_frames, 100U);
    EXPECT_GT(pair.a.nic_counters.shadow_tails.value(), 90U);
}

TEST(Doorbells, WorkThatComesWhileGoingToSleepIsSeen) {
    TestPair pair;
    HostTx tx(pair.a);
    tx.send(make_packet({}));
    pair.run();
    pair.a.block.publish_events();
    // The host stored its tail before it could see the event index: it does not ring.
    tx.describe(pair.a.put(make_packet({})), make_packet({}).size(), {});
    tx.record().tail = tx.tail;
    EXPECT_TRUE(pair.a.block.work_arrived());
    pair.a.end_round();
    pair.run();
    EXPECT_EQ(pair.a.mac.counters.tx_frames, 2U);
}

TEST(Doorbells, IdleQueuesLeaveTheActiveSet) {
    TestPair pair;
    HostTx idle(pair.a);
    HostTx busy(pair.a);
    const std::uint64_t packet = pair.a.put(make_packet({}));
    idle.send(make_packet({}));
    const std::uint32_t seen = idle.tail;
    for (unsigned i = 0; i < 5000; ++i) {
        busy.describe(packet, make_packet({}).size(), {});
        busy.ring();
        EXPECT_TRUE(pair.a.poll());
        EXPECT_TRUE(busy.cq.next());
    }
    EXPECT_EQ(busy.doorbells, 1U);
    EXPECT_EQ(idle.record().event, seen);
    idle.send(make_packet({}));
    EXPECT_EQ(idle.doorbells, 2U);
    pair.run();
    EXPECT_EQ(idle.query().head, idle.tail);
}

TEST(Doorbells, PlainModeRingsEachTime) {
    TestNic nic(8U << 20, hw::MO_F_ETH);
    HostTx tx(nic);
    for (unsigned i = 0; i < 10; ++i) {
        tx.send(make_packet({}));
        EXPECT_TRUE(nic.poll());
    }
    EXPECT_EQ(tx.doorbells, 10U);
    EXPECT_EQ(nic.mac.counters.tx_frames, 10U);
    EXPECT_EQ(tx.record().event, 0U) << "the record's event word belongs to shadow mode";
    // Late, repeated and merged doorbells.
    nic.block.doorbell(hw::MO_DB_SQ, tx.object, 4);
    nic.block.doorbell(hw::MO_DB_SQ, tx.object, tx.tail);
    EXPECT_FALSE(nic.poll());
    EXPECT_TRUE(nic.errors.empty());
    tx.describe(nic.put(make_packet({})), 166, {});
    tx.record().tail = tx.tail; // not rung
    EXPECT_FALSE(nic.poll());
    nic.block.doorbell(hw::MO_DB_SQ, tx.object, tx.tail);
    EXPECT_TRUE(nic.poll());
    EXPECT_EQ(nic.mac.counters.tx_frames, 11U);
}

TEST(Doorbells, IndexesWrap) {
    TestPair pair;
    HostTx tx(pair.a, 5);
    HostRx rx(pair.b, 5);
    rx.post(31);
    open_receiver(pair.b, rx);
    const std::uint64_t packet = pair.a.put(make_packet({}));
    std::uint32_t reposted = 0;
    for (unsigned i = 0; i < 1000; ++i) {
        tx.describe(packet, 166, {});
        tx.ring();
        pair.run();
        ASSERT_EQ(rx.all().size(), 1U);
        ASSERT_TRUE(tx.cq.next());
        rx.post(rx.consumed - std::exchange(reposted, rx.consumed));
    }
    EXPECT_EQ(tx.query().head, 2000U);
    EXPECT_EQ(rx.query().head, 1000U);
    EXPECT_EQ(rx.doorbells, 0U);
}

TEST(Doorbells, QueuesShareFairly) {
    TestPair pair;
    HostRx rx(pair.b, 12, 256);
    rx.post(4000);
    open_receiver(pair.b, rx);
    HostTx first(pair.a, 10);
    HostTx second(pair.a, 10);
    const std::uint64_t packet = pair.a.put(make_packet({}));
    for (unsigned i = 0; i < 400; ++i) {
        first.describe(packet, 166, {});
        second.describe(packet, 166, {});
    }
    first.ring();
    second.ring();
    EXPECT_TRUE(pair.a.poll(64));
    EXPECT_EQ(first.query().head, 64U) << "two turns of 16 packets, two descriptors each";
    EXPECT_EQ(second.query().head, 64U);
    for (unsigned i = 0; i < 11; ++i) {
        pair.a.poll(64);
    }
    EXPECT_EQ(first.query().head, 2 * 12 * 32U);
    EXPECT_EQ(second.query().head, 2 * 12 * 32U);
}

} // namespace
} // namespace mo::nic::eth::test
