// SPDX-License-Identifier: LGPL-2.1-or-later
// A Transport that answers as a kernel with one NIC and one port would, from a small state that
// tests change. It decodes the requests it gets, so a wrong request fails.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>

#include <linux/devlink.h>
#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "libofctl/transport.hpp"
#include "uapi/mesh_optical.h"

namespace mo::ofctl::test {

constexpr std::uint16_t devlink_id = 20;
constexpr std::uint16_t ethtool_id = 21;
constexpr std::uint16_t optical_id = 22;
constexpr int ifindex = 5;

struct KernelState {
    bool driver = true;
    bool devlink = true; ///< its instance is in this network namespace
    std::string driver_name = "mesh_optical";
    std::string ifname = "ens3";
    bool admin_up = true;
    bool carrier = true;
    std::uint32_t speed = 800000;
    std::uint32_t lanes = 8;
    std::string fec = "RS";
    bool module = true;
    bool permitted = true;
    bool detached = false; ///< the interface, because its device is dead or being reset
    bool refuse_fec = false;
    bool refuse_silently = false; ///< modes and FEC, as a driver does that cannot say why
    std::vector<std::string> modes = {"100000baseDR/Full", "400000baseDR4/Full",
                                      "800000baseDR8/Full", "FIBRE"};
    std::vector<std::string> advertised = modes;     ///< of which the firmware may choose
    std::vector<std::string> writes;                 ///< what was set, in order
    std::map<std::uint64_t, std::uint8_t> eeprom;    ///< page << 8 | byte; empty: cannot be read
    std::map<std::uint64_t, std::uint8_t> flags_now; ///< what stays of flags when they are read

    /// Devices of other drivers, and interfaces of any device beside the one of ours.
    std::map<std::string, std::string> other_drivers; ///< "0000:02:00.0" -> driver
    struct OtherPort {
        std::string device; ///< "0000:02:00.0"
        std::string ifname;
    };
    std::map<int, OtherPort> other_ports;        ///< by ifindex
    unsigned queries = 0;                        ///< of devices and ports
    std::uint16_t optical_id = test::optical_id; ///< another one after each load of the driver
};

class FakeKernel final : public Transport {
  public:
    explicit FakeKernel(KernelState& state) : state_(state) {}

