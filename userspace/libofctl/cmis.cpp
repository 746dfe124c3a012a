// SPDX-License-Identifier: LGPL-2.1-or-later
// Decoder of CMIS module memory (OIF-CMIS-05.2). Bytes are named "page:byte" as the specification
// does; lower memory is 00h:0..127. Reads nothing; a page that is missing leaves its values empty.
#include "ofctl/client.hpp"

#include <array>
#include <cmath>
#include <cstdio>

namespace mo::ofctl {

namespace {

constexpr std::size_t page_size = 128;
constexpr std::size_t lanes_per_bank = 8;
constexpr double mw_per_step = 0.0001; // optical powers: 0.1 uW
constexpr double ma_per_step = 0.002;  // bias: 2 uA, times the multiplier of 01h:160
constexpr double celsius_per_step = 1.0 / 256;
constexpr double volt_per_step = 0.0001; // 100 uV

struct Code {
    unsigned value;
    const char* text;
};

/// SFF-8024 table 4-1, those with CMIS memory.
constexpr std::array identifiers = {Code{0x18, "QSFP-DD"},         Code{0x19, "OSFP"},
                                    Code{0x1e, "QSFP+ with CMIS"}, Code{0x1f, "SFP-DD with CMIS"},
                                    Code{0x21, "OSFP-XD"},         Code{0x22, "ELSFP"}};
/// CMIS table 8-5.
constexpr std::array module_states = {Code{1, "ModuleLowPwr"}, Code{2, "ModulePwrUp"},
                                      Code{3, "ModuleReady"}, Code{4, "ModulePwrDn"},
                                      Code{5, "ModuleFault"}};
/// CMIS table 8-87.
constexpr std::array datapath_states = {Code{1, "DPDeactivated"}, Code{2, "DPInit"},
                                        Code{3, "DPDeinit"},      Code{4, "DPActivated"},
                                        Code{5, "DPTxTurnOn"},    Code{6, "DPTxTurnOff"},
                                        Code{7, "DPInitialized"}};
/// SFF-8024 table 4-3.
constexpr std::array connectors = {Code{0x07, "LC"},       Code{0x0c, "MPO 1x12"},
                                   Code{0x0d, "MPO 2x16"}, Code{0x23, "No separable connector"},
                                   Code{0x24, "MXC 2x16"}, Code{0x28, "MPO 1x16"}};
/// CMIS table 8-36.
constexpr std::array technologies = {Code{0x00, "850 nm VCSEL"}, Code{0x01, "1310 nm VCSEL"},
                                     Code{0x04, "1310 nm DFB"},  Code{0x05, "1550 nm DFB"},
                                     Code{0x06, "1310 nm EML"},  Code{0x07, "1550 nm EML"},
                                     Code{0x08, "others"}};
/// SFF-8024 table 4-7, single-mode media that our ports meet.
constexpr std::array media = {Code{0x14, "100GBASE-DR"},  Code{0x1c, "400GBASE-DR4"},
                              Code{0x1d, "400G-FR4"},     Code{0x56, "800G-DR8"},
                              Code{0x8f, "100G-DR-LPO"},  Code{0x90, "200G-DR2-LPO"},
                              Code{0x91, "400G-DR4-LPO"}, Code{0x92, "800G-DR8-LPO"},
                              Code{0x77, "800G-DR4"},     Code{0x7f, "1.6T-DR8"}};
/// SFF-8024 table 4-5.
constexpr std::array hosts = {Code{0x20, "100GAUI LEI"},         Code{0x21, "200GAUI-2 LEI"},
                              Code{0x22, "LEI-400G-4"},          Code{0x23, "LEI-800G-8"},
                              Code{0x4b, "100GAUI-1-S C2M"},     Code{0x4d, "200GAUI-2-S C2M"},
                              Code{0x4f, "400GAUI-4-S C2M"},     Code{0x51, "800GAUI-8 S C2M"},
                              Code{0x74, "CEI-112G-LINEAR-PAM4"}};

template <std::size_t N>
std::optional<std::string> name_of(const std::array<Code, N>& codes, unsigned value) {
    for (const auto& code : codes) {
        if (code.value == value) {
            return code.text;
        }
    }
    return std::nullopt;
}

std::string hexadecimal(unsigned value) {
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "0x%02x", value);
    return text.data();
}

template <std::size_t N>
std::string name_or_code(const std::array<Code, N>& codes, unsigned value) {
    return name_of(codes, value).value_or(hexadecimal(value));
}

/// One page's 128 bytes; `at` counts as the specification does for that half.
class Page {
  public:
    Page(const std::vector<std::uint8_t>& data, unsigned base) : data_(data), base_(base) {}
    [[nodiscard]] bool present() const { return data_.size() >= page_size; }
    [[nodiscard]] unsigned u8(unsigned at) const { return present() ? data_[at - base_] : 0U; }
    [[nodiscard]] unsigned u16(unsigned at) const { return u8(at) << 8 | u8(at + 1); }
    [[nodiscard]] int s16(unsigned at) const { return static_cast<std::int16_t>(u16(at)); }
    [[nodiscard]] std::string text(unsigned at, unsigned length) const {
        std::string value;
        for (unsigned i = 0; i < length; ++i) {
            const auto byte = u8(at + i);
            value += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : ' ';
        }
        value.erase(value.find_last_not_of(' ') + 1);
        return value;
    }

