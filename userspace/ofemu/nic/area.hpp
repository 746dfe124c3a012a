// SPDX-License-Identifier: GPL-2.0-or-later
// AreaSet: blocks of host memory that the device writes on its own (driver/hw/stats.h, link.h):
// link state, health, counters. Each carries a generation count at both ends, so a reader that
// sees the same one twice has a consistent copy.
//
// Engine thread only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/hw.hpp"
#include "nic/dma_access.hpp"
#include "nic/event_sink.hpp"

namespace mo::nic {

/// Where the contents of areas come from. `out` is zeroed; generation words are the set's part.
class AreaSource {
  public:
    virtual void fill_link(std::uint8_t port, hw::mo_link_state& out, std::uint64_t now_ns) = 0;
    virtual void fill_optics(std::uint8_t port, hw::mo_optics& out, std::uint64_t now_ns) = 0;
    virtual void fill_health(hw::mo_health& out, std::uint64_t now_ns) = 0;
    virtual void fill_stats(std::uint8_t port, hw::mo_port_stats& out, std::uint64_t now_ns) = 0;
    virtual void fill_rdma_stats(std::uint8_t port, hw::mo_rdma_stats& out,
                                 std::uint64_t now_ns) = 0;

  protected:
    ~AreaSource() = default;
};

class AreaSet {
  public:
    AreaSet(AreaSource& source, DmaAccess& dma, EventSink& sink) noexcept
        : source_(source), dma_(dma), sink_(sink) {}

    /// AREA_SET: checks and takes (or takes back, address 0) an area.
    [[nodiscard]] hw::mo_status set(std::uint8_t port, const hw::mo_cmd_area& body,
                                    std::uint64_t now_ns);
    /// AREA_SYNC: writes it now.
    [[nodiscard]] hw::mo_status sync(std::uint8_t port, std::uint32_t area, std::uint64_t now_ns);

    /// What an area shows has changed: it is written in poll(), however often that is said.
    void changed(hw::mo_area area) noexcept {
        for (auto& port : slots_) {
            port[area].changed = true;
        }
    }
    /// Writes what is due. True: something was written.
    bool poll(std::uint64_t now_ns);
    [[nodiscard]] std::uint64_t next_deadline_ns() const noexcept;
    /// Takes all areas back (reset).
    void clear() noexcept { slots_ = {}; }

  private:
    static constexpr std::size_t kinds = 5;
    static constexpr std::uint64_t never = ~std::uint64_t{0};
    struct Slot {
        std::uint64_t address = 0; ///< 0: not set
        std::uint64_t period_ns = 0;
        std::uint64_t due_ns = never;
        std::uint32_t generation = 0;
        bool changed = false;
    };

    [[nodiscard]] bool write(std::uint8_t port, std::uint32_t area, std::uint64_t now_ns);
    [[nodiscard]] bool put(Slot& slot, std::span<const std::byte> bytes);

    AreaSource& source_;
    DmaAccess& dma_;
    EventSink& sink_;
    std::array<std::array<Slot, kinds>, MO_MAX_PORTS> slots_{};
};

} // namespace mo::nic
