// SPDX-License-Identifier: GPL-2.0-or-later
// A strict, ordered mock of the registers: every access of a driver has to be the next one that
// the test expects. Memory windows are plain storage.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "common/hw.hpp"

namespace mo::fwtest {

class MockIo {
  public:
    MockIo();
    /// Fails the test when something expected did not happen.
    ~MockIo();
    MockIo(const MockIo&) = delete;
    MockIo& operator=(const MockIo&) = delete;
    MockIo(MockIo&&) = delete;
    MockIo& operator=(MockIo&&) = delete;

    MockIo& expect_read(std::uint32_t address, std::uint32_t value);
    MockIo& expect_write(std::uint32_t address, std::uint32_t value);
    /// Storage of the window that begins at `base`.
    std::vector<std::uint8_t>& window(std::uint32_t base, std::size_t size);

    std::uint32_t read(std::uint32_t address);
    void write(std::uint32_t address, std::uint32_t value);
    void* memory(std::uint32_t address, std::uint32_t len);

  private:
    struct Access {
        bool write;
        std::uint32_t address;
        std::uint32_t value;
    };
    std::deque<Access> expected_;
    std::map<std::uint32_t, std::vector<std::uint8_t>> windows_;
};

} // namespace mo::fwtest
