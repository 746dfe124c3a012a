// SPDX-License-Identifier: GPL-2.0-or-later
// The table of admin commands that the core executes. Commands of datapath blocks are passed on by
// the NIC when this table does not know them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "common/hw.hpp"
#include "nic/admin/context.hpp"

namespace mo::nic {

using AdminHandler = AdminAnswer (*)(AdminContext&, const hw::mo_cmd_desc&, AdminResult);

struct AdminCommand {
    std::uint16_t opcode;
    std::size_t body;      ///< bytes of the body that mean something; the rest must be zero
    std::uint64_t feature; ///< MO_F_* that it needs, 0 none
    AdminHandler handler;
};

/// One file per command group.
[[nodiscard]] std::span<const AdminCommand> device_commands(); // dev.cpp
[[nodiscard]] std::span<const AdminCommand> queue_commands();  // queues.cpp
[[nodiscard]] std::span<const AdminCommand> mgmt_commands();   // mgmt.cpp

/// The row of an opcode; nullptr: the core has none.
[[nodiscard]] const AdminCommand* find_admin_command(std::uint16_t opcode);

/// Checks the body's zero-extension and executes.
[[nodiscard]] AdminAnswer run_admin_command(const AdminCommand& command, AdminContext& context,
                                            const hw::mo_cmd_desc& desc, AdminResult result);

} // namespace mo::nic
