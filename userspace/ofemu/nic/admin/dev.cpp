// SPDX-License-Identifier: GPL-2.0-or-later
// Admin commands on the device itself: NOP, IDENTIFY and the areas.
#include <algorithm>
#include <array>

#include "nic/admin/dispatch.hpp"
#include "nic/area.hpp"
#include "nic/dma_access.hpp"
#include "nic/event_sink.hpp"

namespace mo::nic {

namespace {

AdminAnswer nop(AdminContext& /*context*/, const hw::mo_cmd_desc& desc, AdminResult result) {
    // The result is shorter than the body: it echoes what fits.
    std::copy_n(std::as_bytes(std::span(desc.body)).begin(), result.size(), result.begin());
    return hw::MO_ST_OK;
}

AdminAnswer identify(AdminContext& context, const hw::mo_cmd_desc& desc, AdminResult /*result*/) {
    const auto body = body_of<hw::mo_cmd_dma>(desc);
    if (body.rsvd != 0) {
        return hw::MO_ST_RESERVED;
    }
    if (body.len < sizeof(hw::mo_identify)) {
        return hw::MO_ST_BAD_PARAM;
    }
    hw::mo_identify answer = context.identity;
    answer.time_ns = context.now_ns;
    const auto written = context.dma->write_object(body.addr, answer);
    if (!written) {
        context.events.report_dma_fault(0, written.error());
        return hw::MO_ST_DMA_FAULT;
    }
    return hw::MO_ST_OK;
}

AdminAnswer area_set(AdminContext& context, const hw::mo_cmd_desc& desc, AdminResult /*result*/) {
    const auto body = body_of<hw::mo_cmd_area>(desc);
    if ((body.area == hw::MO_AREA_RDMA_STATS && (context.features & hw::MO_F_RDMA) == 0) ||
        (body.area == hw::MO_AREA_OPTICS && (context.features & hw::MO_F_OPTICS) == 0)) {
        return hw::MO_ST_NO_FEATURE;
    }
    return context.areas.set(desc.hdr.port, body, context.now_ns);
}

AdminAnswer area_sync(AdminContext& context, const hw::mo_cmd_desc& desc, AdminResult /*result*/) {
    const auto body = body_of<hw::mo_cmd_area>(desc);
    if (body.addr != 0 || body.len != 0 || body.period_us != 0 || body.rsvd != 0) {
        return hw::MO_ST_RESERVED;
    }
    return context.areas.sync(desc.hdr.port, body.area, context.now_ns);
}

constexpr std::array commands{
    AdminCommand{hw::MO_CMD_NOP, sizeof(hw::mo_cmd_desc::body), 0, nop},
    AdminCommand{hw::MO_CMD_IDENTIFY, sizeof(hw::mo_cmd_dma), 0, identify},
    AdminCommand{hw::MO_CMD_AREA_SET, sizeof(hw::mo_cmd_area), 0, area_set},
    AdminCommand{hw::MO_CMD_AREA_SYNC, sizeof(hw::mo_cmd_area), 0, area_sync},
};

} // namespace

std::span<const AdminCommand> device_commands() {
    return commands;
}

} // namespace mo::nic
