// SPDX-License-Identifier: GPL-2.0-or-later
// ForeignUnit: a foreign peer of the configuration: its stream socket, and the media converter by
// which it hangs on the fibre.
#pragma once

#include <memory>
#include <string>

#include "config.hpp"
#include "engine/engine.hpp"
#include "fabric/stream.hpp"
#include "link_unit.hpp"
#include "media_converter.hpp"

namespace mo::ofemu {

class ForeignUnit final : public engine::Worker {
  public:
    ForeignUnit(const Config& config, const ForeignEntry& entry, engine::Engine& engine);
    ForeignUnit(const ForeignUnit&) = delete;
    ForeignUnit& operator=(const ForeignUnit&) = delete;
    ~ForeignUnit();

    /// Listens on the peer's socket and joins an end of a link, which outlives this.
    Result<void> join(LinkUnit& link, fabric::End end);

    [[nodiscard]] const std::string& name() const noexcept { return entry_.name; }
    /// nullptr before join().
    [[nodiscard]] const fabric::StreamEndpoint* stream() const noexcept { return stream_.get(); }

    // Worker
    bool poll(std::uint64_t now_ns, unsigned budget) override;
    void finish_round(std::uint64_t now_ns) override;
    [[nodiscard]] std::uint64_t next_deadline_ns(std::uint64_t /*now_ns*/) override {
        return fabric::no_deadline;
    }
    void add_wait_fds(std::vector<pollfd>& fds) const override;

  private:
    ForeignEntry entry_;
    engine::Engine& engine_;
    MediaConverter converter_;
    std::unique_ptr<fabric::StreamEndpoint> stream_;
    std::uint64_t next_look_ns_ = 0;
};

} // namespace mo::ofemu
