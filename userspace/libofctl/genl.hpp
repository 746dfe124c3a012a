// SPDX-License-Identifier: LGPL-2.1-or-later
// Generic netlink: resolves families and their multicast groups once, and frames requests.
#pragma once

#include <map>
#include <string>

#include <linux/genetlink.h>

#include "libofctl/transport.hpp"

namespace mo::ofctl {

class GenlFamilies {
  public:
    explicit GenlFamilies(Transport& transport) : transport_(transport) {}

    struct Family {
        std::uint16_t id = 0;
        std::map<std::string, std::uint32_t> groups;
    };
    /// Error ENOENT when the kernel has no such family (its module is not loaded).
    Answer<Family> find(const std::string& name);

    /// A request to `family`; `flags` as for Builder.
    Answer<Builder> request(const std::string& family, std::uint8_t command, std::uint16_t flags);

    Answer<std::vector<Bytes>> exchange(Builder builder) {
        return transport_.exchange(NETLINK_GENERIC, std::move(builder).finish());
    }
    /// Asks the kernel again when the family is needed next.
    void forget(const std::string& name) { known_.erase(name); }
    /// Joins a multicast group of a family.
    Answer<void> join(const std::string& family, const std::string& group);

  private:
    Transport& transport_;
    std::map<std::string, Family> known_;
};

/// Attributes of a generic netlink message.
[[nodiscard]] inline Attributes genl_attributes(const Bytes& message) {
    return attributes_of(message, sizeof(genlmsghdr));
}

} // namespace mo::ofctl
