// SPDX-License-Identifier: GPL-2.0-or-later
// A core with 64 KiB of RAM, a small ROM and one device, to run programs of a few words.
#pragma once

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

#include "assembler.hpp"
#include "mgmt/bus.hpp"
#include "mgmt/cpu.hpp"

namespace mo::mgmt::test {

/// One word register at offset 0; at offset 4 nothing may be done.
class OneRegister : public MmioDevice {
  public:
    std::optional<std::uint32_t> mmio_read(std::uint32_t offset, std::uint64_t now_ns) override {
        last_ns = now_ns;
        return offset == 0 ? std::optional(value) : std::nullopt;
    }
    bool mmio_write(std::uint32_t offset, std::uint32_t written, std::uint64_t now_ns) override {
        last_ns = now_ns;
        if (offset != 0) {
            return false;
        }
        value = written;
        return true;
    }
    std::uint32_t value = 0;
    std::uint64_t last_ns = 0;
};

class Machine {
  public:
    static constexpr std::uint32_t ram_base = 0x10000000;
    static constexpr std::uint32_t ram_size = 0x10000;
    static constexpr std::uint32_t data_base = 0x20000000; ///< read only, not executable
    static constexpr std::uint32_t device_base = 0x40000000;
    static constexpr std::uint32_t handler = ram_base + 0x8000; ///< where tests put mtvec

    Machine() : ram_(ram_size), data_(256, 0x5a), cpu(connect(), ram_base) { cpu.reset(ram_base); }

    /// Puts words at an address of RAM.
    void place(std::uint32_t address, const Program& program) {
        const auto bytes = program.bytes();
        std::copy(bytes.begin(), bytes.end(), ram_.begin() + (address - ram_base));
    }

    /// Puts the program at the start of RAM, which is where the core is after reset.
    void load(const Program& program) { place(ram_base, program); }

    Cpu::RunOutcome step(std::uint64_t count = 1) { return cpu.run(0, count); }

    /// Makes traps go to `handler`, as if software had written mtvec.
    void set_handler(std::uint32_t mode = 0) {
        EXPECT_TRUE(cpu.csrs().write(csr::mtvec, handler | mode));
    }

    std::uint32_t word(std::uint32_t address) { return *bus.load(address, 4, 0); }
    std::uint32_t csr(std::uint16_t number) { return cpu.csrs().get(number); }

  private:
    Bus& connect() {
        bus.add_memory({"ram", ram_base, ram_, true, true});
        bus.add_memory({"data", data_base, data_, false, false});
        bus.add_device("device", device_base, 8, device);
        return bus;
    }
    std::vector<std::uint8_t> ram_;
    std::vector<std::uint8_t> data_;

  public:
    OneRegister device;
    Bus bus;
    Cpu cpu;
};

} // namespace mo::mgmt::test
