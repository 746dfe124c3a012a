// SPDX-License-Identifier: GPL-2.0-or-later
// A guest that writes nonsense into every register, ring and doorbell of a whole NIC: nothing
// crashes, every round ends, and after a reset the NIC works as if nothing had been.
#include <array>
#include <random>

#include "common/log.hpp"

#include "tests/bench_pair.hpp"

namespace mo::ofemu::test {
namespace {

constexpr std::uint64_t plain = hw::MO_F_MGMT | hw::MO_F_ETH;
constexpr std::uint64_t all = plain | hw::MO_F_SHADOW_DB;

class Fuzzer {
  public:
    Fuzzer(Station& station, engine::Engine& engine, std::uint32_t seed)
        : station_(station), engine_(engine), random_(seed) {}

    void run(unsigned steps) {
        for (unsigned i = 0; i < steps; ++i) {
            step();
        }
    }

  private:
    std::uint32_t below(std::uint32_t bound) {
        return static_cast<std::uint32_t>(random_() % bound);
    }
    std::uint64_t word() {
        // Small numbers, addresses inside of guest memory, and anything.
        switch (below(4)) {
        case 0:
            return below(64);
        case 1:
            return nic::test::Bus::ram_base + below(1U << 20);
        case 2:
            return (nic::test::Bus::ram_base + below(1U << 20)) & ~0xfffULL;
        default:
            return (std::uint64_t{random_()} << 32U) | random_();
        }
    }

    void step() {
        auto& host = station_.bus.host();
        pcie::Function& function = host.function();
        const unsigned size = 1U << below(4);
        switch (below(12)) {
        case 0: // any register, any width; most of it is fatal, so not often
            if (below(16) != 0) {
                break;
            }
            function.mmio_write(MO_BAR_CTRL, below(0x400) / size * size, size, word());
            break;
        case 1:
            (void)function.mmio_read(MO_BAR_CTRL, below(MO_BAR_CTRL_SIZE) / size * size, size);
            break;
        case 2: // any doorbell
            function.mmio_write(MO_BAR_DB, below(MO_BAR_DB_SIZE) / size * size, size, word());
            break;
        case 3: { // a doorbell that may mean something
            const std::uint64_t number = object(data_queue);
            function.mmio_write(MO_BAR_DB, 8ULL * below(5), 8,
                                number | (std::uint64_t{below(64)} << 32U));
            break;
        }
        case 4: // any word of memory: rings, records, areas, descriptors
        case 5: {
            const std::uint64_t value = word();
            const auto place = below(1U << 19) & ~7U;
            std::memcpy(station_.bus.ram().data() + place, &value, sizeof(value));
            break;
        }
        case 6:
        case 7:
        case 8:
            command();
            break;
        case 9:
            (void)engine_.settle(64);
            break;
        case 10:
            if (below(64) == 0 ||
                station_.driver.reg(nic::reg::DEV_STATUS) != MO_DEV_STATUS_READY) {
                host.function_level_reset();
                host.enable();
                objects_ = {};
                station_.driver.bring_up(below(2) == 0 ? all : plain);
            }
            break;
        default:
            if (below(32) == 0) {
                host.enable(below(2) == 0);
                host.enable();
            }
            break;
        }
    }

    /// Somewhere in memory, aligned as rings are.
    std::uint64_t place() { return (nic::test::Bus::ram_base + below(1U << 20)) & ~0xfffULL; }
    /// What a create command made.
    enum Kind : std::uint8_t { event_queue, completion_queue, data_queue, kinds };
    [[nodiscard]] static Kind kind_of(std::uint16_t opcode) {
        return opcode < hw::MO_CMD_CQ_CREATE    ? event_queue
               : opcode < hw::MO_CMD_TXQ_CREATE ? completion_queue
                                                : data_queue;
    }
    /// The number of an object that probably exists.
    std::uint32_t object(Kind kind) {
        const auto& known = objects_[below(16) == 0 ? below(kinds) : unsigned{kind}];
        if (known.empty() || below(16) == 0) {
            return below(24) | (below(4) << 16U);
        }
        return known[below(static_cast<std::uint32_t>(known.size()))];
    }
    void collect() {
        constexpr std::size_t most = 8;
        while (const auto done = station_.driver.pop()) {
            const std::uint32_t result = Driver::result<hw::mo_res_create>(*done).object;
            if (done->status == hw::MO_ST_OK && result != 0 && result <= MO_DB_OBJECT) {
                // The tag carries the opcode.
                auto& known = objects_[kind_of(done->tag)];
                known.push_back(result);
                if (known.size() > most) {
                    known.erase(known.begin());
                }
            }
        }
    }

