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
#include "node.hpp"

namespace mo::ofemu {

extern const NodeKind foreign_kind;

/// A NIC of somebody else (QEMU's stream socket) that joins the fabric.
struct ForeignEntry final : NodeEntry {
    ForeignEntry() : NodeEntry(foreign_kind) {}

    std::string socket;
};

class ForeignUnit final : public Node, public engine::Worker {
  public:
    ForeignUnit(const Config& config, const ForeignEntry& entry, engine::Engine& engine);
    ForeignUnit(const ForeignUnit&) = delete;
    ForeignUnit& operator=(const ForeignUnit&) = delete;
    ~ForeignUnit() override;

    // Node
    [[nodiscard]] const ForeignEntry& entry() const noexcept override { return entry_; }
    /// Listens on the peer's socket, too.
    Result<void> join(unsigned port, LinkUnit& link, fabric::End end) override;
    [[nodiscard]] Json describe(std::uint64_t now_ns) override;
    [[nodiscard]] Json counters() override;

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
