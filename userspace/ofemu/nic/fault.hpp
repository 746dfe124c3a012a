// SPDX-License-Identifier: GPL-2.0-or-later
// Liar: makes the device lie to its driver, for tests of the driver's bounds. One mode at a time,
// switched on and off by the control socket; costs one relaxed load per entry while off.
//
// Threads: the engine twists, any thread sets the mode.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "common/counter.hpp"
#include "common/hw.hpp"
#include "pcie/msix.hpp"

namespace mo::nic {

/// X(name, name on the command line, text)
#define MO_LIES(X)                                                                                 \
    X(none, "off", "tell the truth")                                                               \
    X(cqe_index, "cqe-index", "ethernet completions: index far outside of the ring")               \
    X(cqe_length, "cqe-length", "receive completions: more bytes than the buffers hold")           \
    X(cqe_segments, "cqe-segments", "receive completions: 255 or 0 buffers")                       \
    X(cqe_type, "cqe-type", "ethernet completions: unknown type")                                  \
    X(cqe_phase, "cqe-phase", "ethernet completions: wrong phase bit")                             \
    X(event_object, "event-object", "events: number of an object that does not exist")             \
    X(event_type, "event-type", "events: unknown type")                                            \
    X(admin_tag, "admin-tag", "admin completions: tag that no command has")                        \
    X(admin_status, "admin-status", "admin completions: unknown status")                           \
    X(admin_result, "admin-result", "admin completions: result of all ones")                       \
    X(admin_phase, "admin-phase", "admin completions: wrong phase bit")                            \
    X(irq_lost, "irq-lost", "interrupts: not raised")                                              \
    X(irq_doubled, "irq-doubled", "interrupts: raised, and once more for nothing")                 \
    X(irq_vector, "irq-vector", "interrupts: raised on the next vector instead")

enum class Lie : std::uint8_t {
#define X(name, option, text) name,
    MO_LIES(X)
#undef X
};

struct LieName {
    Lie lie;
    std::string_view option;
    std::string_view text;
};

inline constexpr std::array lie_names{
#define X(name, option, text) LieName{Lie::name, option, text},
    MO_LIES(X)
#undef X
};

/// The mode of that name; nullopt: none.
[[nodiscard]] std::optional<Lie> find_lie(std::string_view option);

class Liar {
  public:
    /// Twists every `every`-th entry (at least 1) that the mode applies to.
    void set(Lie lie, std::uint32_t every = 1) noexcept;
    [[nodiscard]] Lie mode() const noexcept { return mode_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t told() const noexcept { return told_.value(); }

    void twist_completion(std::span<std::byte> entry) noexcept {
        if (mode() != Lie::none) {
            change_completion(entry);
        }
    }
    void twist_event(hw::mo_eqe& event) noexcept {
        if (mode() != Lie::none) {
            change_event(event);
        }
    }
    void twist_admin(hw::mo_cmd_cqe& entry) noexcept {
        if (mode() != Lie::none) {
            change_admin(entry);
        }
    }

    [[nodiscard]] pcie::MsixVectors::Fate interrupt() noexcept {
        return mode() == Lie::none ? pcie::MsixVectors::Fate::raised : change_interrupt();
    }

  private:
    [[nodiscard]] pcie::MsixVectors::Fate change_interrupt() noexcept;
    void change_completion(std::span<std::byte> entry) noexcept;
    void change_event(hw::mo_eqe& event) noexcept;
    void change_admin(hw::mo_cmd_cqe& entry) noexcept;
    [[nodiscard]] bool due() noexcept;

    std::atomic<Lie> mode_{Lie::none};
    std::atomic<std::uint32_t> every_{1};
    std::atomic<std::uint32_t> seen_{0};
    Counter told_;
};

} // namespace mo::nic
