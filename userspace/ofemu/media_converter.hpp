// SPDX-License-Identifier: GPL-2.0-or-later
// MediaConverter: what stands between a foreign peer's copper and our fibre: an optical port that
// is always on, at a fixed mode, without firmware. It makes light, adapts to light, and its PCS
// tells the partner when it does not receive.
#pragma once

#include <cstdint>
#include <string>

#include "engine/engine.hpp"
#include "optics/port.hpp"

namespace mo::ofemu {

class MediaConverter final : public engine::Worker {
  public:
    /// Switches on. `serial` is its module's.
    MediaConverter(const std::string& serial, std::uint64_t seed, engine::Engine& engine);
    MediaConverter(const MediaConverter&) = delete;
    MediaConverter& operator=(const MediaConverter&) = delete;
    ~MediaConverter();

    [[nodiscard]] optics::Port& port() noexcept { return port_; }

    // Worker
    bool poll(std::uint64_t now_ns, unsigned budget) override;
    [[nodiscard]] std::uint64_t next_deadline_ns(std::uint64_t now_ns) override;

  private:
    void switch_on(std::uint64_t now_ns);
    void adapt(std::uint64_t now_ns);

    engine::Engine& engine_;
    optics::Port port_;
};

} // namespace mo::ofemu
