// SPDX-License-Identifier: GPL-2.0-or-later
// HostQueue: what transmit and receive queues share: ring of 16-byte descriptors in guest memory,
// doorbell record, indexes with their bounds, completions, and stopping by an error.
//
// Engine thread only.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/hw.hpp"
#include "nic/queue_env.hpp"
#include "nic/ring.hpp"

namespace mo::nic::eth {

/// log2 of the bytes of a descriptor.
inline constexpr std::uint8_t descriptor_log = 4;

struct QueueConfig {
    Ring ring;
    std::uint64_t record = 0; ///< bus address of its mo_db_rec
    std::uint32_t object = 0;
    std::uint8_t port = 0;
    CompletionQueue* cq = nullptr; ///< attached already; the queue's owner detaches it
};

/// A descriptor as it lies in the ring.
struct Descriptor {
    alignas(8) std::array<std::byte, 1U << descriptor_log> bytes;

    template <typename T>
    [[nodiscard]] T as() const noexcept {
        return std::bit_cast<T>(bytes);
    }
};

class HostQueue {
  public:
    HostQueue(const QueueConfig& config, QueueEnv& env) noexcept : config_(config), env_(env) {}
    HostQueue(const HostQueue&) = delete;
    HostQueue& operator=(const HostQueue&) = delete;
    ~HostQueue() = default;

    [[nodiscard]] std::uint32_t object() const noexcept { return config_.object; }
    [[nodiscard]] CompletionQueue& cq() noexcept { return *config_.cq; }
    [[nodiscard]] bool working() const noexcept { return error_ == hw::MO_QERR_NONE; }
    [[nodiscard]] hw::mo_queue_error error() const noexcept { return error_; }
    [[nodiscard]] std::uint32_t tail() const noexcept { return tail_; }
    [[nodiscard]] std::uint32_t head() const noexcept { return head_; }
    /// Descriptors that the host has posted and the device has not consumed.
    [[nodiscard]] std::uint32_t available() const noexcept { return tail_ - head_; }

    /// Tail from a doorbell write. An older one than that known is harmless.
    void doorbell(std::uint32_t index);
    /// With shadow doorbells: looks at the record's tail. True if it moved.
    bool refresh_tail();
    /// Stores the event index.
    void store_event(std::uint32_t index);

    /// `count` descriptors from `index` on; `index` .. `index + count` lies between head and tail
    /// and count is at most fetch_window. Empty: DMA failed, the queue has stopped.
    std::span<const Descriptor> fetch(std::uint32_t index, std::uint32_t count);
    void consume(std::uint32_t count) noexcept { head_ += count; }

    /// Writes a completion; false: the completion queue failed and this one has stopped.
    bool post(const hw::mo_eth_cqe& completion);

    /// Stops the queue and tells the host; later calls do nothing.
    void stop(hw::mo_queue_error why);
    /// The same after a refused DMA access.
    void stop(const pcie::DmaFault& fault);

    static constexpr std::uint32_t fetch_window = 64;

  protected:
    [[nodiscard]] QueueEnv& env() noexcept { return env_; }
    [[nodiscard]] DmaAccess::Section& dma() { return env_.dma().section(); }

  private:
    void accept_tail(std::uint32_t tail);

    QueueConfig config_;
    QueueEnv& env_;
    std::uint32_t tail_ = 0;
    std::uint32_t head_ = 0;
    hw::mo_queue_error error_ = hw::MO_QERR_NONE;
    std::uint32_t window_begin_ = 0; ///< index of the first descriptor in window_
    std::uint32_t window_count_ = 0;
    std::array<Descriptor, fetch_window> window_;
};

} // namespace mo::nic::eth
