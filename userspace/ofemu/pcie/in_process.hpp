// SPDX-License-Identifier: GPL-2.0-or-later
// InProcessHost: a driver's view of a Function without any transport, for unit tests and the
// deterministic mode: a vector is the guest's memory, interrupts are counted.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pcie/function.hpp"

namespace mo::pcie {

class InProcessHost {
  public:
    /// Maps `ram_size` bytes of zeroed memory at `ram_base`, enables memory space and bus mastering
    /// and receives all interrupts. `function` must outlive the host.
    InProcessHost(Function& function, std::size_t ram_size, std::uint64_t ram_base = 0);
    InProcessHost(const InProcessHost&) = delete;
    InProcessHost& operator=(const InProcessHost&) = delete;
    /// Takes the memory away, as a lost connection does.
    ~InProcessHost();

    /// The guest's memory, and a typed view of it at an address. FatalError out of bounds.
    [[nodiscard]] std::span<std::byte> ram() noexcept { return ram_; }
    template <typename T>
    [[nodiscard]] T& at(std::uint64_t iova, std::size_t index = 0) {
        return reinterpret_cast<T*>(checked(iova, sizeof(T) * (index + 1)))[index];
    }
    [[nodiscard]] std::uint64_t ram_base() const noexcept { return base_; }

    /// Reserves memory: addresses rise, aligned to `alignment` (a power of two).
    [[nodiscard]] std::uint64_t allocate(std::size_t size, std::size_t alignment = 64);

    [[nodiscard]] std::uint32_t read32(unsigned bar, std::uint64_t offset);
    [[nodiscard]] std::uint64_t read64(unsigned bar, std::uint64_t offset);
    void write32(unsigned bar, std::uint64_t offset, std::uint32_t value);
    void write64(unsigned bar, std::uint64_t offset, std::uint64_t value);

    /// Sets COMMAND to memory space and bus mastering (again, after a reset), or clears both.
    void enable(bool on = true);
    /// Function-level reset by DEVCTL, as a driver does it; configuration must be enabled again.
    void function_level_reset();

    /// Interrupts delivered on a vector so far. Any thread.
    [[nodiscard]] std::uint64_t interrupts(std::uint32_t vector) const noexcept;

    [[nodiscard]] Function& function() noexcept { return function_; }

  private:
    [[nodiscard]] std::byte* checked(std::uint64_t iova, std::size_t size);

    Function& function_;
    std::uint64_t base_;
    std::uint64_t next_free_;
    std::vector<std::byte> ram_;
};

} // namespace mo::pcie
