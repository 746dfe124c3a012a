// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/area.hpp"

#include <algorithm>
#include <atomic>

#include "nic/counters.hpp"
#include "nic/ring.hpp"

namespace mo::nic {

namespace {

constexpr std::array area_sizes{
#define X(name, index, type, text) sizeof(hw::type),
    MO_AREAS(X)
#undef X
};

constexpr std::uint64_t ns_per_us = 1000;

template <typename T>
std::span<const std::byte> bytes_of(const T& value) noexcept {
    return std::as_bytes(std::span<const T, 1>(&value, 1));
}

} // namespace

hw::mo_status AreaSet::set(std::uint8_t port, const hw::mo_cmd_area& body, std::uint64_t now_ns) {
    static_assert(area_sizes.size() == kinds);
    const std::uint32_t area = body.area;
    const std::uint64_t address = body.addr;
    if (body.rsvd != 0) {
        return hw::MO_ST_RESERVED;
    }
    if (area >= kinds) {
        return hw::MO_ST_BAD_PARAM;
    }
    Slot& slot = slots_[port][area];
    if (address == 0) {
        slot = Slot{};
        return hw::MO_ST_OK;
    }
    const std::uint32_t period_us = body.period_us;
    if (address % record_alignment != 0 || body.len < area_sizes[area] ||
        address + body.len < address || (period_us != 0 && period_us < MO_AREA_PERIOD_MIN_US)) {
        return hw::MO_ST_BAD_PARAM;
    }
    const auto reachable = dma_->check(address, area_sizes[area], pcie::Access::write);
    if (!reachable) {
        return hw::MO_ST_DMA_FAULT;
    }
    slot.address = address;
    slot.period_ns = period_us * ns_per_us;
    slot.due_ns = period_us == 0 ? never : now_ns + slot.period_ns;
    slot.changed = true;
    return hw::MO_ST_OK;
}

hw::mo_status AreaSet::sync(std::uint8_t port, std::uint32_t area, std::uint64_t now_ns) {
    if (area >= kinds) {
        return hw::MO_ST_BAD_PARAM;
    }
    if (slots_[port][area].address == 0) {
        return hw::MO_ST_BAD_STATE;
    }
    return write(port, area, now_ns) ? hw::MO_ST_OK : hw::MO_ST_DMA_FAULT;
}

bool AreaSet::poll(std::uint64_t now_ns) {
    bool any = false;
    for (std::uint8_t port = 0; port < MO_MAX_PORTS; ++port) {
        for (std::uint32_t area = 0; area < kinds; ++area) {
            Slot& slot = slots_[port][area];
            if (slot.address != 0 && (slot.changed || now_ns >= slot.due_ns)) {
                any = true;
                if (write(port, area, now_ns) && slot.period_ns != 0) {
                    slot.due_ns = now_ns + slot.period_ns;
                }
            }
        }
    }
    return any;
}

std::uint64_t AreaSet::next_deadline_ns() const noexcept {
    std::uint64_t next = never;
    for (const auto& port : slots_) {
        for (const Slot& slot : port) {
            if (slot.address != 0) {
                next = slot.changed ? 0 : std::min(next, slot.due_ns);
            }
        }
    }
    return next;
}

bool AreaSet::write(std::uint8_t port, std::uint32_t area, std::uint64_t now_ns) {
    Slot& slot = slots_[port][area];
    slot.changed = false;
    ++slot.generation;
    const auto filled = [&](auto block, auto fill) {
        fill(block);
        block.gen = slot.generation;
        block.gen_end = slot.generation;
        return put(slot, bytes_of(block));
    };
    switch (area) {
    case hw::MO_AREA_LINK:
        return filled(hw::mo_link_state{}, [&](auto& b) { source_.fill_link(port, b, now_ns); });
    case hw::MO_AREA_HEALTH:
        return filled(hw::mo_health{}, [&](auto& b) { source_.fill_health(b, now_ns); });
    case hw::MO_AREA_STATS:
        return filled(hw::mo_port_stats{}, [&](auto& b) { source_.fill_stats(port, b, now_ns); });
    case hw::MO_AREA_OPTICS:
        return filled(hw::mo_optics{}, [&](auto& b) { source_.fill_optics(port, b, now_ns); });
    default:
        return filled(hw::mo_rdma_stats{},
                      [&](auto& b) { source_.fill_rdma_stats(port, b, now_ns); });
    }
}

bool AreaSet::put(Slot& slot, std::span<const std::byte> bytes) {
    // First and last word are the generation; the order is first, contents, last.
    constexpr std::size_t word = sizeof(std::uint32_t);
    const Le<std::uint32_t> generation(slot.generation);
    auto& dma = dma_.section();
    auto done = dma.store_release(slot.address, generation);
    if (done) {
        std::atomic_thread_fence(std::memory_order_release);
        done = dma.write(slot.address + word, bytes.subspan(word, bytes.size() - 2 * word));
    }
    if (done) {
        done = dma.store_release(slot.address + bytes.size() - word, generation);
    }
    if (!done && done.error().reason == pcie::DmaFaultReason::bus_master) {
        slot.changed = true; // again when it is switched on
        return false;
    }
    if (!done) {
        slot = Slot{}; // the host took the memory away: no second fault
        sink_.report_dma_fault(0, done.error());
        return false;
    }
    sink_.event_counters().area_writes.add();
    return true;
}

} // namespace mo::nic
