// SPDX-License-Identifier: GPL-2.0-or-later
// Function: BAR dispatch, FLR, power states, the one reset, the in-process host.
#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <linux/pci_regs.h>
#include <string>
#include <vector>

#include "common/le.hpp"
#include "common/result.hpp"
#include "pcie/in_process.hpp"
#include "pcie/tests/fake_device.hpp"

namespace mo::pcie {
namespace {

constexpr std::uint64_t pm_control = 0x40 + PCI_PM_CTRL;
constexpr std::uint64_t device_control = 0x60 + PCI_EXP_DEVCTL;
constexpr std::uint64_t device_status = 0x60 + PCI_EXP_DEVSTA;

class FunctionTest : public testing::Test {
  protected:
    FunctionTest() { function_.attach(device_); }

    Function function_{example_spec()};
    FakeDevice device_;
};

TEST_F(FunctionTest, BarsAnswerOnlyWithMemorySpaceOn) {
    EXPECT_EQ(function_.mmio_read(0, 0, 4), 0xffffffffU);
    function_.mmio_write(0, 0, 4, 1);
    EXPECT_TRUE(device_.take().empty());
    EXPECT_EQ(function_.counters().refused.value(), 2U);
    EXPECT_NE(function_.config_read(device_status, 2) & PCI_EXP_DEVSTA_URD, 0U);
    function_.config_write(device_status, 2, PCI_EXP_DEVSTA_URD);
    EXPECT_EQ(function_.config_read(device_status, 2) & PCI_EXP_DEVSTA_URD, 0U);

    function_.config_write(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    function_.mmio_write(2, 0x1fff8, 8, 0x1122334455667788);
    EXPECT_EQ(function_.mmio_read(2, 0, 8), 0x1122334455667788U);
    EXPECT_EQ(function_.mmio_read(0, 2, 2), 0x7788U); // cut to its width
    EXPECT_EQ(device_.take(),
              (Calls{"write 2 131064 8 1234605616436508552", "read 2 0 8", "read 0 2 2"}));
    EXPECT_EQ(function_.counters().mmio_writes[2].value(), 1U);
    EXPECT_EQ(function_.counters().mmio_reads[2].value(), 1U);
}

TEST_F(FunctionTest, RefusesAccessesThatNoBusCouldCarry) {
    function_.config_write(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    EXPECT_EQ(function_.mmio_read(0, 1, 4), 0xffffffffU);
    EXPECT_EQ(function_.mmio_read(0, 0, 3), 0xffffffU);
    EXPECT_EQ(function_.mmio_read(0, 0x10000, 4), 0xffffffffU);
    EXPECT_EQ(function_.mmio_read(0, 0xfffffffffffffffc, 4), 0xffffffffU);
    EXPECT_EQ(function_.mmio_read(1, 0, 4), 0xffffffffU);
    EXPECT_EQ(function_.mmio_read(6, 0, 4), 0xffffffffU);
    EXPECT_EQ(function_.mmio_read(0xffffffff, 0, 4), 0xffffffffU);
    EXPECT_TRUE(device_.take().empty());
}

TEST_F(FunctionTest, CutsLongAccessesIntoNaturalPieces) {
    function_.config_write(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    std::array<std::byte, 15> data{};
    function_.mmio_read(0, 1, std::span(data));
    EXPECT_EQ(device_.take(), (Calls{"read 0 1 1", "read 0 2 2", "read 0 4 4", "read 0 8 8"}));
}

TEST_F(FunctionTest, BusMasteringGatesDmaAndInterrupts) {
    std::vector<std::byte> ram(4096);
    ASSERT_TRUE(function_.dma().map_memory(0, ram));
    function_.msix().set_callback([](std::uint32_t) {});
    EXPECT_EQ(function_.dma().enter().read_object<std::uint8_t>(0).error().reason,
              DmaFaultReason::bus_master);
    function_.msix().raise(0);
    EXPECT_EQ(function_.msix().delivered(0), 0U);

    function_.config_write(PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    EXPECT_TRUE(function_.dma().enter().read_object<std::uint8_t>(0));
    function_.msix().raise(0);
    EXPECT_EQ(function_.msix().delivered(0), 1U);
    function_.config_write(PCI_COMMAND, 2, PCI_COMMAND_MASTER); // no change, no call
    function_.config_write(PCI_COMMAND, 2, 0);
    EXPECT_FALSE(function_.dma().enter().read_object<std::uint8_t>(0));
    EXPECT_EQ(device_.take(), (Calls{"bus master on", "bus master off"}));
}

TEST_F(FunctionTest, D3hotStopsTheFunctionAndKeepsItsState) {
    function_.config_write(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    function_.config_write(pm_control, 2, 3);
    EXPECT_EQ(function_.mmio_read(0, 0, 4), 0xffffffffU);
    EXPECT_FALSE(function_.dma().bus_master());
    function_.config_write(pm_control, 2, 1); // D1 is absent: nothing happens
    EXPECT_EQ(function_.config_read(pm_control, 2) & PCI_PM_CTRL_STATE_MASK, 3U);
    function_.config_write(pm_control, 2, 0);
    EXPECT_TRUE(function_.dma().bus_master());
    EXPECT_EQ(function_.config_read(PCI_COMMAND, 2), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    EXPECT_EQ(device_.take(), (Calls{"bus master on", "bus master off", "bus master on"}));
}

TEST_F(FunctionTest, FlrResetsOnceAndClearsItself) {
    InProcessHost host(function_, 4096);
    function_.config_write(PCI_BASE_ADDRESS_0, 4, 0xfe000000);
    device_.take();
    host.function_level_reset();
    EXPECT_EQ(device_.take(), (Calls{"bus master off", "reset function-level"}));
    EXPECT_EQ(function_.config_read(device_control, 2) & PCI_EXP_DEVCTL_BCR_FLR, 0U);
    EXPECT_EQ(function_.config_read(PCI_COMMAND, 2), 0U);
    EXPECT_EQ(function_.config_read(PCI_BASE_ADDRESS_0, 4), PCI_BASE_ADDRESS_MEM_TYPE_64);
    EXPECT_EQ(function_.dma().map_count(), 1U); // maps are the client's
    EXPECT_EQ(function_.counters().resets.value(), 1U);
}

TEST_F(FunctionTest, LostConnectionDropsMapsAndVectorsToo) {
    std::vector<std::byte> ram(4096);
    ASSERT_TRUE(function_.dma().map_memory(0, ram));
    ASSERT_TRUE(function_.msix().bind(5, std::move(make_eventfd()).value()));
    function_.reset(ResetKind::device);
    EXPECT_EQ(function_.dma().map_count(), 1U);
    EXPECT_TRUE(function_.msix().bound(5));
    function_.reset(ResetKind::connection_lost);
    EXPECT_EQ(function_.dma().map_count(), 0U);
    EXPECT_FALSE(function_.msix().bound(5));
    EXPECT_EQ(device_.take(), (Calls{"reset device", "reset connection-lost"}));
}

TEST_F(FunctionTest, TellsTheDeviceBeforeItUnmaps) {
    struct Checker : FakeDevice {
        void dma_unmapping(std::uint64_t iova, std::uint64_t size) override {
            FakeDevice::dma_unmapping(iova, size);
            readable = static_cast<bool>(dma->enter().read_object<std::uint8_t>(iova));
        }
        DmaMap* dma = nullptr;
        bool readable = false;
    } checker;
    checker.dma = &function_.dma();
    function_.attach(checker);
    std::vector<std::byte> ram(4096);
    function_.config_write(PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    ASSERT_TRUE(function_.dma().map_memory(4096, ram));
    EXPECT_EQ(*function_.dma_unmap(4096, 4096), 4096U);
    EXPECT_TRUE(checker.readable);
    EXPECT_FALSE(function_.dma().enter().read_object<std::uint8_t>(4096));
}

TEST_F(FunctionTest, MsixBarBehavesAsMemoryAndMasksAtReset) {
    function_.config_write(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    EXPECT_EQ(function_.mmio_read(4, 12, 4), 1U);
    function_.mmio_write(4, 127 * 16, 8, 0xfee00000);
    EXPECT_EQ(function_.mmio_read(4, 127 * 16, 4), 0xfee00000U);
    function_.mmio_write(4, 0x2000, 8, 1);
    EXPECT_EQ(function_.mmio_read(4, 0x2000, 8), 0U);
    function_.mmio_write(4, 128 * 16, 4, 1); // behind the table
    EXPECT_TRUE(device_.take().empty());
    function_.reset(ResetKind::device);
    function_.config_write(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    EXPECT_EQ(function_.mmio_read(4, 127 * 16, 4), 0U);
}

TEST_F(FunctionTest, AbsentFunctionReadsAllOnes) {
    function_.config_write(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    function_.set_present(false);
    EXPECT_EQ(function_.mmio_read(0, 0, 4), 0xffffffffU);
    EXPECT_EQ(function_.config_read(PCI_VENDOR_ID, 4), 0xffffffffU);
    function_.config_write(PCI_COMMAND, 2, 0);
    function_.mmio_write(0, 0, 4, 1);
    EXPECT_TRUE(device_.take().empty());
}

TEST_F(FunctionTest, ACardThatIsBackRemembersNothing) {
    function_.config_write(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    function_.set_present(true); // it never went
    EXPECT_EQ(function_.config_read(PCI_COMMAND, 2), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    (void)device_.take();
    function_.set_present(false);
    EXPECT_FALSE(function_.dma().bus_master()) << "a card that is not there accesses no memory";
    function_.set_present(true);
    EXPECT_TRUE(device_.take().empty()) << "until somebody looks";
    EXPECT_EQ(function_.config_read(PCI_COMMAND, 2), 0U);
    EXPECT_TRUE(function_.present());
    EXPECT_FALSE(function_.dma().bus_master());
    const std::vector<std::string> calls = device_.take();
    EXPECT_EQ(std::count(calls.begin(), calls.end(), "reset plugged-in"), 1);
}

TEST(InProcessHost, OffersMemoryRegistersAndInterrupts) {
    Function function(example_spec());
    FakeDevice device;
    function.attach(device);
    InProcessHost host(function, 65536, 0x100000);
    const std::uint64_t first = host.allocate(100, 4096);
    const std::uint64_t second = host.allocate(8);
    EXPECT_EQ(first, 0x100000U);
    EXPECT_EQ(second, 0x100080U);
    host.at<Le<std::uint32_t>>(second) = 77U;
    EXPECT_EQ(*function.dma().enter().read_object<Le<std::uint32_t>>(second), 77U);
    EXPECT_THROW((void)host.at<std::uint64_t>(0x100000 + 65532), FatalError);
    EXPECT_THROW((void)host.allocate(65536), FatalError);
    host.write64(0, 8, 99);
    EXPECT_EQ(host.read32(0, 8), 99U);
    function.msix().raise(3);
    EXPECT_EQ(host.interrupts(3), 1U);
}

TEST(InProcessHost, TakesItsMemoryAway) {
    Function function(example_spec());
    FakeDevice device;
    function.attach(device);
    {
        const InProcessHost host(function, 4096);
    }
    EXPECT_EQ(function.dma().map_count(), 0U);
    EXPECT_EQ(device.take(), (Calls{"bus master on", "bus master off", "reset connection-lost"}));
}

} // namespace
} // namespace mo::pcie
