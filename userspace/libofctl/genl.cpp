// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libofctl/genl.hpp"

#include <cerrno>

namespace mo::ofctl {

namespace {
constexpr std::uint8_t family_version = 1;
} // namespace

Answer<GenlFamilies::Family> GenlFamilies::find(const std::string& name) {
    if (const auto found = known_.find(name); found != known_.end()) {
        return found->second;
    }
    Builder builder(GENL_ID_CTRL, 0);
    builder.header(genlmsghdr{CTRL_CMD_GETFAMILY, family_version, 0})
        .put_text(CTRL_ATTR_FAMILY_NAME, name);
    auto answer = exchange(std::move(builder));
    if (!answer) {
        if (answer.error().code == ENOENT) {
            return refuse(ENOENT, "the kernel has no netlink family " + name +
                                      " (its module is not loaded)");
        }
        return Unexpected{answer.error()};
    }
    Family family;
    for (const auto& message : *answer) {
        const auto attributes = genl_attributes(message);
        if (const auto id = attributes.integer(CTRL_ATTR_FAMILY_ID)) {
            family.id = static_cast<std::uint16_t>(*id);
        }
        const auto groups = attributes.nest(CTRL_ATTR_MCAST_GROUPS);
        for (const auto& [index, data] : groups.items()) {
            const Attributes group(data);
            const auto group_name = group.text(CTRL_ATTR_MCAST_GRP_NAME);
            const auto group_id = group.integer(CTRL_ATTR_MCAST_GRP_ID);
            if (group_name && group_id) {
                family.groups[*group_name] = static_cast<std::uint32_t>(*group_id);
            }
        }
    }
    if (family.id == 0) {
        return refuse(EPROTO, "the kernel did not tell the number of family " + name);
    }
    return known_.emplace(name, family).first->second;
}

Answer<Builder> GenlFamilies::request(const std::string& family, std::uint8_t command,
                                      std::uint16_t flags) {
    auto found = find(family);
    if (!found) {
        return Unexpected{found.error()};
    }
    Builder builder(found->id, flags);
    builder.header(genlmsghdr{command, family_version, 0});
    return builder;
}

Answer<void> GenlFamilies::join(const std::string& family, const std::string& group) {
    auto found = find(family);
    if (!found) {
        return Unexpected{found.error()};
    }
    const auto id = found->groups.find(group);
    if (id == found->groups.end()) {
        return refuse(ENOENT, "netlink family " + family + " has no group " + group);
    }
    return transport_.join(NETLINK_GENERIC, id->second);
}

} // namespace mo::ofctl
