// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libofctl/ethtool.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>

#include "common/hw.hpp"

namespace mo::ofctl {

namespace {

constexpr const char* family_name = ETHTOOL_GENL_NAME;

struct FecName {
    const char* ours;    ///< what users type
    const char* kernels; ///< the kernel's name of the link mode bit
    unsigned bit;
};
constexpr std::array fec_names = {
    FecName{"off", "None", ETHTOOL_LINK_MODE_FEC_NONE_BIT},
    FecName{"rs", "RS", ETHTOOL_LINK_MODE_FEC_RS_BIT},
    FecName{"baser", "BASER", ETHTOOL_LINK_MODE_FEC_BASER_BIT},
    FecName{"llrs", "LLRS", ETHTOOL_LINK_MODE_FEC_LLRS_BIT},
};

void put_interface(Builder& builder, std::uint16_t type, int ifindex, std::uint32_t flags) {
    builder.begin(type).put_u32(ETHTOOL_A_HEADER_DEV_INDEX, static_cast<std::uint32_t>(ifindex));
    if (flags != 0) {
        builder.put_u32(ETHTOOL_A_HEADER_FLAGS, flags);
    }
    builder.end();
}

/// The attributes of the answer to a get; empty when the driver does not support the request.
Answer<std::optional<Bytes>> get(GenlFamilies& families, std::uint8_t command, std::uint16_t header,
                                 int ifindex, std::uint32_t flags = 0) {
    auto request = families.request(family_name, command, 0);
    if (!request) {
        return Unexpected{request.error()};
    }
    put_interface(*request, header, ifindex, flags);
    auto answer = families.exchange(std::move(*request));
    if (!answer) {
        if (answer.error().code == EOPNOTSUPP) {
            return std::optional<Bytes>{};
        }
        return Unexpected{answer.error()};
    }
    if (answer->empty()) {
        return std::optional<Bytes>{};
    }
    return std::optional<Bytes>{std::move(answer->front())};
}

struct Bit {
    std::string name;
    std::uint64_t index;
    bool value;
};

std::vector<Bit> bits_of(const Attributes& bitset) {
    std::vector<Bit> bits;
    for (const auto data : bitset.nest(ETHTOOL_A_BITSET_BITS).all(ETHTOOL_A_BITSET_BITS_BIT)) {
        const Attributes bit(data);
        bits.push_back({bit.text(ETHTOOL_A_BITSET_BIT_NAME).value_or(""),
                        bit.integer(ETHTOOL_A_BITSET_BIT_INDEX).value_or(0),
                        bit.has(ETHTOOL_A_BITSET_BIT_VALUE)});
    }
    return bits;
}

/// A set bit of a bitset's list.
void put_bit(Builder& builder, const std::string& name) {
    builder.begin(ETHTOOL_A_BITSET_BITS_BIT)
        .put_text(ETHTOOL_A_BITSET_BIT_NAME, name)
        .put_flag(ETHTOOL_A_BITSET_BIT_VALUE)
        .end();
}

/// The answer to a set, of which only the error is of interest.
Answer<void> done(const Answer<std::vector<Bytes>>& answer) {
    if (!answer) {
        return Unexpected{answer.error()};
    }
    return {};
}

void take_link_modes(const Bytes& message, Port& port) {
    const auto attributes = genl_attributes(message);
    const auto speed = attributes.integer(ETHTOOL_A_LINKMODES_SPEED);
    if (speed && *speed != static_cast<std::uint32_t>(SPEED_UNKNOWN)) {
        port.speed_mbps = static_cast<std::uint32_t>(*speed);
    }
    if (const auto lanes = attributes.integer(ETHTOOL_A_LINKMODES_LANES)) {
        port.lanes = static_cast<std::uint32_t>(*lanes);
    }
    if (const auto autoneg = attributes.integer(ETHTOOL_A_LINKMODES_AUTONEG)) {
        port.autoneg = *autoneg != 0;
    }
    for (const auto& bit : bits_of(attributes.nest(ETHTOOL_A_LINKMODES_OURS))) {
        if (bit.name.find("base") != std::string::npos) {
            port.supported_modes.push_back(bit.name);
        }
        for (const auto& name : fec_names) {
            if (bit.name == name.kernels) {
                port.fec_supported.emplace_back(name.ours);
            }
        }
        if (bit.value) {
            port.advertised.push_back(bit.name);
        }
    }
}

void take_link_state(const Bytes& message, Port& port) {
    const auto attributes = genl_attributes(message);
    const auto state = attributes.integer(ETHTOOL_A_LINKSTATE_EXT_STATE);
    const auto substate = attributes.integer(ETHTOOL_A_LINKSTATE_EXT_SUBSTATE);
    if (state) {
        port.ext_state = ext_state_text(*state);
        if (substate) {
            port.ext_substate = ext_substate_text(*state, *substate);
        }
    }
    if (const auto count = attributes.integer(ETHTOOL_A_LINKSTATE_EXT_DOWN_CNT)) {
        port.down_count = static_cast<std::uint32_t>(*count);
    }
}

std::vector<std::uint64_t> counters_of(std::span<const std::byte> data) {
    std::vector<std::uint64_t> values(data.size() / sizeof(std::uint64_t));
    std::memcpy(values.data(), data.data(), values.size() * sizeof(std::uint64_t));
    return values;
}

void take_fec(const Bytes& message, Port& port, bool statistics) {
    const auto attributes = genl_attributes(message);
    if (const auto active = attributes.integer(ETHTOOL_A_FEC_ACTIVE)) {
        for (const auto& name : fec_names) {
            if (*active == name.bit) {
                port.fec_active = name.ours;
            }
        }
    }
    if (attributes.integer(ETHTOOL_A_FEC_AUTO).value_or(0) != 0) {
        port.fec_configured.emplace_back("auto");
    }
    for (const auto& bit : bits_of(attributes.nest(ETHTOOL_A_FEC_MODES))) {
        for (const auto& name : fec_names) {
            if (bit.index == name.bit) {
                port.fec_configured.emplace_back(name.ours);
            }
        }
    }
    if (!statistics || !attributes.has(ETHTOOL_A_FEC_STATS)) {
        return;
    }
    const auto nest = attributes.nest(ETHTOOL_A_FEC_STATS);
    FecStatistics fec;
    const auto total = [&](std::uint16_t type) -> std::optional<std::uint64_t> {
        const auto values = counters_of(nest.bytes(type));
        return values.empty() ? std::nullopt : std::optional(values.front());
    };
    fec.corrected_blocks = total(ETHTOOL_A_FEC_STAT_CORRECTED);
    fec.uncorrectable_blocks = total(ETHTOOL_A_FEC_STAT_UNCORR);
    fec.corrected_bits = total(ETHTOOL_A_FEC_STAT_CORR_BITS);
    const auto lanes = counters_of(nest.bytes(ETHTOOL_A_FEC_STAT_CORRECTED));
    if (lanes.size() > 1) {
        fec.corrected_per_lane.assign(lanes.begin() + 1, lanes.end());
    }
    port.fec_statistics = fec;
}

} // namespace

Answer<void> read_ethtool(GenlFamilies& families, Port& port, bool statistics) {
    const auto modes =
        get(families, ETHTOOL_MSG_LINKMODES_GET, ETHTOOL_A_LINKMODES_HEADER, port.ifindex);
    if (!modes) {
        return Unexpected{modes.error()};
    }
    if (*modes) {
        take_link_modes(**modes, port);
    }
    const auto state = get(families, ETHTOOL_MSG_LINKSTATE_GET, ETHTOOL_A_LINKSTATE_HEADER,
                           port.ifindex, ETHTOOL_FLAG_STATS);
    if (!state) {
        return Unexpected{state.error()};
    }
    if (*state) {
        take_link_state(**state, port);
    }
    const auto fec = get(families, ETHTOOL_MSG_FEC_GET, ETHTOOL_A_FEC_HEADER, port.ifindex,
                         statistics ? ETHTOOL_FLAG_STATS : 0);
    if (!fec) {
        return Unexpected{fec.error()};
    }
    if (*fec) {
        take_fec(**fec, port, statistics);
    }
    return {};
}

Answer<void> set_speed(GenlFamilies& families, const Port& port,
                       std::optional<std::uint32_t> speed_mbps,
                       std::optional<std::uint32_t> lanes) {
    if (!speed_mbps) {
        // Without a speed, that of now would count, and exclude modes with other lanes.
        return set_modes(families, port, port.supported_modes, lanes);
    }
    auto request = families.request(family_name, ETHTOOL_MSG_LINKMODES_SET, 0);
    if (!request) {
        return Unexpected{request.error()};
    }
    put_interface(*request, ETHTOOL_A_LINKMODES_HEADER, port.ifindex, 0);
    request->put_u8(ETHTOOL_A_LINKMODES_AUTONEG, AUTONEG_DISABLE);
    request->put_u32(ETHTOOL_A_LINKMODES_SPEED, *speed_mbps);
    if (lanes) {
        request->put_u32(ETHTOOL_A_LINKMODES_LANES, *lanes);
    }
    return done(families.exchange(std::move(*request)));
}

Answer<void> set_modes(GenlFamilies& families, const Port& port,
                       const std::vector<std::string>& modes, std::optional<std::uint32_t> lanes) {
    auto request = families.request(family_name, ETHTOOL_MSG_LINKMODES_SET, 0);
    if (!request) {
        return Unexpected{request.error()};
    }
    put_interface(*request, ETHTOOL_A_LINKMODES_HEADER, port.ifindex, 0);
    request->put_u8(ETHTOOL_A_LINKMODES_AUTONEG, AUTONEG_DISABLE);
    request->begin(ETHTOOL_A_LINKMODES_OURS).put_flag(ETHTOOL_A_BITSET_NOMASK);
    request->begin(ETHTOOL_A_BITSET_BITS);
    for (const auto& mode : modes) {
        put_bit(*request, mode);
    }
    request->end().end();
    // Else the kernel keeps the speed of a link that is up, and a driver obeys that one.
    request->put_u32(ETHTOOL_A_LINKMODES_SPEED, static_cast<std::uint32_t>(SPEED_UNKNOWN));
    if (lanes) {
        request->put_u32(ETHTOOL_A_LINKMODES_LANES, *lanes);
    }
    return done(families.exchange(std::move(*request)));
}

Answer<void> set_fec(GenlFamilies& families, const Port& port,
                     const std::vector<std::string>& modes) {
    auto request = families.request(family_name, ETHTOOL_MSG_FEC_SET, 0);
    if (!request) {
        return Unexpected{request.error()};
    }
    put_interface(*request, ETHTOOL_A_FEC_HEADER, port.ifindex, 0);
    const bool automatic = std::find(modes.begin(), modes.end(), "auto") != modes.end();
    request->begin(ETHTOOL_A_FEC_MODES).put_flag(ETHTOOL_A_BITSET_NOMASK);
    request->begin(ETHTOOL_A_BITSET_BITS);
    for (const auto& mode : modes) {
        const auto name = std::find_if(fec_names.begin(), fec_names.end(),
                                       [&](const FecName& n) { return n.ours == mode; });
        if (name == fec_names.end()) {
            if (mode == "auto") {
                continue;
            }
            return refuse(EINVAL, "FEC \"" + mode +
                                      "\" is not known; use auto, off, rs, baser "
                                      "or llrs");
        }
        put_bit(*request, name->kernels);
    }
    request->end().end();
    request->put_u8(ETHTOOL_A_FEC_AUTO, automatic ? 1 : 0);
    return done(families.exchange(std::move(*request)));
}

Answer<std::vector<std::uint8_t>> read_module_page(GenlFamilies& families, int ifindex,
                                                   std::uint8_t page, std::uint8_t offset,
                                                   std::uint32_t length) {
    auto request = families.request(family_name, ETHTOOL_MSG_MODULE_EEPROM_GET, 0);
    if (!request) {
        return Unexpected{request.error()};
    }
    put_interface(*request, ETHTOOL_A_MODULE_EEPROM_HEADER, ifindex, 0);
    request->put_u32(ETHTOOL_A_MODULE_EEPROM_OFFSET, offset)
        .put_u32(ETHTOOL_A_MODULE_EEPROM_LENGTH, length)
        .put_u8(ETHTOOL_A_MODULE_EEPROM_PAGE, page)
        .put_u8(ETHTOOL_A_MODULE_EEPROM_BANK, 0)
        .put_u8(ETHTOOL_A_MODULE_EEPROM_I2C_ADDRESS, MO_CMIS_I2C_TARGET);
    const auto answer = families.exchange(std::move(*request));
    if (!answer) {
        return Unexpected{answer.error()};
    }
    std::vector<std::uint8_t> data;
    if (!answer->empty()) {
        const auto bytes = genl_attributes(answer->front()).bytes(ETHTOOL_A_MODULE_EEPROM_DATA);
        data.resize(bytes.size());
        std::memcpy(data.data(), bytes.data(), bytes.size());
    }
    if (data.size() != length) {
        return refuse(EPROTO, "the kernel returned " + std::to_string(data.size()) +
                                  " bytes of the module instead of " + std::to_string(length));
    }
    return data;
}

Answer<ModulePower> read_module_power(GenlFamilies& families, int ifindex) {
    const auto answer = get(families, ETHTOOL_MSG_MODULE_GET, ETHTOOL_A_MODULE_HEADER, ifindex);
    if (!answer) {
        return Unexpected{answer.error()};
    }
    ModulePower power;
    if (*answer) {
        const auto attributes = genl_attributes(**answer);
        const auto mode = attributes.integer(ETHTOOL_A_MODULE_POWER_MODE);
        if (mode == ETHTOOL_MODULE_POWER_MODE_LOW) {
            power.mode = "low";
        } else if (mode == ETHTOOL_MODULE_POWER_MODE_HIGH) {
            power.mode = "high";
        }
        const auto policy = attributes.integer(ETHTOOL_A_MODULE_POWER_MODE_POLICY);
        if (policy == ETHTOOL_MODULE_POWER_MODE_POLICY_HIGH) {
            power.policy = "high";
        } else if (policy == ETHTOOL_MODULE_POWER_MODE_POLICY_AUTO) {
            power.policy = "auto";
        }
    }
    return power;
}

} // namespace mo::ofctl
