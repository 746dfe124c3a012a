// SPDX-License-Identifier: GPL-2.0-or-later
// ArmedRing: the device's end of a ring in guest memory that comes with an arm word
// (driver/hw/db.h). Writes entries, and knows from the arm word how far the host has read and
// what it asked for. What a full ring or a refused access means is the owner's business.
//
// Engine thread only.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/hw.hpp"
#include "nic/arm_word.hpp"
#include "nic/dma_access.hpp"
#include "nic/entry.hpp"
#include "nic/ring.hpp"

namespace mo::nic {

class ArmedRing {
  public:
    /// @param record bus address of the ring's mo_arm_rec
    ArmedRing(const Ring& ring, std::uint64_t record, DmaAccess& dma) noexcept
        : ring_(ring), record_(record), dma_(dma) {}

    /// Bytes of an entry.
    [[nodiscard]] std::size_t entry_size() const noexcept {
        return std::size_t{1} << ring_.entry_log;
    }
    /// Entries written since the creation.
    [[nodiscard]] std::uint32_t producer() const noexcept { return producer_; }
    /// Index of the first entry that the host has not read, as its arm word said last.
    [[nodiscard]] std::uint32_t consumer() const noexcept { return consumer_; }
    [[nodiscard]] std::uint32_t waiting() const noexcept { return producer_ - consumer_; }
    /// Phase bit of the next entry.
    [[nodiscard]] std::uint8_t phase() const noexcept { return ring_.phase(producer_); }

    /// Whether one more entry fits and `kept` stay free behind it; asks the host only when it seems
    /// not to.
    [[nodiscard]] pcie::DmaResult<bool> has_room(std::uint32_t kept = 0) {
        if (waiting() + kept < ring_.entries()) {
            return true;
        }
        if (const auto word = load(); !word) {
            return Unexpected{word.error()};
        }
        return waiting() + kept < ring_.entries();
    }

    /// Writes the next entry, of entry_size() bytes with phase() in its last one.
    pcie::DmaResult<void> append(std::span<const std::byte> entry) {
        auto written = write_entry(dma_.section(), ring_.address(producer_), entry);
        if (written) {
            ++producer_;
        }
        return written;
    }

    /// The arm word, as it is once all entries are to be seen: db.h has the device store entries
    /// before it loads the arm word; the host does the reverse.
    [[nodiscard]] pcie::DmaResult<std::uint64_t> load_behind_entries() {
        std::atomic_thread_fence(std::memory_order_seq_cst);
        return load();
    }

    /// Does the arm word ask for a signal that has not been given? See ArmState.
    [[nodiscard]] bool wants(std::uint64_t word, bool any, bool solicited) const noexcept {
        return arm_.wants(word, any, solicited);
    }
    void answer(std::uint64_t word) noexcept { arm_.answer(word); }

  private:
    pcie::DmaResult<std::uint64_t> load() {
        const auto loaded = dma_->load_acquire<Le<std::uint64_t>>(record_);
        if (!loaded) {
            return Unexpected{loaded.error()};
        }
        const std::uint64_t word = loaded->value();
        const std::uint32_t consumer = MO_ARM_CI(word);
        if (producer_ - consumer <= ring_.entries()) {
            consumer_ = consumer; // else nonsense: what the host said before stands
        }
        return word;
    }

    Ring ring_;
    std::uint64_t record_;
    DmaAccess& dma_;
    ArmState arm_;
    std::uint32_t producer_ = 0;
    std::uint32_t consumer_ = 0;
};

} // namespace mo::nic
