// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ofctl/client.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>

#include "common/cmis.hpp"
#include "libofctl/client_state.hpp"
#include "libofctl/devlink.hpp"
#include "libofctl/ethtool.hpp"
#include "libofctl/family.hpp"
#include "libofctl/rtnl.hpp"

namespace mo::ofctl {

Client::Client() : Client(make_socket_transport()) {}
Client::Client(std::unique_ptr<Transport> transport)
    : state_(std::make_unique<State>(std::move(transport))) {}
Client::~Client() = default;

Answer<std::vector<Device>> Client::devices() {
    auto devices = read_devices(state_->families);
    if (!devices) {
        return Unexpected{devices.error()};
    }
    if (devices->empty()) {
        return devices;
    }
    const auto ports = read_devlink_ports(state_->families);
    if (!ports) {
        return Unexpected{ports.error()};
    }
    for (auto& device : *devices) {
        for (const auto& port : *ports) {
            if (port.device == device.handle()) {
                device.netdevs.push_back(port.ifname);
            }
        }
    }
    return devices;
}

Answer<std::vector<Port>> Client::ports(bool statistics) {
    // By our own family and not by devlink, whose instance stays in its network namespace when
    // an interface moves to another one.
    auto ports = read_optical_ports(state_->families);
    if (!ports) {
        if (ports.error().code == ENOENT) {
            return std::vector<Port>{};
        }
        return Unexpected{ports.error()};
    }
    std::vector<Port> there;
    for (auto& port : *ports) {
        if (auto read = read_link(*state_->transport, port, statistics); !read) {
            // Gone, or moved to another network namespace, meanwhile.
            if (read.error().code == ENODEV) {
                continue;
            }
            return Unexpected{read.error()};
        }
        if (auto read = read_ethtool(state_->families, port, statistics); !read) {
            if (read.error().code != ENODEV) {
                return Unexpected{read.error()};
            }
            port.present = false; // the interface is detached
        }
        there.push_back(std::move(port));
    }
    std::sort(there.begin(), there.end(),
              [](const Port& x, const Port& y) { return x.ifindex < y.ifindex; });
    return there;
}

Answer<LaneSnapshot> Client::lanes(const Port& port) {
    return read_lanes(state_->families, port.ifindex);
}

Answer<std::vector<Record>> Client::records(const Port& port) {
    return read_records(state_->families, port.ifindex);
}

Answer<Module> Client::module(const Port& port) {
    constexpr std::uint8_t half = MO_CMIS_PAGE_LEN;
    CmisPages pages;
    const auto read = [&](unsigned page, unsigned offset, std::vector<std::uint8_t>& into,
                          unsigned length) -> Answer<void> {
        auto data =
            read_module_page(state_->families, port.ifindex, static_cast<std::uint8_t>(page),
                             static_cast<std::uint8_t>(offset), length);
        if (!data) {
            return Unexpected{data.error()};
        }
        into = std::move(*data);
        return {};
    };
    if (auto lower = read(hw::MO_CMIS_PAGE_LOW, 0, pages.lower, half); !lower) {
        if (lower.error().code == ENODEV) {
            return Module{};
        }
        return Unexpected{lower.error()};
    }
    struct Part {
        unsigned page, offset, length;
        std::vector<std::uint8_t>* into;
    };
    std::vector<Part> parts = {{hw::MO_CMIS_PAGE_00, half, half, &pages.page00}};
    if ((pages.lower[cmis::pLOW_FLAT.byte] & cmis::pLOW_FLAT.mask) == 0) {
        parts.push_back({hw::MO_CMIS_PAGE_01, half, half, &pages.page01});
        parts.push_back({hw::MO_CMIS_PAGE_02, half, half, &pages.page02});
        parts.push_back({hw::MO_CMIS_PAGE_11, half, half, &pages.page11});
        // Reading has cleared the flags; what is still true is set again.
        parts.push_back({hw::MO_CMIS_PAGE_11, cmis::p11_LANE_FLAGS.byte, cmis::p11_LANE_FLAGS.bytes,
                         &pages.lane_flags});
    }
    parts.push_back(
        {hw::MO_CMIS_PAGE_LOW, cmis::pLOW_FLAGS.byte, cmis::pLOW_FLAGS.bytes, &pages.module_flags});
    for (const auto& part : parts) {
        if (auto done = read(part.page, part.offset, *part.into, part.length); !done) {
            return Unexpected{done.error()};
        }
    }
    Module module = decode_cmis(pages);
    module.ifindex = port.ifindex;
    const auto power = read_module_power(state_->families, port.ifindex);
    if (!power) {
        return Unexpected{power.error()};
    }
    module.power_mode = power->mode;
    module.power_policy = power->policy;
    return module;
}

Answer<void> Client::set_port(const Port& port, const PortChange& change) {
    // Each step with what takes it back: a later refusal must not leave half a change behind.
    struct Step {
        std::function<Answer<void>()> apply, undo;
    };
    std::vector<Step> steps;
    auto& state = *state_;
    if (change.speed_mbps || change.lanes) {
        steps.push_back(
            {[&] { return set_speed(state.families, port, change.speed_mbps, change.lanes); },
             [&] { return set_modes(state.families, port, port.advertised, {}); }});
    }
    if (change.fec) {
        steps.push_back({[&] { return set_fec(state.families, port, {*change.fec}); },
                         [&]() -> Answer<void> {
                             if (port.fec_configured.empty()) {
                                 return {};
                             }
                             return set_fec(state.families, port, port.fec_configured);
                         }});
    }
    if (change.admin_up) {
        steps.push_back(
            {[&] { return set_admin(*state.transport, port.ifindex, *change.admin_up); },
             [&] { return set_admin(*state.transport, port.ifindex, port.admin_up); }});
    }
    for (std::size_t i = 0; i < steps.size(); ++i) {
        auto applied = steps[i].apply();
        if (applied) {
            continue;
        }
        for (std::size_t k = i; k-- > 0;) {
            if (const auto undone = steps[k].undo(); !undone) {
                applied = Unexpected{KernelError{
                    applied.error().code,
                    applied.error().text +
                        "; and taking back the part before failed: " + undone.error().text,
                    applied.error().kernel}};
            }
        }
        return Unexpected{applied.error()};
    }
    return {};
}

} // namespace mo::ofctl
