// SPDX-License-Identifier: GPL-2.0-or-later
// Fd: owner of a file descriptor.
#pragma once

#include <cstddef>
#include <utility>

#include "common/result.hpp"

namespace mo {

class Fd {
  public:
    Fd() = default;
    /// Takes ownership of `fd`; negative means none.
    explicit Fd(int fd) noexcept : fd_(fd) {}
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset(std::exchange(other.fd_, -1));
        }
        return *this;
    }
    ~Fd() { reset(); }

    [[nodiscard]] int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }

    /// Gives ownership away.
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

    /// Closes what is held (errno is kept) and takes `fd` instead.
    void reset(int fd = -1) noexcept;

    /// Second descriptor for the same file, close-on-exec.
    [[nodiscard]] Result<Fd> duplicate() const;

  private:
    int fd_ = -1;
};

/// Anonymous shared memory file of `size` bytes, close-on-exec; `name` shows in /proc.
Result<Fd> make_memfd(const char* name, std::size_t size);

/// Non-blocking eventfd with count 0, close-on-exec.
Result<Fd> make_eventfd();

} // namespace mo
