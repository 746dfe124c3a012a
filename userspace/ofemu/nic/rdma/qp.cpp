// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/rdma/qp.hpp"

#include <algorithm>
#include <utility>

#include "nic/rdma/gid_table.hpp"

namespace mo::nic::rdma {

namespace {

constexpr std::uint32_t all_attributes = (1U << 17U) - 1U;
constexpr std::uint32_t flow_bits = MO_AV_FLOW_LABEL | MO_AV_SL;
constexpr unsigned vlan_priority_shift = 13; ///< IEEE 802.1Q 9.6
constexpr unsigned vlan_priorities = 8;
constexpr std::uint16_t first_dynamic_port = 0xc000;
constexpr std::uint8_t default_hop_limit = 64;
constexpr std::uint8_t max_timeout = 31;
constexpr std::uint8_t max_retries = 7;

bool valid_mtu(std::uint32_t mtu) noexcept {
    constexpr std::uint32_t least = 256;
    return mtu >= least && mtu <= max_payload && (mtu & (mtu - 1U)) == 0;
}

Ring ring_of(const QpConfig& config, std::uint64_t offset, std::uint8_t size_log,
             std::uint8_t stride_log) noexcept {
    if (config.pages.size() == 1) {
        return {config.pages.front() + offset, size_log, stride_log};
    }
    return {offset, size_log, stride_log, config.page_shift, config.pages.data()};
}

} // namespace

std::uint64_t QpConfig::rq_offset() const noexcept {
    const std::uint64_t send = std::uint64_t{1} << (sq_log + sq_stride_log);
    return (send + ring_alignment - 1) & ~(ring_alignment - 1);
}

std::uint64_t QpConfig::bytes() const noexcept {
    return has_rq() ? rq_offset() + (std::uint64_t{1} << (rq_log + rq_stride_log))
                    : std::uint64_t{1} << (sq_log + sq_stride_log);
}

Qp::Qp(QpConfig configuration)
    : config(std::move(configuration)), policy(policy_of(config.type)),
      sq(ring_of(config, 0, config.sq_log, config.sq_stride_log), config.record, true) {
    if (config.has_rq()) {
        rq = WorkQueue(ring_of(config, config.rq_offset(), config.rq_log, config.rq_stride_log),
                       config.record + sizeof(hw::mo_db_rec), true);
    }
}

bool make_route(const hw::mo_av& av, const GidTable& gids, std::uint32_t seed, Route& out) {
    const GidTable::Entry* const source = gids.at(av.sgid_index);
    if (source == nullptr) {
        return false;
    }
    out.smac = source->smac;
    out.dmac = mac_of(av.dmac);
    out.vlan = source->vlan;
    const std::uint32_t priority = (av.flow >> MO_AV_SL_SHIFT) % vlan_priorities;
    out.vlan_tci =
        source->vlan
            ? static_cast<std::uint16_t>(source->vlan_tci | priority << vlan_priority_shift)
            : std::uint16_t{0};
    out.sgid = source->gid;
    out.dgid = gid_of(av.dgid);
    out.traffic_class = av.traffic_class;
    out.hop_limit = av.hop_limit != 0 ? av.hop_limit : default_hop_limit;
    out.flow_label = av.flow & MO_AV_FLOW_LABEL;
    const std::uint16_t port = av.udp_sport;
    constexpr std::uint32_t golden_ratio = 0x9e3779b1; // Knuth's multiplicative hash
    out.udp_sport =
        port != 0 ? port
                  : static_cast<std::uint16_t>(first_dynamic_port | ((seed * golden_ratio) >> 18U));
    return true;
}

bool Qp::refresh_path(const GidTable& gids) {
    if (path.generation != gids.generation()) [[unlikely]] {
        path.generation = gids.generation();
        path.usable = make_route(attr.av, gids, config.number, path.route);
        path.loopback = gids.find(path.route.dgid, path.route.vlan, path.route.vlan_tci) != nullptr;
    }
    return path.usable;
}

hw::mo_status Qp::check_values(const hw::mo_qp_attr& wanted, const GidTable& gids,
                               std::uint32_t port_mtu) const {
    const std::uint32_t mask = wanted.mask;
    const auto given = [mask](std::uint32_t attribute) { return (mask & attribute) != 0; };
    const hw::mo_av& av = wanted.av;
    const bool bad =
        (given(hw::MO_QPA_ACCESS) && (wanted.access & ~MO_ACCESS_ALL) != 0) ||
        (given(hw::MO_QPA_PKEY) && wanted.pkey_index != 0) ||
        (given(hw::MO_QPA_MTU) && (!valid_mtu(wanted.path_mtu) || wanted.path_mtu > port_mtu)) ||
        (given(hw::MO_QPA_TIMEOUT) && wanted.timeout > max_timeout) ||
        (given(hw::MO_QPA_RETRY) && wanted.retry_cnt > max_retries) ||
        (given(hw::MO_QPA_RNR_RETRY) && wanted.rnr_retry > max_retries) ||
        (given(hw::MO_QPA_MIN_RNR) && wanted.min_rnr_timer > max_timeout) ||
        (given(hw::MO_QPA_RQ_PSN) && wanted.rq_psn > psn_mask) ||
        (given(hw::MO_QPA_SQ_PSN) && wanted.sq_psn > psn_mask) ||
        (given(hw::MO_QPA_DEST_QP) && wanted.dest_qp > psn_mask) ||
        (given(hw::MO_QPA_RD_ATOMIC) && wanted.max_rd_atomic > MO_RDMA_MAX_RD_ATOMIC) ||
        (given(hw::MO_QPA_DEST_RD_ATOMIC) && wanted.max_dest_rd_atomic > MO_RDMA_MAX_RD_ATOMIC) ||
        (given(hw::MO_QPA_AV) &&
         (gids.at(av.sgid_index) == nullptr || gid_of(av.dgid).is_multicast() ||
          gid_of(av.dgid).is_ipv4() != gids.at(av.sgid_index)->gid.is_ipv4() ||
          (av.flow & ~flow_bits) != 0));
    return bad ? hw::MO_ST_BAD_PARAM : hw::MO_ST_OK;
}

hw::mo_status Qp::modify(const hw::mo_qp_attr& wanted, const GidTable& gids,
                         std::uint32_t port_mtu) {
    const std::uint32_t mask = wanted.mask;
    if ((mask & ~all_attributes) != 0) {
        return hw::MO_ST_BAD_PARAM;
    }
    hw::mo_qp_state to = state;
    if ((mask & hw::MO_QPA_STATE) != 0) {
        if (wanted.state > hw::MO_QPS_ERR) {
            return hw::MO_ST_BAD_PARAM;
        }
        to = static_cast<hw::mo_qp_state>(wanted.state);
    }
    const auto legal = check_transition(policy.rule, state, to, mask);
    if (legal != hw::MO_ST_OK) {
        return legal;
    }
    const auto valid = check_values(wanted, gids, port_mtu);
    if (valid != hw::MO_ST_OK) {
        return valid;
    }
    take_values(wanted);
    if ((mask & hw::MO_QPA_STATE) != 0) {
        enter(to);
    }
    return hw::MO_ST_OK;
}

void Qp::take_values(const hw::mo_qp_attr& wanted) {
    const std::uint32_t mask = wanted.mask;
    const auto take = [mask](std::uint32_t attribute, auto& field, const auto& value) {
        if ((mask & attribute) != 0) {
            field = value;
        }
    };
    take(hw::MO_QPA_ACCESS, attr.access, wanted.access);
    take(hw::MO_QPA_QKEY, attr.qkey, wanted.qkey);
    take(hw::MO_QPA_AV, attr.av, wanted.av);
    take(hw::MO_QPA_MTU, attr.path_mtu, wanted.path_mtu);
    take(hw::MO_QPA_TIMEOUT, attr.timeout, wanted.timeout);
    take(hw::MO_QPA_RETRY, attr.retry_cnt, wanted.retry_cnt);
    take(hw::MO_QPA_RNR_RETRY, attr.rnr_retry, wanted.rnr_retry);
    take(hw::MO_QPA_RD_ATOMIC, attr.max_rd_atomic, wanted.max_rd_atomic);
    take(hw::MO_QPA_DEST_RD_ATOMIC, attr.max_dest_rd_atomic, wanted.max_dest_rd_atomic);
    take(hw::MO_QPA_MIN_RNR, attr.min_rnr_timer, wanted.min_rnr_timer);
    take(hw::MO_QPA_DEST_QP, attr.dest_qp, wanted.dest_qp);
    take(hw::MO_QPA_ECE, attr.ece, wanted.ece & MO_ECE_ALL);
    if ((mask & hw::MO_QPA_AV) != 0) {
        path.generation = 0;
    }
    if ((mask & hw::MO_QPA_RQ_PSN) != 0) {
        recv.start(wanted.rq_psn, attr.max_dest_rd_atomic);
    } else if ((mask & hw::MO_QPA_DEST_RD_ATOMIC) != 0) {
        recv.have_slots(attr.max_dest_rd_atomic);
    }
    if ((mask & hw::MO_QPA_SQ_PSN) != 0) {
        send.start(wanted.sq_psn);
    }
    send.notify = send.notify || (mask & hw::MO_QPA_SQD_NOTIFY) != 0;
}

void Qp::enter(hw::mo_qp_state to) {
    if (to == hw::MO_QPS_ERR && state != hw::MO_QPS_ERR) {
        error = hw::MO_QPE_MODIFIED;
    }
    if (to == hw::MO_QPS_RESET) {
        error = hw::MO_QPE_NONE;
        attr = {};
        path = {};
        sq.reset();
        rq.reset();
        receives.reset();
        send.reset();
        recv.reset();
    }
    if (to == hw::MO_QPS_RTS && state == hw::MO_QPS_SQE) {
        send.stopped = false;
    }
    if (to != hw::MO_QPS_SQD) {
        send.notify = false;
    }
    state = to;
}

hw::mo_qp_attr Qp::query() const {
    hw::mo_qp_attr out = attr;
    out.mask = all_attributes;
    out.state = static_cast<std::uint8_t>(state);
    out.type = static_cast<std::uint8_t>(config.type);
    out.sq_drained = !policy.acknowledged || send.begun == sq.head() ? 1 : 0;
    out.rq_psn = recv.epsn();
    out.sq_psn = send.next_psn;
    out.sq_tail = sq.tail();
    out.sq_head = sq.head();
    out.rq_head = rq.head();
    out.error = static_cast<std::uint32_t>(error);
    return out;
}

} // namespace mo::nic::rdma
