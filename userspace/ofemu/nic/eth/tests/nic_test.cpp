// SPDX-License-Identifier: GPL-2.0-or-later
// The ethernet block in a whole NIC: queues made by admin commands, doorbells by register writes,
// completions by interrupt, packets through the MAC's loopback; in virtual time and beside an
// engine that sleeps after every packet.
#include <gtest/gtest.h>

#include "fabric/tests/packets.hpp"
#include "nic/eth/eth_block.hpp"
#include "tests/driver.hpp"

namespace mo::nic::eth::test {
namespace {

using namespace mo::test;
using nic::test::CompletionRing;
using nic::test::Driver;
using nic::test::EventRing;
using nic::test::LocalBus;

constexpr std::uint64_t with_shadow = hw::MO_F_ETH | hw::MO_F_SHADOW_DB;

NicConfig config() {
    NicConfig out;
    out.name = "loop";
    out.mac = {2, 0, 0, 0, 0, 1};
    out.serial = "MO-TEST";
    out.features |= hw::MO_F_GRO_HW;
    return out;
}

/// A driver's queue pair on a NIC in loopback.
class LoopedNic {
  public:
    static constexpr std::uint8_t log = 6;
    static constexpr std::uint16_t vector = 3;

    LoopedNic(std::uint64_t features, const DeviceClock& clock, bool threaded)
        : engine_(clock, 0), threaded_(threaded), nic_(config(), engine_), mac_(nic_, 0),
          block_(nic_, mac_),
          bus_(nic_, engine_, threaded ? LocalBus::Running::threaded : LocalBus::Running::settled),
          driver_(bus_) {
        nic_.attach(block_, hw::MO_F_ETH);
        engine_.add(nic_);
        if (threaded_) {
            engine_.start();
        }
        driver_.bring_up(features);
        events_.emplace(bus_, std::uint8_t{8});
        tx_done_.emplace(bus_, std::uint8_t{8});
        rx_done_.emplace(bus_, std::uint8_t{8});
        eq_ = driver_.create_eq(*events_, vector);
        rx_cq_ = driver_.create_cq(*rx_done_, eq_);
        tx_ = create(hw::MO_CMD_TXQ_CREATE, driver_.create_cq(*tx_done_, eq_), 0);
        rx_ = create(hw::MO_CMD_RXQ_CREATE, rx_cq_, 2048);
        buffers_ = bus_.allocate(std::size_t{2048} << log);
        packet_ = bus_.allocate(2048);
        start();
    }
    LoopedNic(const LoopedNic&) = delete;
    LoopedNic& operator=(const LoopedNic&) = delete;
    ~LoopedNic() {
        engine_.stop();
        engine_.remove(nic_);
    }

    struct Queue {
        hw::mo_cmd_queue body{};
        std::uint32_t object = 0;
        std::uint32_t tail = 0;
        unsigned rung = 0;
    };

    /// Posts a packet and a receive buffer for it.
    void post(const Packet& packet) {
        std::memcpy(&bus_.at<std::byte>(packet_), packet.data(), packet.size());
        put(rx_, hw::mo_rx_desc{buffers_ + std::uint64_t{rx_.tail % (1U << log)} * 2048, 0});
        ring(rx_, hw::MO_DB_RQ, rx_.tail - 1);
        const std::uint32_t old = tx_.tail;
        hw::mo_tx_pkt head{};
        head.type = MO_TXD_PKT;
        head.nseg = 1;
        head.flags = MO_TXF_COMPLETE;
        put(tx_, head);
        put(tx_, hw::mo_tx_seg{packet_, static_cast<std::uint32_t>(packet.size()), 0});
        ring(tx_, hw::MO_DB_SQ, old);
    }
    /// Waits for the packet; false: it did not come.
    bool take(const Packet& packet) {
        for (unsigned tries = 0; tries < 5'000'000; ++tries) {
            if (const auto done = rx_done_->pop()) {
                rx_done_->acknowledge();
                const std::byte* const got =
                    &bus_.at<std::byte>(buffers_ + std::uint64_t{done->index % (1U << log)} * 2048);
                while (!tx_done_->pop()) {
                    bus_.progress();
                }
                tx_done_->acknowledge();
                return done->length == packet.size() &&
                       std::memcmp(got, packet.data(), packet.size()) == 0;
            }
            bus_.progress();
        }
        return false;
    }
    void arm() {
        driver_.arm(*events_, hw::MO_DB_EQ, eq_);
        driver_.arm(*rx_done_, hw::MO_DB_CQ, rx_cq_);
    }

