// SPDX-License-Identifier: GPL-2.0-or-later
// RdmaBlock: admin commands (driver/hw/rdma.h, 0x0200..0x02ff).
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>

#include "nic/command_table.hpp"
#include "nic/page_list.hpp"
#include "nic/rdma/rdma_block.hpp"

namespace mo::nic::rdma {

namespace {

constexpr bool within(std::uint8_t value, std::uint8_t least, std::uint8_t most) noexcept {
    return value >= least && value <= most;
}

} // namespace

std::span<const RdmaBlock::Command> RdmaBlock::commands() {
    static constexpr std::array table = {
        Command{hw::MO_CMD_RDMA_CAPS, &RdmaBlock::tell_caps},
        Command{hw::MO_CMD_GID_SET, &RdmaBlock::set_gid},
        Command{hw::MO_CMD_MCAST_ATTACH, &RdmaBlock::attach_mcast},
        Command{hw::MO_CMD_MCAST_DETACH, &RdmaBlock::detach_mcast},
        Command{hw::MO_CMD_MR_CREATE, &RdmaBlock::create_mr},
        Command{hw::MO_CMD_MR_PAGES, &RdmaBlock::add_mr_pages},
        Command{hw::MO_CMD_MR_DESTROY, &RdmaBlock::destroy_mr},
        Command{hw::MO_CMD_MR_MODIFY, &RdmaBlock::modify_mr},
        Command{hw::MO_CMD_QP_CREATE, &RdmaBlock::create_qp},
        Command{hw::MO_CMD_QP_MODIFY, &RdmaBlock::modify_qp},
        Command{hw::MO_CMD_QP_QUERY, &RdmaBlock::query_qp},
        Command{hw::MO_CMD_QP_DESTROY, &RdmaBlock::destroy_qp},
    };
    return table;
}

bool RdmaBlock::handles(std::uint16_t opcode) const {
    return find_command(commands(), opcode) != nullptr;
}

hw::mo_status RdmaBlock::command(const hw::mo_cmd_desc& desc, Result result, std::uint64_t now_ns) {
    if (desc.hdr.port != mac_.number()) {
        return hw::MO_ST_BAD_PORT;
    }
    shared_.now_ns = now_ns;
    shared_.shadow = env_.shadow_doorbells();
    const Command* const row = find_command(commands(), desc.hdr.opcode);
    return row != nullptr ? (this->*row->handler)(desc, result) : hw::MO_ST_BAD_OPCODE;
}

hw::mo_status RdmaBlock::refused(const pcie::DmaFault& fault) {
    env_.dma_fault(0, fault);
    return hw::MO_ST_DMA_FAULT;
}

hw::mo_status RdmaBlock::tell_caps(const hw::mo_cmd_desc& desc, Result /*result*/) {
    hw::mo_cmd_dma body;
    if (!take_body(desc, body) || body.rsvd != 0) {
        return hw::MO_ST_RESERVED;
    }
    if (body.len < sizeof(hw::mo_rdma_caps)) {
        return hw::MO_ST_BAD_PARAM;
    }
    hw::mo_rdma_caps caps{};
    caps.max_qp = limits_.qps;
    caps.max_cq = limits_.cqs;
    caps.max_mr = KeyTable::max_keys;
    caps.max_mcast = McastTable::max_groups;
    caps.max_mcast_qp = McastTable::max_attachments;
    caps.max_mr_pages = KeyTable::max_pages;
    caps.max_wq_log = MO_RDMA_WQ_MAX_LOG;
    caps.max_cq_log = MO_RDMA_CQ_MAX_LOG;
    caps.max_stride_log = MO_RDMA_STRIDE_MAX_LOG;
    caps.max_rd_atomic = MO_RDMA_MAX_RD_ATOMIC;
    caps.max_gid = MO_RDMA_MAX_GID;
    caps.max_sge = MO_RDMA_MAX_SGE;
    caps.max_inline = MO_RDMA_MAX_INLINE;
    caps.max_fast_reg = MO_RDMA_MAX_FAST_REG;
    const auto done = env_.dma()->write_object(body.addr, caps);
    return done ? hw::MO_ST_OK : refused(done.error());
}

hw::mo_status RdmaBlock::set_gid(const hw::mo_cmd_desc& desc, Result /*result*/) {
    hw::mo_cmd_gid body;
    if (!take_body(desc, body) || body.rsvd != 0) {
        return hw::MO_ST_RESERVED;
    }
    return shared_.gids.set(body);
}

hw::mo_status RdmaBlock::check_mcast(const hw::mo_cmd_mcast& body) const {
    const Qp* const qp = find(body.qp);
    if (qp == nullptr) {
        return hw::MO_ST_BAD_OBJECT;
    }
    return qp->policy.multicast && gid_of(body.gid).is_multicast() ? hw::MO_ST_OK
                                                                   : hw::MO_ST_BAD_PARAM;
}

hw::mo_status RdmaBlock::attach_mcast(const hw::mo_cmd_desc& desc, Result /*result*/) {
    hw::mo_cmd_mcast body;
    if (!take_body(desc, body) || body.rsvd != 0) {
        return hw::MO_ST_RESERVED;
    }
    const auto status = check_mcast(body);
    return status == hw::MO_ST_OK ? mcast_.attach(gid_of(body.gid), body.qp) : status;
}

hw::mo_status RdmaBlock::detach_mcast(const hw::mo_cmd_desc& desc, Result /*result*/) {
    hw::mo_cmd_mcast body;
    if (!take_body(desc, body) || body.rsvd != 0) {
        return hw::MO_ST_RESERVED;
    }
    const auto status = check_mcast(body);
    if (status != hw::MO_ST_OK) {
        return status;
    }
    deliveries_.leave(gid_of(body.gid), body.qp);
    return mcast_.detach(gid_of(body.gid), body.qp);
}

/// Reads pages of a USER key from host memory and gives them to it.
hw::mo_status RdmaBlock::pass_pages(std::uint32_t key, std::uint64_t list, std::uint32_t offset,
                                    std::uint32_t count) {
    const std::uint8_t shift = shared_.keys.page_shift(key);
    if (shift == 0) {
        return hw::MO_ST_BAD_OBJECT;
    }
    if (count > MO_MR_LIST_MAX || list % sizeof(std::uint64_t) != 0) {
        return hw::MO_ST_BAD_PARAM;
    }
    std::vector<std::uint64_t> pages(count);
    const auto status =
        read_pages(env_.dma().section(), list, shift, pages,
                   [this](const pcie::DmaFault& fault) { env_.dma_fault(0, fault); });
    return status == hw::MO_ST_OK ? shared_.keys.add_pages(key, offset, pages) : status;
}

hw::mo_status RdmaBlock::create_mr(const hw::mo_cmd_desc& desc, Result result) {
    hw::mo_cmd_mr body;
    if (!take_body(desc, body) || body.rsvd != 0) {
        return hw::MO_ST_RESERVED;
    }
    std::uint32_t key = 0;
    auto status = shared_.keys.create(body, key);
    if (status == hw::MO_ST_OK && body.count != 0) {
        status = pass_pages(key, body.list, 0, body.count);
        if (status != hw::MO_ST_OK) {
            (void)shared_.keys.destroy(key);
        }
    }
    if (status == hw::MO_ST_OK) {
        give_result(result, hw::mo_res_key{key});
    }
    return status;
}

hw::mo_status RdmaBlock::add_mr_pages(const hw::mo_cmd_desc& desc, Result /*result*/) {
    hw::mo_cmd_mr_pages body;
    if (!take_body(desc, body) || body.rsvd != 0) {
        return hw::MO_ST_RESERVED;
    }
    return pass_pages(body.key, body.list, body.offset, body.count);
}

hw::mo_status RdmaBlock::destroy_mr(const hw::mo_cmd_desc& desc, Result /*result*/) {
    hw::mo_cmd_key body;
    if (!take_body(desc, body) || body.rsvd != 0) {
        return hw::MO_ST_RESERVED;
    }
    // Accesses begin and end inside poll() and receive(): none is in flight here.
    return shared_.keys.destroy(body.key);
}

hw::mo_status RdmaBlock::modify_mr(const hw::mo_cmd_desc& desc, Result /*result*/) {
    hw::mo_cmd_mr_modify body;
    if (!take_body(desc, body) ||
        std::ranges::any_of(body.rsvd, [](std::uint8_t byte) { return byte != 0; })) {
        return hw::MO_ST_RESERVED;
    }
    return shared_.keys.modify(body);
}

hw::mo_status RdmaBlock::check_qp(const hw::mo_cmd_qp& body, QpConfig& config) {
    const std::uint32_t flags = body.flags;
    const bool no_rq = (flags & MO_QPF_NO_RQ) != 0;
    const TransportPolicy* const policy = find_policy(body.type);
    if (policy == nullptr || (flags & ~(MO_QPF_KERNEL | MO_QPF_NO_RQ)) != 0 ||
        body.pd > MO_DB_OBJECT || body.sq_log > MO_RDMA_WQ_MAX_LOG ||
        !within(body.sq_stride_log, MO_RDMA_STRIDE_MIN_LOG, MO_RDMA_STRIDE_MAX_LOG) ||
        body.db_page >= env_.db_pages() || body.rec % record_alignment != 0) {
        return hw::MO_ST_BAD_PARAM;
    }
    const bool rq_fits =
        no_rq ? body.rq_log == 0 && body.rq_stride_log == 0
              : body.rq_log <= MO_RDMA_WQ_MAX_LOG &&
                    within(body.rq_stride_log, MO_RDMA_STRIDE_MIN_LOG, MO_RDMA_STRIDE_MAX_LOG);
    if (!rq_fits) {
        return hw::MO_ST_BAD_PARAM;
    }
    config.send_cq = env_.cq(body.send_cq);
    config.recv_cq = env_.cq(body.recv_cq);
    if (config.send_cq == nullptr || config.recv_cq == nullptr) {
        return hw::MO_ST_BAD_OBJECT;
    }
    if (config.send_cq->entry_size() != sizeof(hw::mo_rdma_cqe) ||
        config.recv_cq->entry_size() != sizeof(hw::mo_rdma_cqe)) {
        return hw::MO_ST_BAD_PARAM;
    }
    if (policy->wire_number == gsi_number && gsi_ != nullptr) {
        return hw::MO_ST_IN_USE;
    }
    config.pd = body.pd;
    config.type = policy->type;
    config.kernel = (flags & MO_QPF_KERNEL) != 0;
    config.page_shift = body.page_shift;
    config.sq_log = body.sq_log;
    config.sq_stride_log = body.sq_stride_log;
    config.rq_log = body.rq_log;
    config.rq_stride_log = body.rq_stride_log;
    config.record = body.rec;
    return read_pages_of_qp(body, config);
}

/// The list of the rings' pages; and everything that the QP will reach is there.
hw::mo_status RdmaBlock::read_pages_of_qp(const hw::mo_cmd_qp& body, QpConfig& config) {
    auto& dma = env_.dma().section();
    const std::uint64_t bytes = config.bytes();
    if (!valid_page_shift(body.page_shift) || body.count != pages_for(bytes, body.page_shift)) {
        return hw::MO_ST_BAD_PARAM;
    }
    if (body.count == 1) {
        config.pages.assign(1, body.list);
        if (!valid_page(body.list, body.page_shift)) {
            return hw::MO_ST_BAD_PARAM;
        }
    } else {
        const auto status =
            read_page_list(dma, {body.list, body.count, body.page_shift, bytes}, config.pages,
                           [this](const pcie::DmaFault& fault) { env_.dma_fault(0, fault); });
        if (status != hw::MO_ST_OK) {
            return status;
        }
    }
    std::uint64_t left = bytes;
    for (const std::uint64_t page : config.pages) {
        const std::uint64_t part = std::min(left, std::uint64_t{1} << body.page_shift);
        if (const auto ring = dma.check(page, part, pcie::Access::read); !ring) {
            return refused(ring.error());
        }
        left -= part;
    }
    const auto records = dma.check(config.record, (config.has_rq() ? 2 : 1) * sizeof(hw::mo_db_rec),
                                   pcie::Access::read_write);
    return records ? hw::MO_ST_OK : refused(records.error());
}

hw::mo_status RdmaBlock::create_qp(const hw::mo_cmd_desc& desc, Result result) {
    hw::mo_cmd_qp body;
    if (!take_body(desc, body) || body.rsvd != 0) {
        return hw::MO_ST_RESERVED;
    }
    QpConfig config;
    if (const auto status = check_qp(body, config); status != hw::MO_ST_OK) {
        return status;
    }
    if (qp_count_ == limits_.qps) {
        return hw::MO_ST_NO_RESOURCE;
    }
    const auto number = env_.create_object(hw::MO_DB_SQ, body.db_page);
    if (!number) {
        return hw::MO_ST_NO_RESOURCE;
    }
    config.number = *number;
    if (config.has_rq()) {
        const auto rq = env_.create_object(hw::MO_DB_RQ, body.db_page);
        if (!rq) {
            env_.destroy_object(*number);
            return hw::MO_ST_NO_RESOURCE;
        }
        config.rq_object = *rq;
    }
    config.send_cq->attach();
    config.recv_cq->attach();
    auto made = std::make_unique<Qp>(std::move(config));
    Qp& qp = *made;
    scheduler_.add(qp, body.db_page);
    qps_[ObjectTable::index(qp.number())] = std::move(made);
    if (qp.rq.exists()) {
        by_rq_[ObjectTable::index(qp.config.rq_object)] = &qp;
    }
    if (qp.policy.wire_number == gsi_number) {
        gsi_ = &qp;
    }
    ++qp_count_;
    restart(qp);
    give_result(result, hw::mo_res_qp{qp.number(), qp.config.rq_object});
    return hw::MO_ST_OK;
}

hw::mo_status RdmaBlock::modify_qp(const hw::mo_cmd_desc& desc, Result /*result*/) {
    hw::mo_cmd_qp_attr body;
    if (!take_body(desc, body) || body.rsvd != 0) {
        return hw::MO_ST_RESERVED;
    }
    Qp* const qp = find(body.qp);
    if (qp == nullptr) {
        return hw::MO_ST_BAD_OBJECT;
    }
    if (body.addr % sizeof(std::uint64_t) != 0) {
        return hw::MO_ST_BAD_PARAM;
    }
    const auto attr = env_.dma()->read_object<hw::mo_qp_attr>(body.addr);
    if (!attr) {
        return refused(attr.error());
    }
    const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
    if (!std::ranges::all_of(attr->rsvd0, is_zero) || !std::ranges::all_of(attr->rsvd, is_zero)) {
        return hw::MO_ST_RESERVED;
    }
    const auto status = qp->modify(*attr, shared_.gids, port_mtu());
    if (status == hw::MO_ST_OK && qp->state == hw::MO_QPS_RESET) {
        restart(*qp);
    } else if (status == hw::MO_ST_OK) {
        activate(*qp); // there may be entries, or something to flush
    }
    return status;
}

hw::mo_status RdmaBlock::query_qp(const hw::mo_cmd_desc& desc, Result /*result*/) {
    hw::mo_cmd_qp_attr body;
    if (!take_body(desc, body) || body.rsvd != 0) {
        return hw::MO_ST_RESERVED;
    }
    const Qp* const qp = find(body.qp);
    if (qp == nullptr) {
        return hw::MO_ST_BAD_OBJECT;
    }
    if (body.addr % sizeof(std::uint64_t) != 0) {
        return hw::MO_ST_BAD_PARAM;
    }
    const auto done = env_.dma()->write_object(body.addr, qp->query());
    return done ? hw::MO_ST_OK : refused(done.error());
}

hw::mo_status RdmaBlock::destroy_qp(const hw::mo_cmd_desc& desc, Result /*result*/) {
    hw::mo_cmd_object body;
    if (!take_body(desc, body) || body.rsvd != 0) {
        return hw::MO_ST_RESERVED;
    }
    Qp* const qp = find(body.object);
    if (qp == nullptr) {
        return hw::MO_ST_BAD_OBJECT;
    }
    qp->config.send_cq->detach();
    qp->config.recv_cq->detach();
    const std::uint32_t rq_object = qp->config.rq_object;
    forget(*qp);
    shared_.keys.end_windows_of(body.object);
    env_.destroy_object(body.object);
    if (rq_object != 0) {
        env_.destroy_object(rq_object);
    }
    return hw::MO_ST_OK;
}

} // namespace mo::nic::rdma