    Answer<std::vector<Bytes>> exchange(int protocol, Bytes request) override {
        nlmsghdr head{};
        std::memcpy(&head, request.data(), sizeof head);
        if (protocol == NETLINK_ROUTE) {
            return route(head.nlmsg_type, request);
        }
        const auto command = header_of<genlmsghdr>(request).cmd;
        const auto a = attributes_of(request, sizeof(genlmsghdr));
        if (head.nlmsg_type == state_.optical_id) {
            return optical(command, (head.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP);
        }
        switch (head.nlmsg_type) {
        case GENL_ID_CTRL:
            return family(a);
        case devlink_id:
            return devlink(command, a);
        case ethtool_id:
            return state_.detached ? error(ENODEV, "") : ethtool(command, a);
        case test::optical_id:
            return error(ENOENT, ""); // of a driver that was unloaded
        default:
            return error(EOPNOTSUPP, "");
        }
    }
    Answer<void> join(int, std::uint32_t) override { return {}; }
    Answer<std::vector<Received>> receive(std::chrono::milliseconds) override {
        return std::move(pending);
    }
    std::vector<Received> pending;

    static Builder genl(std::uint16_t id, std::uint8_t command) {
        Builder b(id, 0);
        b.header(genlmsghdr{command, 1, 0});
        return b;
    }
    static Bytes link_message(std::uint16_t type, bool up, bool carrier, int index = ifindex,
                              const std::string& name = "ens3") {
        ifinfomsg info{};
        info.ifi_index = index;
        info.ifi_flags = up ? IFF_UP : 0;
        const std::array<std::byte, 6> mac = {std::byte{2}, std::byte{0x4d}, std::byte{0x4f},
                                              std::byte{0}, std::byte{0},    std::byte{1}};
        rtnl_link_stats64 stats{};
        stats.rx_packets = 11;
        stats.tx_bytes = 22;
        Builder b(type, 0);
        b.header(info)
            .put_text(IFLA_IFNAME, name)
            .put_u32(IFLA_MTU, 1500)
            .put(IFLA_ADDRESS, mac)
            .put_text(IFLA_PARENT_DEV_BUS_NAME, "pci")
            .put_text(IFLA_PARENT_DEV_NAME, "0000:01:00.0")
            .put_u8(IFLA_CARRIER, carrier ? 1 : 0)
            .put_u8(IFLA_OPERSTATE, carrier ? 6 : 2)
            .put(IFLA_STATS64, std::as_bytes(std::span(&stats, 1)));
        return std::move(b).finish();
    }

  private:
    using Reply = Answer<std::vector<Bytes>>;

    [[nodiscard]] bool has_family() const {
        return state_.driver && state_.driver_name == "mesh_optical";
    }
    static Reply error(int code, std::string text) {
        return Unexpected{KernelError{code, std::move(text), true}};
    }
    static Reply one(Builder builder) { return std::vector<Bytes>{std::move(builder).finish()}; }

    Reply family(const Attributes& a) const {
        const std::map<std::string, std::uint16_t> ids = {
            {"devlink", devlink_id}, {"ethtool", ethtool_id}, {"mesh_optical", state_.optical_id}};
        const auto name = a.text(CTRL_ATTR_FAMILY_NAME).value_or("");
        const auto found = ids.find(name);
        if (found == ids.end() || (name == "mesh_optical" && !has_family())) {
            return error(ENOENT, "");
        }
        auto b = genl(GENL_ID_CTRL, CTRL_CMD_NEWFAMILY);
        const auto id = found->second;
        b.put(CTRL_ATTR_FAMILY_ID, std::as_bytes(std::span(&id, 1)));
        b.begin(CTRL_ATTR_MCAST_GROUPS);
        b.begin(1)
            .put_text(CTRL_ATTR_MCAST_GRP_NAME, name == "devlink" ? "config" : "events")
            .put_u32(CTRL_ATTR_MCAST_GRP_ID, 3)
            .end();
        b.end();
        return one(std::move(b));
    }

    Reply route(std::uint16_t type, const Bytes& request) {
        const auto info = header_of<ifinfomsg>(request);
        if (const auto other = state_.other_ports.find(info.ifi_index);
            other != state_.other_ports.end()) {
            return std::vector<Bytes>{
                link_message(RTM_NEWLINK, true, true, other->first, other->second.ifname)};
        }
        if (info.ifi_index != ifindex) {
            return error(ENODEV, "");
        }
        if (type == RTM_NEWLINK) {
            if (!state_.permitted) {
                return error(EPERM, "");
            }
            if ((info.ifi_change & IFF_UP) != 0) {
                state_.admin_up = (info.ifi_flags & IFF_UP) != 0;
                state_.writes.emplace_back(state_.admin_up ? "up" : "down");
            }
            return std::vector<Bytes>{};
        }
        return std::vector<Bytes>{
            link_message(RTM_NEWLINK, state_.admin_up, state_.carrier, ifindex, state_.ifname)};
    }

    /// Answers for every device, or for the one that the request names.
    Reply devlink(std::uint8_t command, const Attributes& request) {
        ++state_.queries;
        std::map<std::string, std::string> devices = state_.other_drivers;
        if (state_.driver && state_.devlink) {
            devices["0000:01:00.0"] = state_.driver_name;
        }
        const auto wanted = request.text(DEVLINK_ATTR_DEV_NAME);
        std::vector<Bytes> answer;
        for (const auto& [name, driver] : devices) {
            if (wanted && *wanted != name) {
                continue;
            }
            if (command == DEVLINK_CMD_PORT_GET) {
                continue;
            }
            answer.push_back(devlink_device(command, name, driver));
        }
        if (command == DEVLINK_CMD_PORT_GET) {
            if (state_.driver && state_.devlink) {
                answer.push_back(devlink_port("0000:01:00.0", ifindex, state_.ifname));
            }
            for (const auto& [index, port] : state_.other_ports) {
                answer.push_back(devlink_port(port.device, index, port.ifname));
            }
        }
        if (wanted && answer.empty()) {
            return error(ENODEV, "");
        }
        return answer;
    }

    static Bytes devlink_port(const std::string& device, int index, const std::string& ifname) {
        auto b = genl(devlink_id, DEVLINK_CMD_PORT_NEW);
        b.put_text(DEVLINK_ATTR_BUS_NAME, "pci")
            .put_text(DEVLINK_ATTR_DEV_NAME, device)
            .put_u32(DEVLINK_ATTR_PORT_NETDEV_IFINDEX, static_cast<std::uint32_t>(index))
            .put_text(DEVLINK_ATTR_PORT_NETDEV_NAME, ifname);
        return std::move(b).finish();
    }

    static Bytes devlink_device(std::uint8_t command, const std::string& name,
                                const std::string& driver) {
        auto b = genl(devlink_id, command);
        b.put_text(DEVLINK_ATTR_BUS_NAME, "pci").put_text(DEVLINK_ATTR_DEV_NAME, name);
        if (command == DEVLINK_CMD_INFO_GET) {
            b.put_text(DEVLINK_ATTR_INFO_DRIVER_NAME, driver)
                .put_text(DEVLINK_ATTR_INFO_SERIAL_NUMBER, "MO-0001");
            b.begin(DEVLINK_ATTR_INFO_VERSION_RUNNING)
                .put_text(DEVLINK_ATTR_INFO_VERSION_NAME, "fw")
                .put_text(DEVLINK_ATTR_INFO_VERSION_VALUE, "1.2.3")
                .end();
        } else if (command == DEVLINK_CMD_HEALTH_REPORTER_GET) {
            b.begin(DEVLINK_ATTR_HEALTH_REPORTER)
                .put_text(DEVLINK_ATTR_HEALTH_REPORTER_NAME, "fw")
                .put_u8(DEVLINK_ATTR_HEALTH_REPORTER_STATE, 0)
                .put_u64(DEVLINK_ATTR_HEALTH_REPORTER_ERR_COUNT, 2)
                .end();
        }
        return std::move(b).finish();
    }

    /// The modes as the driver of an optical port takes them: those of a speed (and lanes), or,
    /// without one, those of the mask.
    Reply set_link_modes(const Attributes& a) {
        std::vector<std::string> mask;
        for (const auto data : a.nest(ETHTOOL_A_LINKMODES_OURS)
                                   .nest(ETHTOOL_A_BITSET_BITS)
                                   .all(ETHTOOL_A_BITSET_BITS_BIT)) {
            const Attributes bit(data);
            if (bit.has(ETHTOOL_A_BITSET_BIT_VALUE)) {
                mask.push_back(bit.text(ETHTOOL_A_BITSET_BIT_NAME).value_or(""));
            }
        }
        const auto current = static_cast<std::uint64_t>(
            state_.carrier ? state_.speed : static_cast<std::uint32_t>(SPEED_UNKNOWN));
        const auto speed = a.integer(ETHTOOL_A_LINKMODES_SPEED).value_or(current);
        if (speed != static_cast<std::uint32_t>(SPEED_UNKNOWN)) {
            mask.clear();
            for (const auto& mode : state_.modes) {
                if (mode.rfind(std::to_string(speed) + "base", 0) == 0) {
                    mask.push_back(mode);
                }
            }
            state_.writes.push_back("speed " + std::to_string(speed));
        } else {
            state_.writes.emplace_back("modes");
        }
        if (const auto lanes = a.integer(ETHTOOL_A_LINKMODES_LANES)) {
            state_.writes.push_back("lanes " + std::to_string(*lanes));
        }
        if (mask.empty()) {
            return error(EINVAL, "");
        }
        state_.advertised = mask;
        state_.speed = 0;
        for (const auto& mode : mask) {
            state_.speed = std::max(
                state_.speed, static_cast<std::uint32_t>(std::strtoul(mode.c_str(), nullptr, 10)));
        }
        return std::vector<Bytes>{};
    }

    Reply ethtool(std::uint8_t command, const Attributes& a) {
        auto b = genl(ethtool_id, command);
        switch (command) {
        case ETHTOOL_MSG_LINKMODES_GET:
            if (state_.carrier) {
                b.put_u32(ETHTOOL_A_LINKMODES_SPEED, state_.speed);
            } else {
                b.put_u32(ETHTOOL_A_LINKMODES_SPEED, static_cast<std::uint32_t>(SPEED_UNKNOWN));
            }
            b.put_u32(ETHTOOL_A_LINKMODES_LANES, state_.lanes)
                .put_u8(ETHTOOL_A_LINKMODES_AUTONEG, 0);
            b.begin(ETHTOOL_A_LINKMODES_OURS).begin(ETHTOOL_A_BITSET_BITS);
            for (const auto& mode : state_.modes) {
                b.begin(ETHTOOL_A_BITSET_BITS_BIT).put_text(ETHTOOL_A_BITSET_BIT_NAME, mode);
                if (std::find(state_.advertised.begin(), state_.advertised.end(), mode) !=
                    state_.advertised.end()) {
                    b.put_flag(ETHTOOL_A_BITSET_BIT_VALUE);
                }
                b.end();
            }
            b.end().end();
            return one(std::move(b));
        case ETHTOOL_MSG_LINKSTATE_GET:
            if (!state_.carrier) {
                b.put_u8(ETHTOOL_A_LINKSTATE_EXT_STATE, ETHTOOL_LINK_EXT_STATE_BAD_SIGNAL_INTEGRITY)
                    .put_u8(ETHTOOL_A_LINKSTATE_EXT_SUBSTATE,
                            ETHTOOL_LINK_EXT_SUBSTATE_BSI_SERDES_ALOS);
            }
            return one(std::move(b));
        case ETHTOOL_MSG_FEC_GET:
            b.put_u32(ETHTOOL_A_FEC_ACTIVE, ETHTOOL_LINK_MODE_FEC_RS_BIT);
            return one(std::move(b));
        case ETHTOOL_MSG_LINKMODES_SET:
            if (state_.refuse_silently) {
                return error(EOPNOTSUPP, "");
            }
            return set_link_modes(a);
        case ETHTOOL_MSG_FEC_SET: {
            if (state_.refuse_silently) {
                return error(EOPNOTSUPP, "");
            }
            if (state_.refuse_fec) {
                return error(EINVAL, "FEC cannot be changed at this speed");
            }
            const auto bits = a.nest(ETHTOOL_A_FEC_MODES).nest(ETHTOOL_A_BITSET_BITS);
            const auto bit = bits.nest(ETHTOOL_A_BITSET_BITS_BIT);
            state_.fec = bit.text(ETHTOOL_A_BITSET_BIT_NAME).value_or("auto");
            state_.writes.push_back("fec " + state_.fec);
            return std::vector<Bytes>{};
        }
        case ETHTOOL_MSG_MODULE_EEPROM_GET:
            if (!state_.module) {
                return error(ENODEV, "no module is plugged");
            }
            return eeprom(a);
        default:
            return error(EOPNOTSUPP, "");
        }
    }

    /// Memory of a module; reading flags leaves those of `flags_now`.
    Reply eeprom(const Attributes& a) {
        const auto page = a.integer(ETHTOOL_A_MODULE_EEPROM_PAGE).value_or(0);
        const auto offset = a.integer(ETHTOOL_A_MODULE_EEPROM_OFFSET).value_or(0);
        const auto length = a.integer(ETHTOOL_A_MODULE_EEPROM_LENGTH).value_or(0);
        if (state_.eeprom.empty()) {
            return error(EOPNOTSUPP, "");
        }
        auto b = genl(ethtool_id, ETHTOOL_MSG_MODULE_EEPROM_GET);
        std::vector<std::byte> data;
        for (auto at = offset; at < offset + length; ++at) {
            const auto key = (at < 128 ? 0 : page << 8) | at;
            data.push_back(static_cast<std::byte>(state_.eeprom[key]));
            if ((page == 0x11 && at >= 134 && at < 154) || (at >= 8 && at < 14)) {
                state_.eeprom[key] = state_.flags_now[key];
            }
        }
        b.put(ETHTOOL_A_MODULE_EEPROM_DATA, data);
        return one(std::move(b));
    }

    Reply optical(std::uint8_t command, bool dump) {
        state_.queries += dump ? 1 : 0;
        auto b = genl(optical_id, command);
        std::vector<Bytes> others;
        for (const auto& [index, port] : state_.other_ports) {
            const auto driver = state_.other_drivers.find(port.device);
            if (dump && driver != state_.other_drivers.end() && driver->second == "mesh_optical") {
                auto other = genl(optical_id, command);
                other.put_u32(MESH_OPTICAL_A_PORT_IFINDEX, static_cast<std::uint32_t>(index));
                others.push_back(std::move(other).finish());
            }
        }
        if (command == MESH_OPTICAL_CMD_PORT_GET) {
            b.put_u32(MESH_OPTICAL_A_PORT_IFINDEX, ifindex)
                .put_text(MESH_OPTICAL_A_PORT_STATE, state_.carrier ? "UP" : "WAIT_LIGHT");
            if (!state_.carrier) {
                b.put_text(MESH_OPTICAL_A_PORT_REASON, "no light on one or more lanes")
                    .put_u32(MESH_OPTICAL_A_PORT_BLAME, MESH_OPTICAL_BLAME_FIBER)
                    .put_u32(MESH_OPTICAL_A_PORT_REASON_LANES, 0x81);
            }
            others.insert(others.begin(), std::move(b).finish());
            return others;
        }
        if (command == MESH_OPTICAL_CMD_LANE_GET) {
            b.put_u32(MESH_OPTICAL_A_LANE_IFINDEX, ifindex)
                .put_u64(MESH_OPTICAL_A_LANE_TIMESTAMP_NS, 1234)
                .put_u64(MESH_OPTICAL_A_LANE_AGE_NS, 250'000'000);
            for (std::uint32_t lane = 0; lane < state_.lanes; ++lane) {
                // The driver reports the host's and the media's side of a lane apart.
                b.begin(MESH_OPTICAL_A_LANE_INFO)
                    .put_u32(MESH_OPTICAL_A_LANE_INFO_SIDE, MESH_OPTICAL_SIDE_HOST)
                    .put_u32(MESH_OPTICAL_A_LANE_INFO_LANE, lane)
                    .put_u32(MESH_OPTICAL_A_LANE_INFO_STATE, lane == 5
                                                                 ? MESH_OPTICAL_LANE_STATE_DEGRADED
                                                                 : MESH_OPTICAL_LANE_STATE_UP)
                    .put_u64(MESH_OPTICAL_A_LANE_INFO_BITS, 1000000)
                    .put_u32(MESH_OPTICAL_A_LANE_INFO_BIT_ERRORS, lane == 5 ? 90 : 0)
                    .put_u32(MESH_OPTICAL_A_LANE_INFO_SNR_MDB, 18300)
                    .end();
                b.begin(MESH_OPTICAL_A_LANE_INFO)
                    .put_u32(MESH_OPTICAL_A_LANE_INFO_SIDE, MESH_OPTICAL_SIDE_MEDIA)
                    .put_u32(MESH_OPTICAL_A_LANE_INFO_LANE, lane)
                    .put_u32(MESH_OPTICAL_A_LANE_INFO_FLAGS,
                             lane == 5 ? MESH_OPTICAL_LANE_FLAG_RX_POWER_LOW_WARN : 0)
                    .put_u64(MESH_OPTICAL_A_LANE_INFO_TX_POWER_NW, 1412538)
                    .put_u32(MESH_OPTICAL_A_LANE_INFO_RX_POWER_NW, lane == 5 ? 389045 : 0)
                    .end();
            }
            return one(std::move(b));
        }
        return std::vector<Bytes>{};
    }

    KernelState& state_;
};

} // namespace mo::ofctl::test
