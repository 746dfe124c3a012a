// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/admin/dispatch.hpp"

#include <algorithm>
#include <array>

namespace mo::nic {

const AdminCommand* find_admin_command(std::uint16_t opcode) {
    for (const auto group : {device_commands(), queue_commands(), mgmt_commands()}) {
        const auto found =
            std::find_if(group.begin(), group.end(), [opcode](const AdminCommand& command) {
                return command.opcode == opcode;
            });
        if (found != group.end()) {
            return &*found;
        }
    }
    return nullptr;
}

AdminAnswer run_admin_command(const AdminCommand& command, AdminContext& context,
                              const hw::mo_cmd_desc& desc, AdminResult result) {
    if (command.feature != 0 && (context.features & command.feature) == 0) {
        return hw::MO_ST_NO_FEATURE;
    }
    const auto rest = std::span(desc.body).subspan(command.body);
    if (std::any_of(rest.begin(), rest.end(), [](std::uint8_t byte) { return byte != 0; })) {
        return hw::MO_ST_RESERVED;
    }
    return command.handler(context, desc, result);
}

} // namespace mo::nic
