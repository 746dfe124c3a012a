// SPDX-License-Identifier: GPL-2.0-or-later
// DmaAccess: the read section of a NIC's guest memory for the present round of the engine. Opened
// by the first access of a round, closed by the engine at its end, so that a burst of descriptors
// costs one section and an unmap waits for one round at most.
//
// Engine thread only.
#pragma once

#include <optional>

#include "pcie/dma_map.hpp"

namespace mo::nic {

class DmaAccess {
  public:
    using Section = pcie::DmaMap::ReadSection;

    explicit DmaAccess(const pcie::DmaMap& map) noexcept : map_(map) {}
    DmaAccess(const DmaAccess&) = delete;
    DmaAccess& operator=(const DmaAccess&) = delete;
    ~DmaAccess() = default;

    /// Access to guest memory, valid until the round ends: never keep it, nor a span that it gave,
    /// across a return to the engine.
    [[nodiscard]] Section& section() {
        if (!section_.has_value()) {
            section_.emplace(Opener{map_});
        }
        return *section_;
    }
    /// Shorthand.
    [[nodiscard]] Section* operator->() { return &section(); }

    /// Bus mastering is on, and stays so in this round: access is refused for no other reason than
    /// its address.
    [[nodiscard]] bool allowed() { return section().bus_master(); }

    /// The engine's part: nothing of this round refers to guest memory any more.
    void end_round() noexcept { section_.reset(); }

  private:
    /// Makes the section in its place: it can be neither copied nor moved.
    struct Opener {
        const pcie::DmaMap& map;
        operator Section() const { return map.enter(); } // NOLINT(google-explicit-constructor)
    };

    const pcie::DmaMap& map_;
    std::optional<Section> section_;
};

} // namespace mo::nic
