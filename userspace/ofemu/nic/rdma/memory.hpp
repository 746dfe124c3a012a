// SPDX-License-Identifier: GPL-2.0-or-later
// From keys and addresses to bytes in this process: what a packet's payload is read from or
// written to. Each packet resolves its own part, so what a key opens is decided packet by packet.
//
// Spans are valid until the engine's round ends; nobody keeps them beyond the call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "fabric/piece_cursor.hpp"
#include "nic/dma_access.hpp"
#include "nic/rdma/mr.hpp"
#include "nic/rdma/wqe.hpp"

namespace mo::nic::rdma {

enum class MemoryFault : std::uint8_t {
    none,
    refused, ///< by the key
    dma,     ///< the host's memory cannot be reached
};

/// Scattered bytes of guest memory.
class SpanList {
  public:
    /// Leaves room in a frame for what follows the payload.
    static constexpr std::size_t capacity = fabric::max_body_pieces - 8;

    void clear() noexcept { size_ = 0; }
    [[nodiscard]] bool push(std::span<std::byte> piece) noexcept {
        if (size_ == capacity) {
            return false;
        }
        pieces_[size_++] = piece;
        return true;
    }
    [[nodiscard]] std::span<const std::span<std::byte>> pieces() const noexcept {
        return std::span(pieces_).first(size_);
    }

  private:
    std::array<std::span<std::byte>, capacity> pieces_;
    std::size_t size_ = 0;
};

/// Place in the SGEs of an entry.
struct SgCursor {
    std::uint32_t offset = 0; ///< from the start of the message
    std::uint32_t in_sge = 0;
    std::uint8_t index = 0;
};

class Memory {
  public:
    Memory(DmaAccess& dma, const KeyTable& keys) noexcept : dma_(dma), keys_(keys) {}

    /// Appends `length` bytes at `address` of the region of `key` to `out`.
    [[nodiscard]] MemoryFault resolve(std::uint32_t key, const KeyUser& user,
                                      const KeyAccess& access, SpanList& out);

    /// The bytes [offset, offset + length) of the SGEs of an entry, which lie inside; leaves
    /// `place` behind them. `rights`: MO_ACCESS_LOCAL_WRITE to write, 0 to read.
    [[nodiscard]] MemoryFault resolve(const Wqe& wqe, const KeyUser& user, std::uint8_t rights,
                                      std::uint32_t offset, std::uint32_t length, SgCursor& place,
                                      SpanList& out);

    /// May the whole data of an entry be accessed, as far as keys decide?
    [[nodiscard]] bool permits(const Wqe& wqe, const KeyUser& user,
                               std::uint8_t rights) const noexcept;

    /// Copies from a packet's payload into resolved memory; both are equally long.
    void copy(fabric::PieceCursor from, const SpanList& to);

    /// The fault behind the last MemoryFault::dma.
    [[nodiscard]] const pcie::DmaFault& last_fault() const noexcept { return fault_; }
    [[nodiscard]] DmaAccess::Section& section() { return dma_.section(); }

  private:
    DmaAccess& dma_;
    const KeyTable& keys_;
    pcie::DmaFault fault_{};
};

} // namespace mo::nic::rdma
