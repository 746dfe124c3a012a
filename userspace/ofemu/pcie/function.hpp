// SPDX-License-Identifier: GPL-2.0-or-later
// Function: one PCIe function, independent of what transports its accesses. Owns configuration
// space, BAR dispatch, MSI-X, DMA map, FLR, power state, and the one path by which it resets.
//
// Threads: one control thread calls everything here except dma().enter() and msix().raise(), which
// data-plane threads use, and set_present() and counters, which any thread may use.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/counter.hpp"
#include "common/result.hpp"
#include "pcie/capability.hpp"
#include "pcie/config_space.hpp"
#include "pcie/device_model.hpp"
#include "pcie/dma_map.hpp"
#include "pcie/function_spec.hpp"
#include "pcie/msix.hpp"

namespace mo::pcie {

struct FunctionCounters {
    std::array<Counter, 6> mmio_reads, mmio_writes; ///< by BAR
    Counter config_reads, config_writes;
    Counter refused; ///< BAR accesses while memory space was off, in D3, or outside of a BAR
    Counter resets;
};

class Function {
  public:
    /// Throws FatalError on a specification that no device could have.
    explicit Function(const FunctionSpec& spec);
    Function(const Function&) = delete;
    Function& operator=(const Function&) = delete;
    ~Function();

    /// The device behind the BARs. It outlives the function's use by a transport. Until attached,
    /// BARs read as all ones.
    void attach(DeviceModel& device) noexcept { device_ = &device; }

    // Control thread: accesses by the driver.

    /// Configuration space, any offset and length; beyond the end: all ones, no effect.
    void config_read(std::uint64_t offset, std::span<std::byte> out);
    void config_write(std::uint64_t offset, std::span<const std::byte> data);

    /// The same for values of 1, 2, 4 or 8 bytes.
    [[nodiscard]] std::uint64_t config_read(std::uint64_t offset, unsigned size);
    void config_write(std::uint64_t offset, unsigned size, std::uint64_t value);

    /// BAR access of 1, 2, 4 or 8 bytes. What cannot be served reads as all ones and is counted.
    [[nodiscard]] std::uint64_t mmio_read(unsigned bar, std::uint64_t offset, unsigned size);
    void mmio_write(unsigned bar, std::uint64_t offset, unsigned size, std::uint64_t value);

    /// BAR access of any length, cut into naturally aligned pieces of up to 8 bytes.
    void mmio_read(unsigned bar, std::uint64_t offset, std::span<std::byte> out);
    void mmio_write(unsigned bar, std::uint64_t offset, std::span<const std::byte> data);

    /// Encloses a run of posted writes; see DeviceModel.
    void begin_batch();
    void end_batch(bool idle);

    /// The one reset: refuses and drains DMA, restores configuration space, resets the device;
    /// with `connection_lost` also drops DMA maps and eventfds.
    void reset(ResetKind kind);

    /// Unmaps after telling the device. Errors as DmaMap::unmap().
    Result<std::uint64_t> dma_unmap(std::uint64_t iova, std::uint64_t size);
    void dma_unmap_all();

    /// Size of a BAR in bytes (the MSI-X BAR included); 0 if absent.
    [[nodiscard]] std::uint64_t bar_size(unsigned bar) const noexcept;
    [[nodiscard]] const FunctionSpec& spec() const noexcept { return spec_; }

    // Any thread.

    [[nodiscard]] DmaMap& dma() noexcept { return dma_; }
    [[nodiscard]] MsixVectors& msix() noexcept { return msix_; }
    [[nodiscard]] const FunctionCounters& counters() const noexcept { return counters_; }

    /// False: the function looks surprise-removed (reads are all ones, writes vanish, no access to
    /// host memory is under way or comes when this returns) though the transport lives. For fault
    /// injection. True again: a card without memory of before is there, which resets at the next
    /// access. Not inside of a read section of dma().
    void set_present(bool present) noexcept;
    [[nodiscard]] bool present() const noexcept { return presence_.load() != Presence::absent; }

  private:
    enum class Presence : std::uint8_t { present, absent, arriving };

    [[nodiscard]] bool answers();
    [[nodiscard]] bool bar_accessible(unsigned bar, std::uint64_t offset, unsigned size);
    [[nodiscard]] std::uint64_t msix_bar_read(std::uint64_t offset, unsigned size) const noexcept;
    void msix_bar_write(std::uint64_t offset, unsigned size, std::uint64_t value) noexcept;
    void apply_command_and_power();
    void report_unsupported_request() noexcept;
    void reset_msix_table() noexcept;

    FunctionSpec spec_;
    ConfigSpace config_;
    Capabilities capabilities_;
    std::vector<std::byte> msix_table_; // behaves as memory: masking is the client's part
    DmaMap dma_;
    MsixVectors msix_;
    DeviceModel* device_ = nullptr;
    bool memory_enabled_ = false;
    bool may_initiate_ = false;
    std::atomic<Presence> presence_{Presence::present};
    FunctionCounters counters_;
};

} // namespace mo::pcie