    /// A body that the device accepts, more often than not.
    void make_plausible(hw::mo_cmd_desc& desc) {
        const auto put = [&desc](const auto& body) { std::memcpy(desc.body, &body, sizeof(body)); };
        const auto size_log = static_cast<std::uint8_t>(2 + below(9));
        const auto small = [this] { return static_cast<std::uint16_t>(below(4) * below(40)); };
        switch (desc.hdr.opcode) {
        case hw::MO_CMD_EQ_CREATE: {
            hw::mo_cmd_eq body{};
            body.ring = place();
            body.rec = place();
            body.vector = static_cast<std::uint16_t>(below(4));
            body.size_log = size_log;
            body.period_us = small();
            body.count = small();
            put(body);
            break;
        }
        case hw::MO_CMD_CQ_CREATE: {
            hw::mo_cmd_cq body{};
            body.ring = place();
            body.rec = place();
            body.eq = object(event_queue);
            body.size_log = size_log;
            body.entry_log = 5;
            body.period_us = small();
            put(body);
            break;
        }
        case hw::MO_CMD_TXQ_CREATE:
        case hw::MO_CMD_RXQ_CREATE: {
            hw::mo_cmd_queue body{};
            body.ring = place();
            body.rec = place();
            body.cq = object(completion_queue);
            body.size_log = static_cast<std::uint8_t>(MO_QUEUE_MIN_LOG + below(4));
            body.buf_len = desc.hdr.opcode == hw::MO_CMD_RXQ_CREATE ? 256U << below(5) : 0U;
            put(body);
            break;
        }
        case hw::MO_CMD_EQ_DESTROY:
        case hw::MO_CMD_CQ_DESTROY:
        case hw::MO_CMD_TXQ_DESTROY:
        case hw::MO_CMD_RXQ_DESTROY:
        case hw::MO_CMD_QUEUE_QUERY: {
            hw::mo_cmd_object body{};
            body.object = object(kind_of(desc.hdr.opcode));
            put(body);
            break;
        }
        case hw::MO_CMD_AREA_SET: {
            hw::mo_cmd_area body{};
            body.addr = place();
            body.len = 4096;
            body.area = below(3);
            body.period_us = below(2) * MO_AREA_PERIOD_MIN_US;
            put(body);
            break;
        }
        default: {
            hw::mo_cmd_dma body{};
            body.addr = place();
            body.len = below(2) == 0 ? 4096 : below(1U << 16);
            put(body);
            break;
        }
        }
    }

    /// A command with a known opcode and a random body, through the rings as they are.
    void command() {
        constexpr std::array opcodes{
#define X(name, opcode, text) std::uint16_t{opcode},
            MO_COMMANDS(X)
#undef X
        };
        hw::mo_cmd_desc desc{};
        desc.hdr.opcode = opcodes[below(opcodes.size())];
        desc.hdr.tag = desc.hdr.opcode;
        if (below(4) != 0) {
            make_plausible(desc);
        }
        const std::uint32_t words = below(4) == 0 ? below(8) : 0;
        for (std::uint32_t i = 0; i < words; ++i) {
            const std::uint64_t value = word();
            std::memcpy(desc.body + 8 * std::size_t{i}, &value,
                        std::min<std::size_t>(8, sizeof(desc.body) - 8 * std::size_t{i}));
        }
        station_.driver.post(desc);
        (void)station_.driver.ring_admin();
        if (below(4) == 0) {
            (void)engine_.settle(64);
        }
        collect();
    }

    Station& station_;
    engine::Engine& engine_;
    std::mt19937 random_;
    std::array<std::vector<std::uint32_t>, kinds> objects_; ///< numbers that the device gave
};

TEST(Fuzz, NonsenseNeverCrashesAndAResetEndsIt) {
    log::set_level(log::Level::error);
    engine::ManualClock clock;
    engine::Engine engine(clock, 0);
    Station a(0, engine, clock), b(1, engine, clock);
    LinkUnit link(Config{}, link_entry(), engine);
    link.connect(fabric::End::a, a.unit.port(), &a.unit.nic().port(0));
    link.connect(fabric::End::b, b.unit.port(), &b.unit.nic().port(0));
    a.unit.mac().connect(&link.link(), fabric::End::a);
    b.unit.mac().connect(&link.link(), fabric::End::b);
    for (std::uint32_t seed = 1; seed <= 30; ++seed) {
        Fuzzer(a, engine, seed).run(3'000);
        clock.set(clock.now_ns() + 10 * ms);
        a.bus.enable();
        a.driver.bring_up(all);
        ASSERT_EQ(a.driver.status(hw::MO_CMD_NOP, seed), hw::MO_ST_OK) << "seed " << seed;
        ASSERT_EQ(a.driver.reg(nic::reg::DEV_STATUS), MO_DEV_STATUS_READY);
        // The neighbour has noticed nothing.
        ASSERT_EQ(b.driver.status(hw::MO_CMD_NOP, seed), hw::MO_ST_OK) << "seed " << seed;
    }
    // It was not all refused at the door.
    auto& counters = a.unit.nic().counters();
    std::printf("%llu commands, %llu refused, %llu doorbells, %llu completions, %llu DMA faults\n",
                static_cast<unsigned long long>(counters.admin_commands.value()),
                static_cast<unsigned long long>(counters.admin_errors.value()),
                static_cast<unsigned long long>(counters.doorbells_sq.value()),
                static_cast<unsigned long long>(counters.completions.value()),
                static_cast<unsigned long long>(counters.dma_faults.value()));
    EXPECT_GT(counters.admin_commands.value() - counters.admin_errors.value(), 1'000U);
    EXPECT_GT(counters.doorbells_sq.value(), 20U);
    EXPECT_GT(counters.completions.value(), 0U);
    a.unit.mac().connect(nullptr, fabric::End::a);
    b.unit.mac().connect(nullptr, fabric::End::b);
    link.disconnect();
}

} // namespace
} // namespace mo::ofemu::test
