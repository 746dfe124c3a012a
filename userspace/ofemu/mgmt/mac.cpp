// SPDX-License-Identifier: GPL-2.0-or-later
#include "mgmt/mac.hpp"

namespace mo::mgmt {

void Mac::write(std::uint32_t offset, std::uint32_t value, std::uint64_t) {
    switch (offset) {
    case block_offset(hw::MO_SOC_MAC_CTRL):
        control_ = value & 3U;
        gate();
        break;
    case block_offset(hw::MO_SOC_MAC_SPEED):
        speed_mbps_ = value;
        gate();
        break;
    case block_offset(hw::MO_SOC_MAC_PUBLISH):
        if (value == 1) {
            ++publications_;
            host_.publish_link(std::span(link_).first(sizeof(hw::mo_link_state)));
        } else if (value == 2) {
            host_.publish_optics(std::span(optics_).first(sizeof(hw::mo_optics)));
        }
        break;
    default:
        break;
    }
}

void Mac::reset(std::uint64_t) {
    control_ = 0;
    speed_mbps_ = 0;
    link_.fill(0);
    optics_.fill(0);
    gate();
}

} // namespace mo::mgmt
