// SPDX-License-Identifier: LGPL-2.1-or-later
// What a Client holds; shared by its source files only.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "libofctl/genl.hpp"
#include "ofctl/client.hpp"

namespace mo::ofctl {

/// What watch() and events() know, to tell news from noise.
struct Watched {
    struct Port {
        std::string name;
        bool carrier = false;
    };
    std::map<int, Port> ports;           ///< ours, by ifindex
    std::set<int> others;                ///< interfaces that are not ours
    std::map<std::string, bool> devices; ///< by devlink handle: is it ours
};

struct Client::State {
    explicit State(std::unique_ptr<Transport> t) : transport(std::move(t)), families(*transport) {}

    std::unique_ptr<Transport> transport;
    GenlFamilies families;
    Watched watched;
};

} // namespace mo::ofctl
