// SPDX-License-Identifier: GPL-2.0-or-later
// MsixVectors: delivers message-signalled interrupts by eventfd, or by callback in process.
//
// Table, masks and pending bits live in the client (QEMU, or the kernel's VFIO): the server never
// sees them under QEMU, so they do not gate delivery here.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "common/counter.hpp"
#include "common/fd.hpp"
#include "common/grace.hpp"
#include "common/result.hpp"

namespace mo::pcie {

class MsixVectors {
  public:
    using Callback = std::function<void(std::uint32_t vector)>;
    /// What becomes of an interrupt that the device noted.
    enum class Fate : std::uint8_t { raised, lost, doubled, elsewhere };

    explicit MsixVectors(std::uint32_t count);
    MsixVectors(const MsixVectors&) = delete;
    MsixVectors& operator=(const MsixVectors&) = delete;
    ~MsixVectors();

    [[nodiscard]] std::uint32_t count() const noexcept {
        return static_cast<std::uint32_t>(vectors_.size());
    }

    // Control thread.

    /// Binds an eventfd, instead of an earlier one. EINVAL: no such vector.
    Result<void> bind(std::uint32_t vector, Fd eventfd);
    /// Delivers nothing to [start, start + count) any more; closes the eventfds when no raise()
    /// can still use them. EINVAL: beyond the last vector.
    Result<void> unbind(std::uint32_t start, std::uint32_t count);
    void unbind_all();
    /// Refuses or allows all interrupts (bus mastering, power state).
    void set_enabled(bool enabled);
    /// In-process delivery, in the raising thread, to every vector, in place of eventfds; an empty
    /// function ends it. Set before data-plane threads run.
    void set_callback(Callback callback);
    /// Asked for each interrupt that is noted, in the noting thread. Set before data-plane threads
    /// run.
    void set_twist(std::function<Fate()> twist) { twist_ = std::move(twist); }

    // Any thread.

    /// Signals `vector`. One that is out of range, unbound or disabled is counted and dropped.
    void raise(std::uint32_t vector) noexcept;

    /// Has the next raise_noted() signal `vector`; once, however often it is noted.
    void note(std::uint32_t vector) noexcept;
    /// Signals what was noted. Each costs a system call that may wake its receiver on this CPU, so
    /// hold no lock that others wait for.
    void raise_noted() noexcept;

    [[nodiscard]] bool bound(std::uint32_t vector) const noexcept;
    /// Interrupts delivered on `vector` since the start; 0 if there is no such vector.
    [[nodiscard]] std::uint64_t delivered(std::uint32_t vector) const noexcept;
    [[nodiscard]] std::uint64_t delivered_total() const noexcept { return delivered_.value(); }
    [[nodiscard]] std::uint64_t dropped_total() const noexcept { return dropped_.value(); }

  private:
    struct Vector {
        std::atomic<int> eventfd{-1};
        Counter delivered;
    };

    GracePeriod grace_;
    std::vector<Vector> vectors_;
    void note_truly(std::uint32_t vector) noexcept;

    std::vector<std::atomic<std::uint64_t>> noted_; // a bit per vector
    std::vector<std::atomic<std::uint64_t>> again_; // by the next raise_noted() but one
    std::atomic<bool> enabled_{false};
    Callback callback_;
    std::function<Fate()> twist_;
    Counter delivered_, dropped_;
    std::mutex writer_;
};

} // namespace mo::pcie
