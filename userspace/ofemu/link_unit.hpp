// SPDX-License-Identifier: GPL-2.0-or-later
// LinkUnit: a link of the configuration: fabric::Link for frames, optics::Fibre for light, and the
// rule that joins them: a frame passes while both MAC gates are open and the light carries it.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "common/json.hpp"
#include "config.hpp"
#include "engine/engine.hpp"
#include "fabric/ideal_port.hpp"
#include "fabric/link.hpp"
#include "optics/fibre.hpp"
#include "optics/port.hpp"

namespace mo::ofemu {

class LinkUnit final : public engine::Worker, private fabric::PathQuality {
  public:
    LinkUnit(const Config& config, const LinkEntry& entry, engine::Engine& engine);
    LinkUnit(const LinkUnit&) = delete;
    LinkUnit& operator=(const LinkUnit&) = delete;
    ~LinkUnit();

    /// Puts a port at an end; `gate` is the MAC's, nullptr one that is always open. Both outlive
    /// the link's use.
    void connect(fabric::End end, optics::Port& port, const fabric::Gate* gate);
    /// Puts an ideal port at an end, as at the other: there is no light then, and frames pass
    /// while the fibre is whole. All outlive the link's use.
    void connect(fabric::End end, fabric::IdealPort& port, const fabric::Gate* gate);
    /// Ideal ports are at its ends.
    [[nodiscard]] bool ideal() const noexcept {
        return ideal_[0] != nullptr || ideal_[1] != nullptr;
    }
    /// What is sent from an end reaches the other.
    [[nodiscard]] bool open(fabric::End from, std::uint64_t now_ns);
    /// Takes both ends away, before what is there ends.
    void disconnect();

    [[nodiscard]] const std::string& name() const noexcept { return link_.name(); }
    [[nodiscard]] const LinkEntry& entry() const noexcept { return entry_; }
    [[nodiscard]] fabric::Link& link() noexcept { return link_; }
    [[nodiscard]] optics::Fibre& fibre() noexcept { return fibre_; }

    /// As Node's. With the engine paused.
    [[nodiscard]] Json describe(std::uint64_t now_ns);
    [[nodiscard]] Json counters() const;

    // Worker, on call
    bool poll(std::uint64_t now_ns, unsigned budget) override;
    [[nodiscard]] std::uint64_t next_deadline_ns(std::uint64_t now_ns) override;

  private:
    // fabric::PathQuality
    [[nodiscard]] fabric::PathState state(fabric::End from) override;
    void under_way() override { engine_.call(*this); }
    void show_ideal_ends();
    [[nodiscard]] bool whole(fabric::End from) const;

    LinkEntry entry_;
    engine::Engine& engine_;
    optics::Fibre fibre_;
    fabric::Link link_;
    std::array<const fabric::Gate*, 2> gates_{};
    std::array<fabric::IdealPort*, 2> ideal_{};
};

} // namespace mo::ofemu
