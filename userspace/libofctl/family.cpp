// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libofctl/family.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include "uapi/mesh_optical.h"

namespace mo::ofctl {

namespace {

constexpr const char* family_name = MESH_OPTICAL_FAMILY_NAME;

// Words of the enums in the specification, in its order.
constexpr std::array lane_states = {"absent", "disabled", "init", "up", "degraded", "failed"};
constexpr std::array machines = {"link", "module", "lane"};
constexpr std::array blames = {"unknown", "local", "remote", "fiber", "admin"};
constexpr std::array lane_flags = {"tx-fault",
                                   "rx-los",
                                   "rx-lol",
                                   "tx-los",
                                   "rx-power-high-alarm",
                                   "rx-power-low-alarm",
                                   "rx-power-high-warn",
                                   "rx-power-low-warn",
                                   "tx-power-high-alarm",
                                   "tx-power-low-alarm",
                                   "tx-power-high-warn",
                                   "tx-power-low-warn",
                                   "bias-high-alarm",
                                   "bias-low-alarm",
                                   "bias-high-warn",
                                   "bias-low-warn"};

template <std::size_t N>
std::string word(const std::array<const char*, N>& words, std::optional<std::uint64_t> value) {
    if (!value) {
        return {};
    }
    return *value < N ? words[*value] : std::to_string(*value);
}

/// Keeps what is known and takes what is new.
template <typename T>
void take(std::optional<T>& into, std::optional<T> value) {
    if (value) {
        into = value;
    }
}

/// The kernel reports the host's SerDes and the module's optics of a lane apart; here a lane is
/// both.
void take_lane(const Attributes& a, Lane& lane) {
    if (const auto state = a.integer(MESH_OPTICAL_A_LANE_INFO_STATE)) {
        lane.state = word(lane_states, state);
    }
    take(lane.tx_power_nw, a.integer(MESH_OPTICAL_A_LANE_INFO_TX_POWER_NW));
    take(lane.rx_power_nw, a.integer(MESH_OPTICAL_A_LANE_INFO_RX_POWER_NW));
    take(lane.bias_ua, a.integer(MESH_OPTICAL_A_LANE_INFO_BIAS_UA));
    take(lane.laser_temp_mc, a.signed_integer(MESH_OPTICAL_A_LANE_INFO_LASER_TEMP_MC));
    take(lane.snr_mdb, a.signed_integer(MESH_OPTICAL_A_LANE_INFO_SNR_MDB));
    take(lane.bits, a.integer(MESH_OPTICAL_A_LANE_INFO_BITS));
    take(lane.bit_errors, a.integer(MESH_OPTICAL_A_LANE_INFO_BIT_ERRORS));
    take(lane.symbol_errors, a.integer(MESH_OPTICAL_A_LANE_INFO_SYMBOL_ERRORS));
    const auto flags = a.integer(MESH_OPTICAL_A_LANE_INFO_FLAGS).value_or(0);
    for (std::size_t bit = 0; bit < lane_flags.size(); ++bit) {
        if ((flags >> bit & 1U) != 0) {
            lane.flags.emplace_back(lane_flags[bit]);
        }
    }
}

} // namespace

std::optional<double> Lane::pre_fec_ber() const {
    if (!bits || !bit_errors || *bits == 0) {
        return std::nullopt;
    }
    return static_cast<double>(*bit_errors) / static_cast<double>(*bits);
}

bool take_optical_port(const Attributes& a, Port& port) {
    const auto ifindex = a.integer(MESH_OPTICAL_A_PORT_IFINDEX);
    if (!ifindex) {
        return false;
    }
    port.ifindex = static_cast<int>(*ifindex);
    const auto number = [&](std::uint16_t type) -> std::optional<std::uint32_t> {
        const auto value = a.integer(type);
        return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
    };
    if (const auto lanes = number(MESH_OPTICAL_A_PORT_LANES); lanes && !port.lanes) {
        port.lanes = lanes;
    }
    port.lanes_ok = number(MESH_OPTICAL_A_PORT_LANES_OK);
    port.reason_lanes = number(MESH_OPTICAL_A_PORT_REASON_LANES);
    port.link_state = a.text(MESH_OPTICAL_A_PORT_STATE);
    port.reason = a.text(MESH_OPTICAL_A_PORT_REASON);
    port.last_reason = a.text(MESH_OPTICAL_A_PORT_LAST_REASON);
    if (const auto blame = a.integer(MESH_OPTICAL_A_PORT_BLAME)) {
        port.blame = word(blames, blame);
    }
    if (const auto count = number(MESH_OPTICAL_A_PORT_DOWN_COUNT)) {
        port.down_count = count;
    }
    port.changed_ns = a.integer(MESH_OPTICAL_A_PORT_CHANGED_NS);
    port.up_ns = a.integer(MESH_OPTICAL_A_PORT_UP_NS);
    return true;
}

Answer<std::vector<Port>> read_optical_ports(GenlFamilies& families) {
    const auto dump = [&]() -> Answer<std::vector<Bytes>> {
        auto request = families.request(family_name, MESH_OPTICAL_CMD_PORT_GET, NLM_F_DUMP);
        if (!request) {
            return Unexpected{request.error()};
        }
        return families.exchange(std::move(*request));
    };
    auto answer = dump();
    if (!answer && answer.error().code == ENOENT) {
        // A driver that was loaded anew has another number.
        families.forget(family_name);
        answer = dump();
    }
    if (!answer) {
        return Unexpected{answer.error()};
    }
    std::vector<Port> ports;
    for (const auto& message : *answer) {
        Port port;
        if (take_optical_port(genl_attributes(message), port)) {
            ports.push_back(std::move(port));
        }
    }
    return ports;
}

Answer<LaneSnapshot> read_lanes(GenlFamilies& families, int ifindex) {
    auto request = families.request(family_name, MESH_OPTICAL_CMD_LANE_GET, 0);
    if (!request) {
        return Unexpected{request.error()};
    }
    request->put_u32(MESH_OPTICAL_A_LANE_IFINDEX, static_cast<std::uint32_t>(ifindex));
    const auto answer = families.exchange(std::move(*request));
    if (!answer) {
        return Unexpected{answer.error()};
    }
    LaneSnapshot snapshot;
    snapshot.ifindex = ifindex;
    for (const auto& message : *answer) {
        const auto a = genl_attributes(message);
        snapshot.time_ns = a.integer(MESH_OPTICAL_A_LANE_TIMESTAMP_NS).value_or(0);
        snapshot.age_ns = a.integer(MESH_OPTICAL_A_LANE_AGE_NS);
        for (const auto data : a.all(MESH_OPTICAL_A_LANE_INFO)) {
            const Attributes info(data);
            const auto number =
                static_cast<std::uint32_t>(info.integer(MESH_OPTICAL_A_LANE_INFO_LANE).value_or(0));
            auto found = std::find_if(snapshot.lanes.begin(), snapshot.lanes.end(),
                                      [&](const Lane& lane) { return lane.lane == number; });
            if (found == snapshot.lanes.end()) {
                found = snapshot.lanes.insert(snapshot.lanes.end(), Lane{});
                found->lane = number;
            }
            take_lane(info, *found);
        }
    }
    return snapshot;
}

Answer<std::vector<Record>> read_records(GenlFamilies& families, int ifindex) {
    auto request = families.request(family_name, MESH_OPTICAL_CMD_RECORD_GET, NLM_F_DUMP);
    if (!request) {
        return Unexpected{request.error()};
    }
    request->put_u32(MESH_OPTICAL_A_RECORD_IFINDEX, static_cast<std::uint32_t>(ifindex));
    const auto answer = families.exchange(std::move(*request));
    if (!answer) {
        return Unexpected{answer.error()};
    }
    std::vector<Record> records;
    for (const auto& message : *answer) {
        const auto a = genl_attributes(message);
        Record record;
        record.seq = a.integer(MESH_OPTICAL_A_RECORD_SEQ).value_or(0);
        record.time_ns = a.integer(MESH_OPTICAL_A_RECORD_TIMESTAMP_NS).value_or(0);
        record.machine = word(machines, a.integer(MESH_OPTICAL_A_RECORD_MACHINE));
        record.from = a.text(MESH_OPTICAL_A_RECORD_FROM).value_or("");
        record.to = a.text(MESH_OPTICAL_A_RECORD_TO).value_or("");
        record.reason = a.text(MESH_OPTICAL_A_RECORD_REASON).value_or("");
        record.blame = word(blames, a.integer(MESH_OPTICAL_A_RECORD_BLAME));
        record.lanes =
            static_cast<std::uint32_t>(a.integer(MESH_OPTICAL_A_RECORD_LANES).value_or(0));
        records.push_back(std::move(record));
    }
    return records;
}

Answer<void> join_optical_events(GenlFamilies& families) {
    return families.join(family_name, MESH_OPTICAL_MCGRP_EVENTS);
}

void rejoin_optical_events(GenlFamilies& families) {
    families.forget(family_name);
    (void)join_optical_events(families);
}

std::uint16_t optical_family_id(GenlFamilies& families) {
    const auto family = families.find(family_name);
    return family ? family->id : 0;
}

} // namespace mo::ofctl
