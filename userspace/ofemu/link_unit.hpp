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
#include "fabric/capture.hpp"
#include "fabric/link.hpp"
#include "nic/queue_env.hpp"
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
    void connect(fabric::End end, optics::Port& port, const nic::PortState* gate);
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

    LinkEntry entry_;
    engine::Engine& engine_;
    optics::Fibre fibre_;
    fabric::Link link_;
    std::array<const nic::PortState*, 2> gates_{};
};

} // namespace mo::ofemu
