// SPDX-License-Identifier: GPL-2.0-or-later
// The boot ROM's states against a strict mock: which registers it writes, in which order, and that
// it looks at the place it was told to. Good and bad images end to end: userspace/ofemu/mgmt.
#include <gtest/gtest.h>

#include <map>
#include <utility>
#include <vector>

#include "common/hw.hpp"

// The C headers name the interface's types without a namespace: they join them in theirs. What
// they include of the standard library is included before.
#include <cstdbool>
#include <cstdint>
#include <cstring>
namespace mo::hw {
#include "boot/rom.h"
#include "lib/io.h"
} // namespace mo::hw

using namespace mo::hw; // NOLINT(google-build-using-namespace)

namespace {

using Writes = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

/// The device as the ROM sees it. Reads of registers that no test has set fail the test.
struct Device {
    std::map<std::uint32_t, std::uint32_t> registers;
    Writes writes; ///< without the log
    std::vector<std::uint8_t> flash = std::vector<std::uint8_t>(MO_SOC_FLASH_SIZE, 0xff);
    std::vector<std::uint8_t> stage = std::vector<std::uint8_t>(MO_SOC_STAGE_SIZE);
    std::vector<std::uint8_t> ram = std::vector<std::uint8_t>(MO_SOC_RAM_SIZE);
    std::vector<std::uint32_t> reads_of_memory;
    std::vector<std::uint32_t> entered;
};

Device* device = nullptr;

std::uint8_t* memory(std::uint32_t addr, std::uint32_t len) {
    const auto in = [&](std::uint32_t base, std::vector<std::uint8_t>& bytes) -> std::uint8_t* {
        return addr >= base && addr - base <= bytes.size() && bytes.size() - (addr - base) >= len
                   ? bytes.data() + (addr - base)
                   : nullptr;
    };
    for (const auto& [base, bytes] :
         {std::pair<std::uint32_t, std::vector<std::uint8_t>*>{MO_SOC_FLASH_BASE, &device->flash},
          {MO_SOC_STAGE_BASE, &device->stage},
          {MO_SOC_RAM_BASE, &device->ram}}) {
        if (std::uint8_t* found = in(base, *bytes)) {
            return found;
        }
    }
    ADD_FAILURE() << "memory at " << std::hex << addr << " of " << len;
    return device->ram.data();
}

class Rom : public testing::Test {
  protected:
    void SetUp() override {
        device = &device_;
        device_.registers = {
            {MO_SOC_SYS_BOARD, MO_BOARD_DEVKIT_800G},
            {MO_SOC_SYS_IF_VERSION, MO_IF_MAJOR << 16 | MO_IF_MINOR},
            {MO_SOC_SYS_KEYS, 1U << MO_FW_KEY_DEVELOPMENT},
            {MO_SOC_SYS_SECURITY_VERSION, 0},
            {MO_SOC_SYS_BOOT_SOURCE, MO_SOC_BOOT_AUTO},
            {MO_SOC_SYS_BOOT_SLOT, 0},
            {MO_SOC_SYS_STAGE_LEN, 0},
        };
    }
    void TearDown() override { device = nullptr; }

    void run() {
        rom_.info = &info_;
        mo_rom_run(&rom_, &keys_);
    }

    Device device_;
    mo_root_keys keys_{};
    mo_boot_info info_{};
    mo_rom rom_{};
};

const Writes empty_handed{{MO_SOC_SYS_ERROR, MO_FW_ERR_EMPTY}, {MO_SOC_SYS_STATE, MO_MGMT_ROM}};

TEST_F(Rom, LooksAtBothSlotsFromTheChosenOneOn) {
    for (const std::uint32_t slot : {0U, 1U}) {
        device_.registers[MO_SOC_SYS_BOOT_SLOT] = slot;
        device_.reads_of_memory.clear();
        device_.writes.clear();
        run();
        const std::uint32_t first = MO_SOC_FLASH_BASE + slot * MO_SOC_FLASH_SLOT_SIZE;
        const std::uint32_t second = MO_SOC_FLASH_BASE + (1 - slot) * MO_SOC_FLASH_SLOT_SIZE;
        EXPECT_EQ(device_.reads_of_memory, (std::vector<std::uint32_t>{first, second}));
        EXPECT_EQ(device_.writes, empty_handed);
    }
}

TEST_F(Rom, WaitTouchesNoMemory) {
    for (const std::uint32_t source : {std::uint32_t{MO_SOC_BOOT_WAIT}, 77U}) {
        device_.registers[MO_SOC_SYS_BOOT_SOURCE] = source;
        device_.writes.clear();
        run();
        EXPECT_TRUE(device_.reads_of_memory.empty());
        EXPECT_EQ(device_.writes,
                  (Writes{{MO_SOC_SYS_ERROR, MO_FW_ERR_NONE}, {MO_SOC_SYS_STATE, MO_MGMT_ROM}}));
    }
}

TEST_F(Rom, NothingStaged) {
    device_.registers[MO_SOC_SYS_BOOT_SOURCE] = MO_SOC_BOOT_STAGE;
    run();
    EXPECT_EQ(device_.writes, empty_handed);
}

TEST_F(Rom, ErrorComesBeforeTheStateThatShowsIt) {
    device_.registers[MO_SOC_SYS_BOOT_SOURCE] = MO_SOC_BOOT_STAGE;
    device_.registers[MO_SOC_SYS_STAGE_LEN] = 1000;
    run();
    EXPECT_EQ(device_.writes, (Writes{{MO_SOC_SYS_STATE, MO_MGMT_VERIFY},
                                      {MO_SOC_SYS_ERROR, MO_FW_ERR_MAGIC},
                                      {MO_SOC_SYS_STATE, MO_MGMT_REJECTED}}));
    EXPECT_TRUE(device_.entered.empty());
}

TEST_F(Rom, ReadsNoMoreOfTheStageThanThereIs) {
    device_.registers[MO_SOC_SYS_BOOT_SOURCE] = MO_SOC_BOOT_STAGE;
    device_.registers[MO_SOC_SYS_STAGE_LEN] = 10;
    std::memset(device_.stage.data(), 0xee, device_.stage.size());
    run();
    EXPECT_EQ(rom_.error, MO_FW_ERR_TRUNCATED);
    std::uint8_t seen[12];
    std::memcpy(seen, &info_.hdr, sizeof(seen));
    EXPECT_EQ(seen[9], 0xee);
    EXPECT_EQ(seen[10], 0);
}

} // namespace

namespace mo::hw {
extern "C" {

std::uint32_t mo_read32(std::uint32_t addr) {
    const auto found = device->registers.find(addr);
    if (found == device->registers.end()) {
        ADD_FAILURE() << "read of register " << std::hex << addr;
        return 0;
    }
    return found->second;
}

void mo_write32(std::uint32_t addr, std::uint32_t value) {
    if (addr != MO_SOC_SYS_LOG) {
        device->writes.emplace_back(addr, value);
    }
}

const void* mo_mem(std::uint32_t addr, std::uint32_t len) {
    if (len != 0) {
        device->reads_of_memory.push_back(addr);
    }
    return memory(addr, len);
}

void* mo_mem_rw(std::uint32_t addr, std::uint32_t len) {
    return memory(addr, len);
}

void mo_rom_enter(std::uint32_t entry) {
    device->entered.push_back(entry);
}

} // extern "C"

} // namespace mo::hw
