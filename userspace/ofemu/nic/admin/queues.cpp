// SPDX-License-Identifier: GPL-2.0-or-later
// Admin commands on event and completion queues.
#include <array>

#include "nic/admin/dispatch.hpp"
#include "nic/queue_set.hpp"

namespace mo::nic {

namespace {

AdminAnswer created(hw::mo_status status, std::uint32_t object, AdminResult result) {
    if (status == hw::MO_ST_OK) {
        put_result(result, hw::mo_res_create{object});
    }
    return status;
}

AdminAnswer eq_create(AdminContext& context, const hw::mo_cmd_desc& desc, AdminResult result) {
    std::uint32_t object = 0;
    const auto status = context.queues.create_eq(body_of<hw::mo_cmd_eq>(desc), object);
    return created(status, object, result);
}

AdminAnswer eq_destroy(AdminContext& context, const hw::mo_cmd_desc& desc, AdminResult /*result*/) {
    const auto body = body_of<hw::mo_cmd_object>(desc);
    return body.rsvd != 0 ? hw::MO_ST_RESERVED : context.queues.destroy_eq(body.object);
}

AdminAnswer eq_modify(AdminContext& context, const hw::mo_cmd_desc& desc, AdminResult /*result*/) {
    return context.queues.modify_eq(body_of<hw::mo_cmd_eq>(desc), context.now_ns);
}

AdminAnswer cq_create(AdminContext& context, const hw::mo_cmd_desc& desc, AdminResult result) {
    std::uint32_t object = 0;
    const auto status = context.queues.create_cq(body_of<hw::mo_cmd_cq>(desc), object);
    return created(status, object, result);
}

AdminAnswer cq_destroy(AdminContext& context, const hw::mo_cmd_desc& desc, AdminResult /*result*/) {
    const auto body = body_of<hw::mo_cmd_object>(desc);
    return body.rsvd != 0 ? hw::MO_ST_RESERVED : context.queues.destroy_cq(body.object);
}

AdminAnswer cq_modify(AdminContext& context, const hw::mo_cmd_desc& desc, AdminResult /*result*/) {
    return context.queues.modify_cq(body_of<hw::mo_cmd_cq>(desc), context.now_ns);
}

constexpr std::array commands{
    AdminCommand{hw::MO_CMD_EQ_CREATE, sizeof(hw::mo_cmd_eq), 0, eq_create},
    AdminCommand{hw::MO_CMD_EQ_DESTROY, sizeof(hw::mo_cmd_object), 0, eq_destroy},
    AdminCommand{hw::MO_CMD_EQ_MODIFY, sizeof(hw::mo_cmd_eq), 0, eq_modify},
    AdminCommand{hw::MO_CMD_CQ_CREATE, sizeof(hw::mo_cmd_cq), 0, cq_create},
    AdminCommand{hw::MO_CMD_CQ_DESTROY, sizeof(hw::mo_cmd_object), 0, cq_destroy},
    AdminCommand{hw::MO_CMD_CQ_MODIFY, sizeof(hw::mo_cmd_cq), 0, cq_modify},
};

} // namespace

std::span<const AdminCommand> queue_commands() {
    return commands;
}

} // namespace mo::nic
