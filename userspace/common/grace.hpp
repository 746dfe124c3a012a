// SPDX-License-Identifier: GPL-2.0-or-later
// GracePeriod: readers in short sections, writers that wait until every section which may still
// see what they unpublished has ended (sleepable RCU with two phases).
//
// Readers never wait, so sections nest and sections of several instances may be held at once
// without a lock order. A writer inside a section of the same instance waits for itself: do not.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <utility>

namespace mo {

class GracePeriod {
  public:
    class Section {
      public:
        Section(const Section&) = delete;
        Section& operator=(const Section&) = delete;
        Section(Section&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}
        Section& operator=(Section&&) = delete;
        ~Section() {
            if (slot_ != nullptr) {
                slot_->fetch_sub(1, std::memory_order_release);
            }
        }

      private:
        friend class GracePeriod;
        explicit Section(std::atomic<std::uint32_t>* slot) noexcept : slot_(slot) {}
        std::atomic<std::uint32_t>* slot_;
    };

    /// Begins a read section. Load what the writer publishes after this call, with
    /// memory_order_seq_cst. Keep sections below 1 ms: a writer waits for them.
    [[nodiscard]] Section enter() const noexcept {
        std::atomic<std::uint32_t>& slot = active_[phase_.load(std::memory_order_seq_cst) & 1U];
        slot.fetch_add(1, std::memory_order_seq_cst);
        return Section(&slot);
    }

    /// Returns when every section that began before the call has ended. Publish first, with
    /// memory_order_seq_cst. Writers are serialised among themselves.
    void synchronise() const;

  private:
    void wait_empty(std::uint32_t index) const;

    mutable std::array<std::atomic<std::uint32_t>, 2> active_{};
    mutable std::atomic<std::uint32_t> phase_{0};
    mutable std::mutex writers_;
};

} // namespace mo
