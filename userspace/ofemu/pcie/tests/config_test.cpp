// SPDX-License-Identifier: GPL-2.0-or-later
// Configuration space and capabilities, as a driver reads them.
#include <array>
#include <gtest/gtest.h>
#include <linux/pci_regs.h>

#include "common/result.hpp"
#include "pcie/capability.hpp"
#include "pcie/tests/fake_device.hpp"

namespace mo::pcie {
namespace {

TEST(ConfigSpace, AppliesMasks) {
    ConfigSpace config;
    config.define(0x10, 4, 0x000000f0, 0x0000ff00, 0x000000f0);
    const std::array<std::byte, 4> ones{std::byte{0x10}, std::byte{0xab}, std::byte{0xff},
                                        std::byte{0xff}};
    config.write(0x10, ones);
    EXPECT_EQ(config.get(0x10, 4), 0x0000abe0U);
    config.reset();
    EXPECT_EQ(config.get(0x10, 4), 0x000000f0U);
}

TEST(ConfigSpace, SurvivesAnyOffset) {
    ConfigSpace config;
    std::array<std::byte, 8> data{};
    config.read(4092, data);
    EXPECT_EQ(data[3], std::byte{0});
    EXPECT_EQ(data[4], std::byte{0xff});
    config.read(~std::size_t{0} - 3, data);
    EXPECT_EQ(data[0], std::byte{0xff});
    config.write(4093, data);
    config.write(~std::size_t{0}, data);
    EXPECT_THROW(config.define(4095, 2, 0), FatalError);
    EXPECT_THROW(config.define(0, 4, 0, 1, 1), FatalError);
}

TEST(Capabilities, AreFoundByWalking) {
    ConfigSpace config;
    const Capabilities places = build_config_space(example_spec(), config);
    EXPECT_EQ(find_capability(config, PCI_CAP_ID_PM), places.power_management);
    EXPECT_EQ(find_capability(config, PCI_CAP_ID_EXP), places.pci_express);
    EXPECT_EQ(find_capability(config, PCI_CAP_ID_MSIX), places.msix);
    EXPECT_EQ(find_extended_capability(config, PCI_EXT_CAP_ID_ERR), places.error_reporting);
    EXPECT_EQ(find_extended_capability(config, PCI_EXT_CAP_ID_DSN), places.serial_number);
    EXPECT_EQ(find_capability(config, PCI_CAP_ID_MSI), 0U);
    EXPECT_EQ(find_extended_capability(config, PCI_EXT_CAP_ID_SRIOV), 0U);
}

TEST(Capabilities, ShowWhatTheSpecificationSays) {
    ConfigSpace config;
    const Capabilities places = build_config_space(example_spec(), config);
    EXPECT_EQ(config.get(PCI_VENDOR_ID, 2), 0x1234U);
    EXPECT_EQ(config.get(PCI_DEVICE_ID, 2), 0x5678U);
    EXPECT_EQ(config.get(PCI_CLASS_REVISION, 4), 0x02000003U);
    EXPECT_EQ(config.get(PCI_SUBSYSTEM_VENDOR_ID, 4), 0xbbbbaaaaU);
    EXPECT_EQ(config.get(PCI_INTERRUPT_PIN, 1), 0U);
    EXPECT_EQ(config.get(PCI_HEADER_TYPE, 1), 0U);

    const std::uint64_t msix = config.get(places.msix + PCI_MSIX_FLAGS, 2);
    EXPECT_EQ(msix & PCI_MSIX_FLAGS_QSIZE, 127U);
    EXPECT_EQ(config.get(places.msix + PCI_MSIX_TABLE, 4), 0x0004U);
    EXPECT_EQ(config.get(places.msix + PCI_MSIX_PBA, 4), 0x2004U);

    EXPECT_EQ(config.get(places.pci_express + PCI_EXP_FLAGS, 2) & PCI_EXP_FLAGS_VERS, 2U);
    EXPECT_NE(config.get(places.pci_express + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR, 0U);
    const std::uint64_t link = config.get(places.pci_express + PCI_EXP_LNKSTA, 2);
    EXPECT_EQ(link & PCI_EXP_LNKSTA_CLS, 5U);
    EXPECT_EQ((link & PCI_EXP_LNKSTA_NLW) >> PCI_EXP_LNKSTA_NLW_SHIFT, 8U);
    EXPECT_EQ(config.get(places.pci_express + PCI_EXP_LNKCAP2, 4), 0x3eU);
    EXPECT_EQ(config.get(places.serial_number + 4, 8), 0x0011223344556677U);
    EXPECT_NE(config.get(places.power_management + PCI_PM_CTRL, 2) & PCI_PM_CTRL_NO_SOFT_RESET, 0U);
}

TEST(Capabilities, WithoutMsixHaveNoSuchCapabilityNorBar) {
    FunctionSpec spec = example_spec();
    spec.msix = false;
    ConfigSpace config;
    EXPECT_EQ(build_config_space(spec, config).msix, 0U);
    EXPECT_EQ(find_capability(config, PCI_CAP_ID_MSIX), 0U);
    EXPECT_EQ(config.get(PCI_BASE_ADDRESS_4, 4), 0U);
    const Function function(spec);
    EXPECT_EQ(function.bar_size(4), 0U);
}

TEST(Capabilities, BarsAnswerSizing) {
    Function function(example_spec());
    function.config_write(PCI_BASE_ADDRESS_2, 8, ~std::uint64_t{0});
    EXPECT_EQ(function.config_read(PCI_BASE_ADDRESS_2, 8),
              ~std::uint64_t{0x20000 - 1} | PCI_BASE_ADDRESS_MEM_TYPE_64);
    function.config_write(PCI_BASE_ADDRESS_1, 4, 0xffffffff); // upper half of BAR 0
    EXPECT_EQ(function.config_read(PCI_BASE_ADDRESS_0, 4), PCI_BASE_ADDRESS_MEM_TYPE_64);
}

TEST(Capabilities, ImpossibleFunctionsAreRefused) {
    const auto refused = [](auto&& change) {
        FunctionSpec spec = example_spec();
        change(spec);
        ConfigSpace config;
        EXPECT_THROW(build_config_space(spec, config), FatalError);
    };
    refused([](FunctionSpec& spec) { spec.bars[0].size = 5000; });
    refused([](FunctionSpec& spec) { spec.bars[0].size = 2048; });
    refused([](FunctionSpec& spec) { spec.bars[1].size = 4096; });
    refused([](FunctionSpec& spec) { spec.bars[4].size = 4096; });
    refused([](FunctionSpec& spec) { spec.msix_bar = 6; });
    refused([](FunctionSpec& spec) { spec.msix_vectors = 0; });
    refused([](FunctionSpec& spec) { spec.msix_vectors = 2049; });
    refused([](FunctionSpec& spec) { spec.msix_pba_offset = 1024; });
    refused([](FunctionSpec& spec) { spec.msix_pba_offset = 16384; });
    refused([](FunctionSpec& spec) { spec.link_width = 3; });
    refused([](FunctionSpec& spec) {
        spec.bars[5] = {.size = 4096, .wide = true};
        spec.msix = false;
    });
}

} // namespace
} // namespace mo::pcie
