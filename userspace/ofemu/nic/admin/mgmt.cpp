// SPDX-License-Identifier: GPL-2.0-or-later
// Admin commands for the management core: FW_LOAD, FW_START, MGMT.
#include <array>

#include "nic/admin/dispatch.hpp"
#include "nic/mgmt_bridge.hpp"

namespace mo::nic {

namespace {

AdminAnswer fw_load(AdminContext& context, const hw::mo_cmd_desc& desc, AdminResult /*result*/) {
    return context.mgmt.load(body_of<hw::mo_cmd_fw_load>(desc));
}

AdminAnswer fw_start(AdminContext& context, const hw::mo_cmd_desc& desc, AdminResult /*result*/) {
    return context.mgmt.start(body_of<hw::mo_cmd_fw_start>(desc), context.now_ns);
}

AdminAnswer message(AdminContext& context, const hw::mo_cmd_desc& desc, AdminResult /*result*/) {
    return context.mgmt.message(body_of<hw::mo_cmd_mgmt>(desc), context.tag);
}

constexpr std::array commands{
    AdminCommand{hw::MO_CMD_FW_LOAD, sizeof(hw::mo_cmd_fw_load), hw::MO_F_MGMT, fw_load},
    AdminCommand{hw::MO_CMD_FW_START, sizeof(hw::mo_cmd_fw_start), hw::MO_F_MGMT, fw_start},
    AdminCommand{hw::MO_CMD_MGMT, sizeof(hw::mo_cmd_mgmt), hw::MO_F_MGMT, message},
};

} // namespace

std::span<const AdminCommand> mgmt_commands() {
    return commands;
}

} // namespace mo::nic