    [[nodiscard]] Driver& driver() noexcept { return driver_; }
    [[nodiscard]] LocalBus& bus() noexcept { return bus_; }
    [[nodiscard]] EventRing& events() noexcept { return *events_; }
    [[nodiscard]] const Queue& tx() const noexcept { return tx_; }
    [[nodiscard]] const Queue& rx() const noexcept { return rx_; }
    [[nodiscard]] std::uint32_t rx_cq() const noexcept { return rx_cq_; }
    [[nodiscard]] const PortCounters& counters() const noexcept { return mac_.counters; }
    [[nodiscard]] const Engine& engine() const noexcept { return engine_; }

  private:
    Queue create(hw::mo_cmd opcode, std::uint32_t cq, std::uint32_t buf_len) {
        Queue queue;
        queue.body.ring = bus_.allocate(std::size_t{16} << log);
        queue.body.rec = bus_.allocate(sizeof(hw::mo_db_rec), 64);
        queue.body.cq = cq;
        queue.body.size_log = log;
        queue.body.buf_len = buf_len;
        const auto done = driver_.call(static_cast<std::uint16_t>(opcode), queue.body);
        EXPECT_EQ(done.status, hw::MO_ST_OK);
        queue.object = Driver::result<hw::mo_res_create>(done).object;
        return queue;
    }
    void start() {
        hw::mo_rss_config rss{};
        hw::mo_cmd_dma where{};
        where.addr = bus_.allocate(sizeof rss);
        where.len = sizeof rss;
        bus_.at<hw::mo_rss_config>(where.addr) = rss;
        EXPECT_EQ(driver_.status(hw::MO_CMD_RSS_SET, where), hw::MO_ST_OK);
        hw::mo_cmd_rxq_map map{};
        map.object = rx_.object;
        EXPECT_EQ(driver_.status(hw::MO_CMD_RXQ_MAP, map), hw::MO_ST_OK);
        hw::mo_cmd_rx_mode mode{};
        mode.flags = MO_RX_MODE_PROMISC;
        EXPECT_EQ(driver_.status(hw::MO_CMD_RX_MODE, mode), hw::MO_ST_OK);
        hw::mo_cmd_offload offload{};
        offload.flags = MO_OFFLOAD_LOOPBACK | MO_OFFLOAD_RX_CSUM;
        offload.mtu = 1500;
        EXPECT_EQ(driver_.status(hw::MO_CMD_OFFLOAD, offload), hw::MO_ST_OK);
        hw::mo_cmd_port_rx on{};
        on.enable = 1;
        EXPECT_EQ(driver_.status(hw::MO_CMD_PORT_RX, on), hw::MO_ST_OK);
    }
    template <typename T>
    void put(Queue& queue, const T& descriptor) {
        static_assert(sizeof(T) == 16);
        bus_.at<T>(queue.body.ring + std::uint64_t{queue.tail % (1U << log)} * 16) = descriptor;
        ++queue.tail;
    }
    void ring(Queue& queue, hw::mo_doorbell kind, std::uint32_t old) {
        auto& record = bus_.at<hw::mo_db_rec>(queue.body.rec);
        const Le<std::uint32_t> tail(queue.tail);
        __atomic_store(&record.tail, &tail, __ATOMIC_RELEASE);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        Le<std::uint32_t> event;
        __atomic_load(&record.event, &event, __ATOMIC_ACQUIRE);
        if (!driver_.shadow() || hw::mo_db_needed(event, queue.tail, old) != 0) {
            ++queue.rung;
            driver_.doorbell(kind, queue.object, queue.tail);
        }
    }

