// SPDX-License-Identifier: GPL-2.0-or-later
// FileGuard: keeps the process alive when memory of a file that somebody else owns is gone at the
// moment of an access: the file was made shorter, or its file system has no page left. The kernel
// tells that by SIGBUS; the handler puts empty private memory in the page's place, in which the
// access then ends, and marks the memory as lost. Any other SIGBUS does what it did before.
#pragma once

#include <atomic>
#include <cstddef>

#include "common/mapping.hpp"
#include "common/result.hpp"

namespace mo::pcie {

class FileGuard {
  public:
    /// Guards a mapping of the file `fd` as long as this lives, which has to end before the mapping
    /// does. `lost` outlives this; any thread's access may set it. ENOSPC: the table that the
    /// handler looks at is full; else what fstatfs or sigaction says.
    static Result<FileGuard> guard(const Mapping& mapping, int fd, std::atomic<bool>& lost);

    FileGuard(const FileGuard&) = delete;
    FileGuard& operator=(const FileGuard&) = delete;
    FileGuard(FileGuard&& other) noexcept;
    FileGuard& operator=(FileGuard&&) = delete;
    ~FileGuard();

  private:
    static constexpr std::size_t nowhere = ~std::size_t{0};
    explicit FileGuard(std::size_t slot) noexcept : slot_(slot) {}

    std::size_t slot_; // in the table; nowhere: moved from
};

} // namespace mo::pcie