  private:
    const std::vector<std::uint8_t>& data_;
    unsigned base_;
};

/// Four consecutive words: high alarm, low alarm, high warning, low warning.
Thresholds thresholds_of(const Page& page, unsigned at, double step, bool is_signed) {
    const auto value = [&](unsigned where) {
        return step * (is_signed ? page.s16(where) : static_cast<int>(page.u16(where)));
    };
    return {value(at), value(at + 2), value(at + 4), value(at + 6)};
}

void take_flags(const Page& lower, Module& module) {
    // 00h:9 temperature and supply, in pairs of alarm and warning.
    static constexpr std::array names = {"temp-high-alarm", "temp-low-alarm", "temp-high-warn",
                                         "temp-low-warn",   "vcc-high-alarm", "vcc-low-alarm",
                                         "vcc-high-warn",   "vcc-low-warn"};
    for (unsigned bit = 0; bit < names.size(); ++bit) {
        if ((lower.u8(9) >> bit & 1U) != 0) {
            module.flags.emplace_back(names[bit]);
        }
    }
    if ((lower.u8(8) & 0x02U) != 0) {
        module.flags.emplace_back("datapath-firmware-fault");
    }
    if ((lower.u8(8) & 0x04U) != 0) {
        module.flags.emplace_back("module-firmware-fault");
    }
}

void take_applications(const Page& lower, Module& module) {
    constexpr unsigned first = 86;
    constexpr unsigned count = 8;
    constexpr unsigned bytes = 4;
    for (unsigned i = 0; i < count; ++i) {
        const unsigned at = first + i * bytes;
        const unsigned host = lower.u8(at);
        if (host == 0xff || host == 0) {
            break;
        }
        const unsigned medium = lower.u8(at + 1);
        module.applications.push_back(name_or_code(hosts, host) + " -> " +
                                      name_or_code(media, medium) + ", " +
                                      std::to_string(lower.u8(at + 2) >> 4) + " lanes");
        // SFF-8024: linear (LPO) host interfaces and media.
        const bool linear =
            (host >= 0x20 && host <= 0x23) || host == 0x74 || (medium >= 0x8f && medium <= 0x93);
        module.linear = module.linear || linear;
        if (!module.media) {
            module.media = name_of(media, medium);
        }
    }
}

void take_lanes(const Page& page01, const Page& page11, Module& module) {
    if (!page11.present()) {
        return;
    }
    const bool has_bias = (page01.u8(160) & 0x01U) != 0;
    const bool has_tx_power = (page01.u8(160) & 0x02U) != 0;
    const bool has_rx_power = (page01.u8(160) & 0x04U) != 0;
    const unsigned multiplier = 1U << (page01.u8(160) >> 3 & 0x03U);
    struct Group {
        unsigned at;
        const char* name;
    };
    static constexpr std::array groups = {
        Group{139, "tx-power-high-alarm"}, Group{140, "tx-power-low-alarm"},
        Group{141, "tx-power-high-warn"},  Group{142, "tx-power-low-warn"},
        Group{143, "bias-high-alarm"},     Group{144, "bias-low-alarm"},
        Group{145, "bias-high-warn"},      Group{146, "bias-low-warn"},
        Group{149, "rx-power-high-alarm"}, Group{150, "rx-power-low-alarm"},
        Group{151, "rx-power-high-warn"},  Group{152, "rx-power-low-warn"}};
    for (unsigned lane = 0; lane < lanes_per_bank; ++lane) {
        const auto bit = [&](unsigned at) { return (page11.u8(at) >> lane & 1U) != 0; };
        ModuleLane item;
        item.lane = lane;
        item.datapath_state =
            name_or_code(datapath_states, page11.u8(128 + lane / 2) >> (lane % 2 * 4) & 0x0fU);
        item.tx_fault = bit(135);
        item.tx_los = bit(136);
        item.rx_los = bit(147);
        item.rx_lol = bit(148);
        for (const auto& group : groups) {
            if (bit(group.at)) {
                item.flags.emplace_back(group.name);
            }
        }
        if (has_tx_power) {
            item.tx_power_mw = page11.u16(154 + 2 * lane) * mw_per_step;
        }
        if (has_bias) {
            item.bias_ma = page11.u16(170 + 2 * lane) * ma_per_step * multiplier;
        }
        if (has_rx_power) {
            item.rx_power_mw = page11.u16(186 + 2 * lane) * mw_per_step;
        }
        module.lanes.push_back(std::move(item));
    }
}

} // namespace

