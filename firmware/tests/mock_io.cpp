// SPDX-License-Identifier: GPL-2.0-or-later
#include "mock_io.hpp"

#include <gtest/gtest.h>

namespace mo::fwtest {

namespace {

MockIo* active = nullptr;

} // namespace

MockIo::MockIo() {
    active = this;
}

MockIo::~MockIo() {
    EXPECT_TRUE(expected_.empty()) << expected_.size() << " expected accesses did not happen, next "
                                   << std::hex << expected_.front().address;
    active = nullptr;
}

MockIo& MockIo::expect_read(std::uint32_t address, std::uint32_t value) {
    expected_.push_back({false, address, value});
    return *this;
}

MockIo& MockIo::expect_write(std::uint32_t address, std::uint32_t value) {
    expected_.push_back({true, address, value});
    return *this;
}

std::vector<std::uint8_t>& MockIo::window(std::uint32_t base, std::size_t size) {
    auto& bytes = windows_[base];
    bytes.resize(size);
    return bytes;
}

std::uint32_t MockIo::read(std::uint32_t address) {
    if (expected_.empty()) {
        ADD_FAILURE() << "unexpected read of " << std::hex << address;
        return 0;
    }
    const Access next = expected_.front();
    expected_.pop_front();
    EXPECT_FALSE(next.write) << std::hex << "read of " << address << " instead of a write";
    EXPECT_EQ(next.address, address) << std::hex << next.address << " " << address;
    return next.value;
}

void MockIo::write(std::uint32_t address, std::uint32_t value) {
    if (expected_.empty()) {
        ADD_FAILURE() << "unexpected write of " << std::hex << value << " to " << address;
        return;
    }
    const Access next = expected_.front();
    expected_.pop_front();
    EXPECT_TRUE(next.write) << std::hex << "write of " << address << " instead of a read";
    EXPECT_EQ(next.address, address) << std::hex << next.address << " " << address;
    EXPECT_EQ(next.value, value) << std::hex << "at " << address;
}

void* MockIo::memory(std::uint32_t address, std::uint32_t len) {
    for (auto& [base, bytes] : windows_) {
        if (address >= base && address - base <= bytes.size() &&
            len <= bytes.size() - (address - base)) {
            return bytes.data() + (address - base);
        }
    }
    ADD_FAILURE() << "access to memory at " << std::hex << address;
    static std::uint8_t nowhere[MO_SOC_MBOX_SIZE];
    return nowhere;
}

} // namespace mo::fwtest

extern "C" {

std::uint32_t mo_read32(std::uint32_t addr) {
    return mo::fwtest::active->read(addr);
}
void mo_write32(std::uint32_t addr, std::uint32_t value) {
    mo::fwtest::active->write(addr, value);
}
const void* mo_mem(std::uint32_t addr, std::uint32_t len) {
    return mo::fwtest::active->memory(addr, len);
}
void* mo_mem_rw(std::uint32_t addr, std::uint32_t len) {
    return mo::fwtest::active->memory(addr, len);
}
}
