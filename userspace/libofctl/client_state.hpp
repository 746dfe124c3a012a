// SPDX-License-Identifier: LGPL-2.1-or-later
// What a Client holds; shared by its source files only.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "libofctl/genl.hpp"
#include "ofctl/client.hpp"

namespace mo::ofctl {

struct Client::State {
    explicit State(std::unique_ptr<Transport> t) : transport(std::move(t)), families(*transport) {}

    std::unique_ptr<Transport> transport;
    GenlFamilies families;
    std::map<int, bool> carrier; ///< last known, to tell changes from other news
    std::map<int, std::string> names;
};

} // namespace mo::ofctl