Module decode_cmis(const CmisPages& pages) {
    const Page lower(pages.lower, 0);
    const Page page00(pages.page00, page_size);
    const Page page01(pages.page01, page_size);
    const Page page02(pages.page02, page_size);
    const Page page11(pages.page11, page_size);
    Module module;
    module.present = lower.present();
    if (!module.present) {
        return module;
    }
    module.identifier = name_or_code(identifiers, lower.u8(0));
    module.revision = std::to_string(lower.u8(1) >> 4) + "." + std::to_string(lower.u8(1) & 0x0fU);
    module.state = name_or_code(module_states, lower.u8(3) >> 1 & 0x07U);
    module.temperature_c = lower.s16(14) * celsius_per_step;
    module.voltage_v = lower.u16(16) * volt_per_step;
    if (lower.u8(39) != 0 || lower.u8(40) != 0) {
        module.firmware = std::to_string(lower.u8(39)) + "." + std::to_string(lower.u8(40));
    }
    take_flags(lower, module);
    take_applications(lower, module);
    if (page00.present()) {
        module.vendor = page00.text(129, 16);
        std::array<char, 12> oui{};
        std::snprintf(oui.data(), oui.size(), "%02x:%02x:%02x", page00.u8(145), page00.u8(146),
                      page00.u8(147));
        module.oui = oui.data();
        module.part = page00.text(148, 16);
        module.hardware_revision = page00.text(164, 2);
        module.serial = page00.text(166, 16);
        module.date = page00.text(182, 8);
        module.max_power_w = page00.u8(201) * 0.25;
        module.connector = name_or_code(connectors, page00.u8(203));
        module.technology = name_or_code(technologies, page00.u8(212));
    }
    if (page01.present()) {
        // 01h:132: length of single-mode fibre, bits 7..6 scale 0.1, 1 km.
        const double scale_km = (page01.u8(132) >> 6) == 0 ? 0.1 : 1.0;
        module.length_m = (page01.u8(132) & 0x3fU) * scale_km * 1000;
        module.wavelength_nm = page01.u16(138) * 0.05;
    }
    if (page02.present()) {
        module.temperature_thresholds = thresholds_of(page02, 128, celsius_per_step, true);
        module.voltage_thresholds = thresholds_of(page02, 136, volt_per_step, false);
        module.tx_power_thresholds = thresholds_of(page02, 176, mw_per_step, false);
        const unsigned multiplier = 1U << (page01.u8(160) >> 3 & 0x03U);
        module.bias_thresholds = thresholds_of(page02, 184, ma_per_step * multiplier, false);
        module.rx_power_thresholds = thresholds_of(page02, 192, mw_per_step, false);
    }
    take_lanes(page01, page11, module);
    return module;
}

} // namespace mo::ofctl
