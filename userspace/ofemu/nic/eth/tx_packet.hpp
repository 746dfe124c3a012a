// SPDX-License-Identifier: GPL-2.0-or-later
// TxPacket: from the descriptors of one packet to the frame that goes out: every field checked,
// headers fetched, checksum and VLAN tag inserted, payload left in guest memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/hw.hpp"
#include "fabric/frame.hpp"
#include "pcie/dma_map.hpp"

namespace mo::nic::eth {

/// Longest frame that is sent without segmentation.
inline constexpr std::uint32_t max_tx_frame = MO_ETH_MAX_FRAME;

/// Why a packet cannot be sent. MO_QERR_DESC: its descriptors make no sense, which costs the packet
/// alone. MO_QERR_DMA: its memory cannot be read, which the host has to repair: the queue stops.
struct TxFault {
    hw::mo_queue_error why = hw::MO_QERR_NONE;
    std::optional<pcie::DmaFault> dma; ///< with MO_QERR_DMA
};

/// Working memory of one packet at a time; its frame points into it.
class TxPacket {
  public:
    using Section = pcie::DmaMap::ReadSection;

    /// Builds the frame of `packet` and its `segments`, which were copied from the ring. The frame
    /// is valid until the next build() and while `dma` lives.
    [[nodiscard]] TxFault build(const hw::mo_tx_pkt& packet,
                                std::span<const hw::mo_tx_seg> segments, Section& dma);
    [[nodiscard]] const fabric::Frame& frame() const noexcept { return frame_; }

  private:
    [[nodiscard]] bool check(const hw::mo_tx_pkt& packet, std::span<const hw::mo_tx_seg> segments);
    [[nodiscard]] TxFault gather(std::span<const hw::mo_tx_seg> segments, Section& dma);
    bool add_piece(std::span<const std::byte> piece);
    void linearise();
    [[nodiscard]] bool prepare_burst(const hw::mo_tx_pkt& packet);
    void insert_checksum(std::uint16_t start, std::uint16_t offset);
    void insert_tag(std::uint16_t tci);
    void pad();

    fabric::Frame frame_;
    std::uint32_t total_ = 0;     ///< bytes in guest memory
    std::uint32_t head_want_ = 0; ///< of them copied to head_
    std::size_t head_size_ = 0;
    std::size_t pieces_ = 0;
    std::array<std::byte, fabric::max_burst_header> head_;
    std::array<fabric::Bytes, fabric::max_body_pieces> body_;
    std::vector<std::byte> scratch_; ///< for frames that have to be one piece
};

} // namespace mo::nic::eth
