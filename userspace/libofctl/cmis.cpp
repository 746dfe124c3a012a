// SPDX-License-Identifier: LGPL-2.1-or-later
// Decoder of CMIS module memory. Where what stands and what codes mean is in driver/hw/cmis.h.
// Reads nothing; a page that is missing leaves its values empty.
#include "ofctl/client.hpp"

#include <array>
#include <cmath>
#include <cstdio>

#include "common/cmis.hpp"

namespace mo::ofctl {

namespace {

using namespace mo::cmis; // the fields

constexpr std::size_t lanes_per_bank = 8;
constexpr double mw_per_step = 0.0001; // optical powers: 0.1 uW
constexpr double ma_per_step = 0.002;  // bias: 2 uA, times 2^BIAS_SCALE
constexpr double celsius_per_step = 1.0 / 256;
constexpr double volt_per_step = 0.0001; // 100 uV

struct Code {
    unsigned value;
    const char* text;
    bool linear = false;
};

#define X(name, value, text) Code{value, text},
constexpr std::array identifiers = {MO_CMIS_IDENTIFIERS(X)};
constexpr std::array module_states = {MO_CMIS_STATES(X)};
constexpr std::array datapath_states = {MO_CMIS_DP_STATES(X)};
constexpr std::array connectors = {MO_CMIS_CONNECTORS(X)};
constexpr std::array technologies = {MO_CMIS_TECHNOLOGIES(X)};
#undef X
#define X(name, value, medium, linear, text) Code{value, text, (linear) != 0},
constexpr std::array media = {MO_CMIS_SMF_MEDIA(X)};
#undef X
#define X(name, value, linear, text) Code{value, text, (linear) != 0},
constexpr std::array hosts = {MO_CMIS_HOSTS(X)};
#undef X

template <std::size_t N>
const Code* find(const std::array<Code, N>& codes, unsigned value) {
    for (const auto& code : codes) {
        if (code.value == value) {
            return &code;
        }
    }
    return nullptr;
}

template <std::size_t N>
std::optional<std::string> name_of(const std::array<Code, N>& codes, unsigned value) {
    const Code* const code = find(codes, value);
    return code != nullptr ? std::optional<std::string>(code->text) : std::nullopt;
}

template <std::size_t N>
bool is_linear(const std::array<Code, N>& codes, unsigned value) {
    const Code* const code = find(codes, value);
    return code != nullptr && code->linear;
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

/// A half of the memory: 128 bytes. Addresses count as the specification does, 0..255.
class Page {
  public:
    explicit Page(const std::vector<std::uint8_t>& data) : data_(data) {}
    [[nodiscard]] bool present() const { return data_.size() >= MO_CMIS_PAGE_LEN; }
    [[nodiscard]] unsigned u8(unsigned address) const {
        return present() ? data_[address % MO_CMIS_PAGE_LEN] : 0U;
    }
    [[nodiscard]] unsigned u16(unsigned address) const {
        return u8(address) << 8 | u8(address + 1);
    }
    [[nodiscard]] int s16(unsigned address) const {
        return static_cast<std::int16_t>(u16(address));
    }
    /// A number of one byte (those bits of it) or two.
    [[nodiscard]] unsigned number(const Field& field) const {
        return field.bytes == 2 ? u16(field.byte) : (u8(field.byte) & field.mask) >> field.shift;
    }
    /// Half a byte of a field that has one per lane.
    [[nodiscard]] unsigned nibble(const Field& field, unsigned lane) const {
        return u8(field.byte + lane / 2) >> (lane % 2 * 4) & 0x0fU;
    }
    [[nodiscard]] std::string text(const Field& field) const {
        std::string value;
        for (unsigned i = 0; i < field.bytes; ++i) {
            const auto byte = u8(field.byte + i);
            value += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : ' ';
        }
        value.erase(value.find_last_not_of(' ') + 1);
        return value;
    }

  private:
    const std::vector<std::uint8_t>& data_;
};

/// Four consecutive words: high alarm, low alarm, high warning, low warning.
Thresholds thresholds_of(const Page& page, const Field& field, double step, bool is_signed) {
    const auto value = [&](unsigned index) {
        const unsigned at = field.byte + 2 * index;
        return step * (is_signed ? page.s16(at) : static_cast<int>(page.u16(at)));
    };
    return {value(0), value(1), value(2), value(3)};
}

/// Puts the name of a flag where it belongs. `latched`: as first read; `now`: as read again.
void take_flag(bool latched, bool now, const char* name, std::vector<std::string>& flags,
               std::vector<std::string>& before) {
    if (now) {
        flags.emplace_back(name);
    } else if (latched) {
        before.emplace_back(name);
    }
}

void take_flags(const Page& lower, const std::vector<std::uint8_t>& now, Module& module) {
    struct Flag {
        unsigned byte, mask;
        const char* name;
    };
    static constexpr std::array flags = {
#define X(name, byte, bit, text) Flag{byte, hw::MO_CMIS_MF_##name, text},
        MO_CMIS_MODULE_FLAGS(X)
#undef X
    };
    for (const auto& flag : flags) {
        if (flag.byte == hw::MO_CMIS_MF_STATE_CHANGED_BYTE &&
            flag.mask == hw::MO_CMIS_MF_STATE_CHANGED) {
            continue; // no complaint
        }
        const unsigned index = flag.byte - pLOW_FLAGS.byte;
        const bool latched = (lower.u8(flag.byte) & flag.mask) != 0;
        take_flag(latched, index < now.size() ? (now[index] & flag.mask) != 0 : latched, flag.name,
                  module.flags, module.latched);
    }
}

void take_applications(const Page& lower, Module& module) {
    for (unsigned i = 0; i < pLOW_APPS.bytes / MO_CMIS_APP_LEN; ++i) {
        const unsigned at = pLOW_APPS.byte + i * MO_CMIS_APP_LEN;
        const unsigned host = lower.u8(at);
        if (host == MO_CMIS_APPS_END || host == 0) {
            break;
        }
        const unsigned medium = lower.u8(at + 1);
        module.applications.push_back(name_or_code(hosts, host) + " -> " +
                                      name_or_code(media, medium) + ", " +
                                      std::to_string(lower.u8(at + 2) >> 4) + " lanes");
        module.linear = module.linear || is_linear(hosts, host) || is_linear(media, medium);
        if (!module.media) {
            module.media = name_of(media, medium);
        }
    }
}

void take_lanes(const Page& page01, const Page& page11, const std::vector<std::uint8_t>& now,
                Module& module) {
    if (!page11.present()) {
        return;
    }
    const bool has_bias = page01.number(p01_HAS_BIAS) != 0;
    const bool has_tx_power = page01.number(p01_HAS_TX_POWER) != 0;
    const bool has_rx_power = page01.number(p01_HAS_RX_POWER) != 0;
    const unsigned multiplier = 1U << page01.number(p01_BIAS_SCALE);
    struct Group {
        unsigned byte;
        const char* name;
    };
    static constexpr std::array flags = {
#define X(name, byte, text) Group{byte, text},
        MO_CMIS_LANE_FLAGS(X)
#undef X
    };
    for (unsigned lane = 0; lane < lanes_per_bank; ++lane) {
        ModuleLane item;
        item.lane = lane;
        item.datapath_state = name_or_code(datapath_states, page11.nibble(p11_DP_STATE, lane));
        for (const auto& flag : flags) {
            if (flag.byte == hw::MO_CMIS_LF_DP_CHANGED || flag.byte == hw::MO_CMIS_LF_RX_OUTPUT) {
                continue; // no complaints
            }
            const unsigned index = flag.byte - p11_LANE_FLAGS.byte;
            const bool latched = (page11.u8(flag.byte) >> lane & 1U) != 0;
            take_flag(latched, index < now.size() ? (now[index] >> lane & 1U) != 0 : latched,
                      flag.name, item.flags, item.latched);
        }
        if (has_tx_power) {
            item.tx_power_mw = page11.u16(p11_TX_POWER.byte + 2 * lane) * mw_per_step;
        }
        if (has_bias) {
            item.bias_ma = page11.u16(p11_BIAS.byte + 2 * lane) * ma_per_step * multiplier;
        }
        if (has_rx_power) {
            item.rx_power_mw = page11.u16(p11_RX_POWER.byte + 2 * lane) * mw_per_step;
        }
        module.lanes.push_back(std::move(item));
    }
}

} // namespace

Module decode_cmis(const CmisPages& pages) {
    const Page lower(pages.lower);
    const Page page00(pages.page00);
    const Page page01(pages.page01);
    const Page page02(pages.page02);
    const Page page11(pages.page11);
    Module module;
    module.present = lower.present();
    if (!module.present) {
        return module;
    }
    const auto version = [](unsigned major, unsigned minor) {
        return std::to_string(major) + "." + std::to_string(minor);
    };
    module.identifier = name_or_code(identifiers, lower.number(pLOW_ID));
    const unsigned revision = lower.number(pLOW_REVISION);
    module.revision = version(revision >> 4, revision & 0x0fU);
    module.state = name_or_code(module_states, lower.number(pLOW_STATE));
    module.temperature_c = lower.s16(pLOW_TEMP.byte) * celsius_per_step;
    module.voltage_v = lower.number(pLOW_VCC) * volt_per_step;
    const unsigned major = lower.number(pLOW_FW_MAJOR), minor = lower.number(pLOW_FW_MINOR);
    if (major != 0 || minor != 0) {
        module.firmware = version(major, minor);
    }
    take_flags(lower, pages.module_flags, module);
    take_applications(lower, module);
    if (page00.present()) {
        module.vendor = page00.text(p00_VENDOR);
        std::array<char, 12> oui{};
        std::snprintf(oui.data(), oui.size(), "%02x:%02x:%02x", page00.u8(p00_OUI.byte),
                      page00.u8(p00_OUI.byte + 1), page00.u8(p00_OUI.byte + 2));
        module.oui = oui.data();
        module.part = page00.text(p00_PART);
        module.hardware_revision = page00.text(p00_PART_REVISION);
        module.serial = page00.text(p00_SERIAL);
        module.date = page00.text(p00_DATE);
        module.max_power_w = page00.number(p00_MAX_POWER) * 0.25;
        module.connector = name_or_code(connectors, page00.number(p00_CONNECTOR));
        module.technology = name_or_code(technologies, page00.number(p00_TECHNOLOGY));
    }
    if (page01.present()) {
        const double scale_km = page01.number(p01_LENGTH_SCALE) == 0 ? 0.1 : 1.0;
        module.length_m = page01.number(p01_LENGTH) * scale_km * 1000;
        module.wavelength_nm = page01.number(p01_WAVELENGTH) * 0.05;
    }
    if (page02.present()) {
        const unsigned multiplier = 1U << page01.number(p01_BIAS_SCALE);
        module.temperature_thresholds =
            thresholds_of(page02, p02_TEMP_LIMITS, celsius_per_step, true);
        module.voltage_thresholds = thresholds_of(page02, p02_VCC_LIMITS, volt_per_step, false);
        module.tx_power_thresholds = thresholds_of(page02, p02_TX_POWER_LIMITS, mw_per_step, false);
        module.bias_thresholds =
            thresholds_of(page02, p02_BIAS_LIMITS, ma_per_step * multiplier, false);
        module.rx_power_thresholds = thresholds_of(page02, p02_RX_POWER_LIMITS, mw_per_step, false);
    }
    take_lanes(page01, page11, pages.lane_flags, module);
    return module;
}

} // namespace mo::ofctl
