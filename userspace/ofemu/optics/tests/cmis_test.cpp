// SPDX-License-Identifier: GPL-2.0-or-later
// The description of the module's memory (driver/hw/cmis.h): it is sound by itself, the model of
// the module does what it says, and libofctl's decoder reads from the model's memory what the model
// is.
#include <array>
#include <bitset>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ofctl/client.hpp"
#include "optics/module.hpp"
#include "optics/physics.hpp"

namespace mo::optics {
namespace {

constexpr std::uint64_t ms = 1'000'000;

struct Row {
    const char* page;
    const char* name;
    cmis::Field field;
    std::string access;
};

const Row rows[] = {
#define X(page, name, byte, bytes, high, low, access, text)                                        \
    Row{#page, #name, cmis::p##page##_##name, #access},
    MO_CMIS_FIELDS(X)
#undef X
};

struct Flag {
    const char* name;
    unsigned byte;
};
constexpr std::array lane_flags = {
#define X(name, byte, text) Flag{text, byte},
    MO_CMIS_LANE_FLAGS(X)
#undef X
};

TEST(CmisDescription, FieldsStayInTheirHalfAndShareNoBit) {
    std::map<std::string, std::bitset<256 * 8>> taken;
    for (const Row& row : rows) {
        const bool lower = std::string(row.page) == "LOW";
        const unsigned last = row.field.byte + row.field.bytes - 1;
        EXPECT_EQ(row.field.byte < MO_CMIS_PAGE_LEN, lower) << row.name;
        EXPECT_LT(last, lower ? 128U : 256U) << row.name;
        EXPECT_TRUE(row.field.bytes == 1 || row.field.mask == 0xff) << row.name;
        for (unsigned byte = row.field.byte; byte <= last; ++byte) {
            for (unsigned bit = 0; bit < 8; ++bit) {
                if ((row.field.mask >> bit & 1U) != 0) {
                    EXPECT_FALSE(taken[row.page].test(byte * 8 + bit)) << row.page << row.name;
                    taken[row.page].set(byte * 8 + bit);
                }
            }
        }
    }
}

TEST(CmisDescription, FlagsAreThoseBytesAndEachOnce) {
    unsigned byte = cmis::p11_LANE_FLAGS.byte;
    for (const Flag& flag : lane_flags) {
        EXPECT_EQ(flag.byte, byte++) << flag.name;
    }
    EXPECT_EQ(byte, cmis::p11_LANE_FLAGS.byte + cmis::p11_LANE_FLAGS.bytes);
    std::bitset<256 * 8> taken;
#define X(name, flag_byte, bit, text)                                                              \
    EXPECT_GE(unsigned{flag_byte}, cmis::pLOW_FLAGS.byte) << (text);                               \
    EXPECT_LT(unsigned{flag_byte}, cmis::pLOW_FLAGS.byte + cmis::pLOW_FLAGS.bytes) << (text);      \
    EXPECT_FALSE(taken.test((flag_byte) * 8 + (bit))) << (text);                                   \
    taken.set((flag_byte) * 8 + (bit));
    MO_CMIS_MODULE_FLAGS(X)
#undef X
}

class CmisModel : public ::testing::Test {
  protected:
    CmisModel() {
        inputs.reset = false;
        inputs.low_power = false;
        inputs.interlock = true;
        inputs.host_signal = 0xff;
        inputs.rx_mw.fill(0.8);
        pass(500 * ms);
    }
    void pass(std::uint64_t time) {
        const auto end = now + time;
        module.evaluate(inputs, now);
        while (now < end) {
            now = std::min(end, std::max(now + 1, module.next_ns()));
            module.evaluate(inputs, now);
        }
    }
    std::vector<std::uint8_t> read(unsigned page, unsigned offset, std::size_t len) {
        const std::array<std::uint8_t, 2> to{0, static_cast<std::uint8_t>(page)};
        module.write(hw::MO_CMIS_LOW_BANK, to, now);
        std::vector<std::uint8_t> out(len);
        module.read(static_cast<std::uint8_t>(offset), out, now);
        return out;
    }
    void write(unsigned page, unsigned offset, const std::vector<std::uint8_t>& bytes) {
        (void)read(page, offset, 0); // selects
        module.write(static_cast<std::uint8_t>(offset), bytes, now);
    }
    /// As ofctl reads it.
    ofctl::Module decoded() {
        const auto half = [this](unsigned page, unsigned offset) {
            return read(page, offset, MO_CMIS_PAGE_LEN);
        };
        ofctl::CmisPages pages;
        pages.lower = half(hw::MO_CMIS_PAGE_LOW, 0);
        pages.page00 = half(hw::MO_CMIS_PAGE_00, 128);
        pages.page01 = half(hw::MO_CMIS_PAGE_01, 128);
        pages.page02 = half(hw::MO_CMIS_PAGE_02, 128);
        pages.page11 = half(hw::MO_CMIS_PAGE_11, 128);
        pages.module_flags =
            read(hw::MO_CMIS_PAGE_LOW, cmis::pLOW_FLAGS.byte, cmis::pLOW_FLAGS.bytes);
        pages.lane_flags =
            read(hw::MO_CMIS_PAGE_11, cmis::p11_LANE_FLAGS.byte, cmis::p11_LANE_FLAGS.bytes);
        return ofctl::decode_cmis(pages);
    }

    Module module{cmis::dr8_lpo("SN1"), 3, 35.0, 0};
    ModuleInputs inputs;
    std::uint64_t now = 0;
};

TEST_F(CmisModel, FieldsAreAsWritableAsTheySay) {
    for (const Row& row : rows) {
        const cmis::Field& field = row.field;
        const std::string name = std::string(row.page) + " " + row.name;
        if (row.access == "WO" || name == "LOW BANK" || name == "LOW PAGE") {
            continue; // acts instead of keeping
        }
        const auto before = read(field.page, field.byte, field.bytes);
        std::vector<std::uint8_t> changed = before;
        for (std::uint8_t& byte : changed) {
            byte = static_cast<std::uint8_t>(byte ^ field.mask);
        }
        write(field.page, field.byte, changed);
        const auto after = read(field.page, field.byte, field.bytes);
        for (unsigned i = 0; i < field.bytes; ++i) {
            if (row.access == "RW") {
                EXPECT_EQ(after[i] & field.mask, changed[i] & field.mask) << name << " " << i;
            } else if (row.access == "RO") {
                EXPECT_EQ(after[i] & field.mask, before[i] & field.mask) << name << " " << i;
            }
        }
        write(field.page, field.byte, before);
    }
}

TEST_F(CmisModel, DecoderReadsWhatTheModelIs) {
    const cmis::Identity& identity = module.identity();
    const ofctl::Module seen = decoded();
    EXPECT_EQ(seen.identifier, "OSFP");
    EXPECT_EQ(seen.state, "ModuleReady");
    EXPECT_EQ(seen.vendor, identity.vendor);
    EXPECT_EQ(seen.part, identity.part);
    EXPECT_EQ(seen.serial, identity.serial);
    EXPECT_EQ(seen.connector, "MPO 1x12");
    EXPECT_EQ(seen.technology, "1310 nm DFB");
    EXPECT_EQ(seen.media, "800G-DR8-LPO");
    EXPECT_TRUE(seen.linear);
    EXPECT_EQ(seen.applications.size(), identity.apps.size());
    EXPECT_NEAR(*seen.max_power_w, identity.max_power_w, 0.25);
    EXPECT_NEAR(*seen.length_m, identity.length_m, 1);
    EXPECT_NEAR(*seen.wavelength_nm, identity.wavelength_nm, 0.05);
    EXPECT_NEAR(*seen.temperature_c, module.case_c(now), 0.01);
    EXPECT_NEAR(seen.temperature_thresholds->low_alarm, identity.temp_c.low_alarm, 0.01);
    EXPECT_NEAR(seen.bias_thresholds->high_warning, identity.bias_ma.high_warn, 0.01);
    EXPECT_NEAR(seen.rx_power_thresholds->low_warning, dbm_to_mw(identity.rx_power_dbm.low_warn),
                1e-3);
    ASSERT_EQ(seen.lanes.size(), 8U);
    for (const auto& lane : seen.lanes) {
        EXPECT_EQ(lane.datapath_state, "DPActivated");
        EXPECT_NEAR(*lane.tx_power_mw, module.tx_mw(lane.lane, now), 1e-3);
        EXPECT_NEAR(*lane.rx_power_mw, 0.8, 1e-3);
        EXPECT_TRUE(lane.flags.empty());
    }
}

TEST_F(CmisModel, FlagsThatWereAreToldFromFlagsThatAre) {
    (void)decoded(); // what the start left
    inputs.rx_mw[2] = 0;
    inputs.rx_mw[5] = 0;
    pass(10 * ms);
    inputs.rx_mw[5] = 0.8;
    pass(10 * ms);
    const ofctl::Module seen = decoded();
    const std::vector<std::string> dark = {"rx-los", "rx-power-low-alarm", "rx-power-low-warn"};
    const std::vector<std::string> none;
    EXPECT_EQ(seen.lanes[2].flags, dark);
    EXPECT_EQ(seen.lanes[2].latched, none);
    EXPECT_EQ(seen.lanes[5].flags, none);
    EXPECT_EQ(seen.lanes[5].latched, dark);
    EXPECT_EQ(seen.lanes[0].flags, none);
    EXPECT_EQ(seen.lanes[0].latched, none);
    EXPECT_EQ(decoded().lanes[5].latched, none) << "told once";
}

} // namespace
} // namespace mo::optics
