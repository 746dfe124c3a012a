// SPDX-License-Identifier: GPL-2.0-or-later
// DeviceModel: what a device behind a PCIe function implements.
//
// Threads: every call comes from the function's control thread (one at a time, in message order).
// While a call runs, a guest CPU and QEMU's global lock wait: answer from state, at once; hand work
// to the device's own threads.
#pragma once

#include <cstdint>

namespace mo::pcie {

/// Why the function starts anew. All kinds leave the same state behind.
enum class ResetKind : std::uint8_t {
    function_level,  ///< FLR by the driver
    device,          ///< bus reset, guest reboot, machine start
    connection_lost, ///< the client went away; DMA maps and eventfds are dropped as well
    plugged_in,      ///< the card had been pulled and is back, or another one
};

[[nodiscard]] constexpr const char* name_of(ResetKind kind) noexcept {
    switch (kind) {
    case ResetKind::function_level:
        return "function-level";
    case ResetKind::device:
        return "device";
    case ResetKind::connection_lost:
        return "connection-lost";
    case ResetKind::plugged_in:
        return "plugged-in";
    }
    return "unknown";
}

class DeviceModel {
  public:
    DeviceModel() = default;
    DeviceModel(const DeviceModel&) = delete;
    DeviceModel& operator=(const DeviceModel&) = delete;
    virtual ~DeviceModel() = default;

    /// Reads `size` (1, 2, 4, 8) bytes, naturally aligned and inside the BAR. The value's upper
    /// bytes beyond `size` are ignored.
    virtual std::uint64_t bar_read(unsigned bar, std::uint64_t offset, unsigned size) = 0;

    /// Writes `size` (1, 2, 4, 8) bytes, naturally aligned and inside the BAR.
    virtual void bar_write(unsigned bar, std::uint64_t offset, unsigned size,
                           std::uint64_t value) = 0;

    /// Stops everything and forgets all state. DMA and interrupts are already refused (and no DMA
    /// read section is open); when this returns, no work of before may start again.
    virtual void reset(ResetKind kind) = 0;

    /// The function may (or may no longer) start DMA and interrupts: bus-master enable and D0
    /// taken together. On `false` access is already refused when this is called.
    virtual void bus_master_changed(bool enabled) = 0;

    /// Memory in [iova, iova + size) is about to be unmapped; it can still be read. The device
    /// ends what refers to it (delivers, drops or copies borrowed payload) before it returns; at
    /// most 1 ms. What it leaves behind faults as `stale` or `unmapped` later.
    virtual void dma_unmapping(std::uint64_t iova, std::uint64_t size) = 0;

    /// begin_batch ... end_batch enclose a run of posted writes that were drained together. The
    /// device may note doorbells and act once, with their last values, in end_batch(); writes to
    /// one address need no intermediate effect. No read, reset or other call comes in between.
    /// `idle`: nothing else has come, so the device may use the thread for a short while.
    virtual void begin_batch() {}
    virtual void end_batch(bool idle) { (void)idle; }
};

} // namespace mo::pcie
