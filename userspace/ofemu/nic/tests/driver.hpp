// SPDX-License-Identifier: GPL-2.0-or-later
// Driver: the host's side of the hardware interface as a small driver in user space, for tests:
// bring-up, admin commands in both doorbell modes, event and completion queues.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "common/hw.hpp"
#include "nic/ring.hpp"
#include "tests/bus.hpp"

namespace mo::nic::test {

/// For what the engine's own thread does.
constexpr std::chrono::seconds patience{5};

/// A ring that the device fills, with its arm record, as event and completion queues have it.
template <typename Entry>
class DeviceRing {
  public:
    DeviceRing(Bus& bus, std::uint8_t size_log)
        : bus_(&bus), ring_{bus.allocate(sizeof(Entry) << size_log), size_log,
                            static_cast<std::uint8_t>(__builtin_ctz(sizeof(Entry)))},
          record_(bus.allocate(sizeof(hw::mo_arm_rec), 64)) {}

    /// The next entry, if the device has written it.
    std::optional<Entry> pop() {
        auto& entry = bus_->template at<Entry>(ring_.address(consumer_));
        const auto* const bytes = reinterpret_cast<const std::uint8_t*>(&entry);
        const std::uint8_t last = __atomic_load_n(bytes + sizeof(Entry) - 1, __ATOMIC_ACQUIRE);
        if ((last & 1U) != ring_.phase(consumer_)) {
            return std::nullopt;
        }
        ++consumer_;
        return entry;
    }
    /// Stores the arm word, ordered before the look at the next entry that has to follow.
    void arm(std::uint32_t kind) {
        store(kind, ++sequence_);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    }
    /// Tells the consumer index while a request of `kind` is open.
    void acknowledge_open(std::uint32_t kind) { store(kind | MO_ARM_READ, sequence_); }
    /// Only tells the consumer index.
    void acknowledge() { store(MO_ARM_NONE, sequence_); }

    [[nodiscard]] std::uint64_t base() const noexcept { return ring_.base; }
    [[nodiscard]] std::uint64_t record() const noexcept { return record_; }
    [[nodiscard]] std::uint8_t size_log() const noexcept { return ring_.size_log; }
    [[nodiscard]] std::uint32_t consumer() const noexcept { return consumer_; }

  private:
    void store(std::uint32_t kind, std::uint32_t sequence) {
        using hw::__u32;
        using hw::__u64;
        auto& record = bus_->template at<hw::mo_arm_rec>(record_);
        Le<std::uint64_t> word(MO_ARM_WORD(consumer_, kind, sequence));
        __atomic_store(&record.arm, &word, __ATOMIC_RELEASE);
    }

    Bus* bus_;
    Ring ring_;
    std::uint64_t record_;
    std::uint32_t consumer_ = 0;
    std::uint32_t sequence_ = 0;
};

using EventRing = DeviceRing<hw::mo_eqe>;
using CompletionRing = DeviceRing<hw::mo_eth_cqe>;

class Driver {
  public:
    static constexpr std::uint8_t admin_log = 5;

    explicit Driver(Bus& bus) : bus_(bus) {}

    [[nodiscard]] Bus& bus() noexcept { return bus_; }
    [[nodiscard]] bool shadow() const noexcept { return shadow_; }

    std::uint32_t reg(std::uint32_t address) { return bus_.read32(MO_BAR_CTRL, address); }
    void set_reg(std::uint32_t address, std::uint32_t value) {
        bus_.write32(MO_BAR_CTRL, address, value);
    }

    /// Resets, negotiates and starts the admin queue.
    void bring_up(std::uint64_t features) {
        set_reg(reg::DEV_CONTROL, MO_DEV_CONTROL_RESET);
        while ((reg(reg::DEV_STATUS) & MO_DEV_STATUS_READY) == 0) {
            bus_.progress();
        }
        bus_.free_all();
        shadow_ = (features & hw::MO_F_SHADOW_DB) != 0;
        set_reg(reg::DEV_ACCEPT_LO, static_cast<std::uint32_t>(features));
        set_reg(reg::DEV_ACCEPT_HI, static_cast<std::uint32_t>(features >> 32U));
        commands_ = Ring{bus_.allocate(std::size_t{64} << admin_log), admin_log, 6};
        completions_ = Ring{bus_.allocate(std::size_t{64} << admin_log), admin_log, 6};
        record_ = bus_.allocate(sizeof(hw::mo_db_rec), 64);
        tail_ = rung_ = head_ = 0;
        const auto wide = [this](std::uint32_t address, std::uint64_t value) {
            set_reg(address, static_cast<std::uint32_t>(value));
            set_reg(address + 4, static_cast<std::uint32_t>(value >> 32U));
        };
        wide(reg::ADMIN_SQ_LO, commands_.base);
        wide(reg::ADMIN_CQ_LO, completions_.base);
        wide(reg::ADMIN_DB_LO, record_);
        set_reg(reg::ADMIN_SIZE, admin_log);
        set_reg(reg::ADMIN_VECTOR, 0);
        set_reg(reg::ADMIN_CONTROL, 1);
    }

