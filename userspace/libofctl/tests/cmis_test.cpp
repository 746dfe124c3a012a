// SPDX-License-Identifier: LGPL-2.1-or-later
// decode_cmis() against pages that are built here byte by byte from the specification.
#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

#include "ofctl/client.hpp"

namespace mo::ofctl {
namespace {

constexpr std::size_t half = 128;

void put_u16(std::vector<std::uint8_t>& page, std::size_t at, unsigned value) {
    page[at] = static_cast<std::uint8_t>(value >> 8);
    page[at + 1] = static_cast<std::uint8_t>(value);
}

void put_text(std::vector<std::uint8_t>& page, std::size_t at, const char* text, std::size_t size) {
    std::memset(&page[at], ' ', size);
    std::memcpy(&page[at], text, std::strlen(text));
}

/// An 800G-DR8 LPO module in an OSFP, ready, 35.5 degrees, 3.3 V.
CmisPages pages() {
    CmisPages p;
    p.lower.assign(half, 0);
    p.page00.assign(half, 0);
    p.page01.assign(half, 0);
    p.page02.assign(half, 0);
    p.page11.assign(half, 0);
    p.lower[0] = 0x19;
    p.lower[1] = 0x52;
    p.lower[3] = 3 << 1;
    put_u16(p.lower, 14, 35 * 256 + 128);
    put_u16(p.lower, 16, 33000);
    p.lower[86] = 0x23;
    p.lower[87] = 0x92;
    p.lower[88] = 0x88;
    p.lower[89] = 0x01;
    p.lower[90] = 0xff;
    put_text(p.page00, 129 - half, "Mesh Optical", 16);
    put_text(p.page00, 148 - half, "MO-LPO-800", 16);
    put_text(p.page00, 166 - half, "S42", 16);
    p.page00[201 - half] = 36;
    p.page00[203 - half] = 0x28;
    p.page01[132 - half] = 5; // 5 x 0.1 km
    put_u16(p.page01, 138 - half, 26200);
    p.page01[160 - half] = 0x07 | 1 << 3; // all monitors, bias times 2
    put_u16(p.page02, 192 - half, 20000);
    p.page11[0] = 0x44;
    put_u16(p.page11, 154 - half, 12345);
    put_u16(p.page11, 170 - half, 15000);
    put_u16(p.page11, 186 - half, 8000);
    return p;
}

TEST(Cmis, DecodesIdentityAndMonitors) {
    const auto module = decode_cmis(pages());
    EXPECT_TRUE(module.present);
    EXPECT_EQ(module.identifier, "OSFP");
    EXPECT_EQ(module.revision, "5.2");
    EXPECT_EQ(module.state, "ModuleReady");
    EXPECT_EQ(module.vendor, "Mesh Optical");
    EXPECT_EQ(module.part, "MO-LPO-800");
    EXPECT_EQ(module.serial, "S42");
    EXPECT_DOUBLE_EQ(*module.temperature_c, 35.5);
    EXPECT_NEAR(*module.voltage_v, 3.3, 1e-9);
    EXPECT_DOUBLE_EQ(*module.max_power_w, 9);
    EXPECT_NEAR(*module.wavelength_nm, 1310, 1e-6);
    EXPECT_NEAR(*module.length_m, 500, 1e-6);
    EXPECT_EQ(*module.media, "800G-DR8-LPO");
    EXPECT_TRUE(module.linear);
    ASSERT_EQ(module.applications.size(), 1U);
    EXPECT_EQ(module.applications[0], "LEI-800G-8 -> 800G-DR8-LPO, 8 lanes");
}

TEST(Cmis, DecodesLanes) {
    const auto module = decode_cmis(pages());
    ASSERT_EQ(module.lanes.size(), 8U);
    EXPECT_EQ(module.lanes[0].datapath_state, "DPActivated");
    EXPECT_EQ(module.lanes[1].datapath_state, "DPActivated");
    EXPECT_EQ(module.lanes[2].datapath_state, "0x00");
    EXPECT_NEAR(*module.lanes[0].tx_power_mw, 1.2345, 1e-9);
    EXPECT_NEAR(*module.lanes[0].bias_ma, 60, 1e-9);
    EXPECT_NEAR(*module.lanes[0].rx_power_mw, 0.8, 1e-9);
    EXPECT_NEAR(module.rx_power_thresholds->high_alarm, 2.0, 1e-9);
}

TEST(Cmis, FlagsBelongToTheirOwnLane) {
    for (unsigned lane = 0; lane < 8; ++lane) {
        auto p = pages();
        p.page11[152 - half] = static_cast<std::uint8_t>(1U << lane);
        p.page11[147 - half] = static_cast<std::uint8_t>(1U << lane);
        const auto module = decode_cmis(p);
        for (unsigned other = 0; other < 8; ++other) {
            EXPECT_EQ(module.lanes[other].flags,
                      other == lane ? (std::vector<std::string>{"rx-los", "rx-power-low-warn"})
                                    : std::vector<std::string>{});
        }
    }
}

TEST(Cmis, TellsFlagsOfNowFromLatchedOnes) {
    auto p = pages();
    p.lower[8] = 0x01;           // state changed: no complaint
    p.lower[9] = 0x05;           // temp high alarm and warning
    p.page11[147 - half] = 0x03; // no light on lanes 0 and 1
    p.module_flags = {0, 4, 0, 0, 0, 0};
    p.lane_flags.assign(20, 0);
    p.lane_flags[147 - 134] = 0x02; // still on lane 1
    const auto module = decode_cmis(p);
    const std::vector<std::string> none;
    EXPECT_EQ(module.flags, std::vector<std::string>{"temp-high-warn"});
    EXPECT_EQ(module.latched, std::vector<std::string>{"temp-high-alarm"});
    EXPECT_EQ(module.lanes[0].flags, none);
    EXPECT_EQ(module.lanes[0].latched, std::vector<std::string>{"rx-los"});
    EXPECT_EQ(module.lanes[1].flags, std::vector<std::string>{"rx-los"});
    EXPECT_EQ(module.lanes[1].latched, none);
}

TEST(Cmis, NegativeTemperature) {
    auto p = pages();
    put_u16(p.lower, 14, 0xf680);
    EXPECT_DOUBLE_EQ(*decode_cmis(p).temperature_c, -9.5);
}

TEST(Cmis, MissingPagesLeaveValuesUnknown) {
    auto p = pages();
    p.page01.clear();
    p.page02.clear();
    p.page11.clear();
    const auto module = decode_cmis(p);
    EXPECT_FALSE(module.wavelength_nm);
    EXPECT_FALSE(module.rx_power_thresholds);
    EXPECT_TRUE(module.lanes.empty());
    EXPECT_FALSE(decode_cmis({}).present);
}

} // namespace
} // namespace mo::ofctl