    Engine engine_;
    bool threaded_;
    Nic nic_;
    Mac mac_;
    EthBlock block_;
    LocalBus bus_;
    Driver driver_;
    std::optional<EventRing> events_;
    std::optional<CompletionRing> tx_done_;
    std::optional<CompletionRing> rx_done_;
    std::uint32_t eq_ = 0;
    std::uint32_t rx_cq_ = 0;
    Queue tx_;
    Queue rx_;
    std::uint64_t buffers_ = 0;
    std::uint64_t packet_ = 0;
};

struct WholeNic : ::testing::TestWithParam<std::uint64_t> {};

TEST_P(WholeNic, PacketInterruptAndEvent) {
    const ManualClock clock;
    LoopedNic nic(GetParam(), clock, false);
    const Packet packet = sized_packet(300);
    nic.arm();
    nic.post(packet);
    ASSERT_TRUE(nic.take(packet));
    const auto event = nic.events().pop();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->type, hw::MO_EVENT_COMP);
    EXPECT_EQ(event->object, nic.rx_cq());
    EXPECT_EQ(nic.bus().interrupts(LoopedNic::vector), 1U);
    for (unsigned i = 0; i < 500; ++i) {
        nic.post(packet);
        ASSERT_TRUE(nic.take(packet));
    }
    EXPECT_EQ(nic.counters().rx_frames, 501U);
    EXPECT_EQ(nic.bus().interrupts(LoopedNic::vector), 1U) << "not armed again";

    hw::mo_cmd_object which{};
    which.object = nic.tx().object;
    EXPECT_EQ(nic.driver().status(hw::MO_CMD_TXQ_DESTROY, which), hw::MO_ST_OK);
    nic.driver().doorbell(hw::MO_DB_SQ, which.object, nic.tx().tail + 2);
    nic.bus().progress();
    which.object = nic.rx().object;
    EXPECT_EQ(nic.driver().status(hw::MO_CMD_RXQ_DESTROY, which), hw::MO_ST_OK);
    EXPECT_EQ(nic.counters().tx_frames, 501U);
    nic.driver().bring_up(GetParam());
    EXPECT_EQ(nic.driver().status(hw::MO_CMD_QUEUE_QUERY, which), hw::MO_ST_BAD_OBJECT);
    EXPECT_EQ(nic.counters().tx_frames, 0U);
}

TEST_P(WholeNic, NoPacketIsLostWhereTheEngineFallsAsleep) {
    const RealClock clock;
    LoopedNic nic(GetParam(), clock, true);
    const Packet packet = sized_packet(100);
    constexpr unsigned packets = 20000;
    for (unsigned i = 0; i < packets; ++i) {
        nic.post(packet);
        ASSERT_TRUE(nic.take(packet)) << "packet " << i;
        // From at once to well after the engine sleeps.
        for (unsigned wait = 0; wait < i * 37 % 4000; ++wait) {
            __atomic_signal_fence(__ATOMIC_SEQ_CST); // keeps the loop
        }
    }
    EXPECT_GT(nic.engine().counters().sleeps.value(), 10U);
    if (GetParam() == with_shadow) {
        EXPECT_EQ(nic.rx().rung, 0U);
        EXPECT_LE(nic.tx().rung, packets);
    } else {
        EXPECT_EQ(nic.tx().rung, packets);
    }
}

INSTANTIATE_TEST_SUITE_P(Modes, WholeNic, ::testing::Values(with_shadow, hw::MO_F_ETH),
                         [](const auto& mode) {
                             return mode.param == with_shadow ? "shadow" : "mmio";
                         });

} // namespace
} // namespace mo::nic::eth::test
