// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/eth/filter.hpp"

#include <algorithm>
#include <utility>

namespace mo::nic::eth {

void AddressFilter::set(std::vector<std::uint64_t> addresses, std::uint32_t flags) {
    addresses_ = std::move(addresses);
    std::ranges::sort(addresses_);
    flags_ = flags;
}

bool AddressFilter::accepts(std::uint64_t destination) const noexcept {
    if ((flags_ & MO_RX_MODE_PROMISC) != 0) {
        return true;
    }
    switch (cast_of(destination)) {
    case Cast::broadcast:
        if ((flags_ & MO_RX_MODE_BROADCAST) != 0) {
            return true;
        }
        break;
    case Cast::multicast:
        if ((flags_ & MO_RX_MODE_ALLMULTI) != 0) {
            return true;
        }
        break;
    case Cast::unicast:
        break;
    }
    return std::ranges::binary_search(addresses_, destination);
}

} // namespace mo::nic::eth