    /// Puts a command into the ring; ring_admin() tells the device.
    void post(const hw::mo_cmd_desc& desc) {
        bus_.at<hw::mo_cmd_desc>(commands_.address(tail_)) = desc;
        ++tail_;
    }
    /// True: the register had to be written.
    bool ring_admin() {
        auto& record = bus_.at<hw::mo_db_rec>(record_);
        Le<std::uint32_t> tail(tail_); // clang's __atomic_store takes no const
        __atomic_store(&record.tail, &tail, __ATOMIC_RELEASE);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        Le<std::uint32_t> event;
        __atomic_load(&record.event, &event, __ATOMIC_ACQUIRE);
        const bool needed = !shadow_ || hw::mo_db_needed(event, tail_, rung_) != 0;
        rung_ = tail_;
        if (needed) {
            using hw::__u32;
            using hw::__u64;
            bus_.write64(MO_BAR_DB, hw::MO_DB_ADMIN, MO_DB_VALUE(0, tail_));
        }
        return needed;
    }
    std::optional<hw::mo_cmd_cqe> pop() {
        auto& entry = bus_.at<hw::mo_cmd_cqe>(completions_.address(head_));
        const auto phase = __atomic_load_n(&entry.phase, __ATOMIC_ACQUIRE);
        if ((phase & 1U) != completions_.phase(head_)) {
            return std::nullopt;
        }
        ++head_;
        return entry;
    }
    /// Waits for the next completion; all zero with status ~0 if none comes. By tries where the
    /// engine works within progress(); its own thread may have to wait long for a CPU.
    hw::mo_cmd_cqe wait(int tries = 100'000) {
        const auto end = std::chrono::steady_clock::now() + patience;
        for (int i = 0; i < tries || std::chrono::steady_clock::now() < end; ++i) {
            if (const auto entry = pop(); entry) {
                return *entry;
            }
            bus_.progress();
        }
        hw::mo_cmd_cqe none{};
        none.status = 0xffff;
        return none;
    }

    template <typename Body>
    static hw::mo_cmd_desc make(std::uint16_t opcode, const Body& body, std::uint16_t tag = 1,
                                std::uint8_t port = 0) {
        hw::mo_cmd_desc desc{};
        desc.hdr.opcode = opcode;
        desc.hdr.tag = tag;
        desc.hdr.port = port;
        static_assert(sizeof(body) <= sizeof(desc.body));
        std::memcpy(desc.body, &body, sizeof(body));
        return desc;
    }
    hw::mo_cmd_cqe call(const hw::mo_cmd_desc& desc) {
        post(desc);
        (void)ring_admin();
        return wait();
    }
    template <typename Body>
    hw::mo_cmd_cqe call(std::uint16_t opcode, const Body& body) {
        return call(make(opcode, body, ++tag_));
    }
    template <typename Body>
    hw::mo_status status(std::uint16_t opcode, const Body& body) {
        return static_cast<hw::mo_status>(call(opcode, body).status.value());
    }
    template <typename T>
    static T result(const hw::mo_cmd_cqe& entry) {
        T value;
        std::memcpy(static_cast<void*>(&value), entry.result, sizeof(T));
        return value;
    }

    /// Creates an event queue; 0: refused.
    std::uint32_t create_eq(const EventRing& ring, std::uint16_t vector,
                            std::uint16_t period_us = 0, std::uint16_t count = 0) {
        hw::mo_cmd_eq body{};
        body.ring = ring.base();
        body.rec = ring.record();
        body.vector = vector;
        body.size_log = ring.size_log();
        body.period_us = period_us;
        body.count = count;
        const auto done = call(hw::MO_CMD_EQ_CREATE, body);
        return done.status == hw::MO_ST_OK ? result<hw::mo_res_create>(done).object.value() : 0;
    }
    std::uint32_t create_cq(const CompletionRing& ring, std::uint32_t eq, std::uint32_t db_page = 0,
                            std::uint16_t period_us = 0, std::uint16_t count = 0) {
        hw::mo_cmd_cq body{};
        body.ring = ring.base();
        body.rec = ring.record();
        body.eq = eq;
        body.size_log = ring.size_log();
        body.entry_log = 5;
        body.period_us = period_us;
        body.count = count;
        body.db_page = db_page;
        const auto done = call(hw::MO_CMD_CQ_CREATE, body);
        return done.status == hw::MO_ST_OK ? result<hw::mo_res_create>(done).object.value() : 0;
    }

    void doorbell(hw::mo_doorbell kind, std::uint32_t object, std::uint32_t index,
                  std::uint32_t page = 0) {
        using hw::__u32;
        using hw::__u64;
        bus_.write64(MO_BAR_DB, std::uint64_t{page} * MO_DB_PAGE_SIZE + kind,
                     MO_DB_VALUE(object, index));
    }
    template <typename Entry>
    void arm(DeviceRing<Entry>& ring, hw::mo_doorbell kind, std::uint32_t object,
             std::uint32_t how = MO_ARM_NEXT) {
        ring.arm(how);
        if (!shadow_) {
            doorbell(kind, object, ring.consumer());
        }
    }

    [[nodiscard]] std::uint64_t record() const noexcept { return record_; }
    [[nodiscard]] std::uint32_t tail() const noexcept { return tail_; }
    void set_tail(std::uint32_t tail) noexcept { tail_ = tail; }

  private:
    Bus& bus_;
    Ring commands_;
    Ring completions_;
    std::uint64_t record_ = 0;
    std::uint32_t tail_ = 0;
    std::uint32_t rung_ = 0;
    std::uint32_t head_ = 0;
    std::uint16_t tag_ = 0;
    bool shadow_ = false;
};

} // namespace mo::nic::test
