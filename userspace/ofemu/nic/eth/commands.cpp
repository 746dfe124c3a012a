// SPDX-License-Identifier: GPL-2.0-or-later
// EthBlock: admin commands (driver/hw/cmd.h, 0x0100..0x01ff).
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>

#include "nic/command_table.hpp"
#include "nic/eth/eth_block.hpp"

namespace mo::nic::eth {

namespace {

constexpr std::uint32_t min_buffer = 256;
constexpr std::uint32_t max_buffer = 65536;
constexpr std::uint32_t min_mtu = 68; // RFC 791: every internet module forwards 68 octets
constexpr std::size_t address_entry = 8;
/// Event index of receive queues with shadow doorbells: so far behind that the host never rings;
/// the tail is read when buffers are needed.
constexpr std::uint32_t never_ring = 0U - (1U << 30U);

} // namespace

std::span<const EthBlock::Command> EthBlock::commands() {
    static constexpr std::array table = {
        Command{hw::MO_CMD_TXQ_CREATE, &EthBlock::create_txq},
        Command{hw::MO_CMD_TXQ_DESTROY, &EthBlock::destroy_txq},
        Command{hw::MO_CMD_RXQ_CREATE, &EthBlock::create_rxq},
        Command{hw::MO_CMD_RXQ_DESTROY, &EthBlock::destroy_rxq},
        Command{hw::MO_CMD_RXQ_MAP, &EthBlock::map_rxq},
        Command{hw::MO_CMD_QUEUE_QUERY, &EthBlock::query_queue},
        Command{hw::MO_CMD_PORT_RX, &EthBlock::set_port_rx},
        Command{hw::MO_CMD_RX_MODE, &EthBlock::set_rx_mode},
        Command{hw::MO_CMD_VLAN_FILTER, &EthBlock::set_vlans},
        Command{hw::MO_CMD_OFFLOAD, &EthBlock::set_offload},
        Command{hw::MO_CMD_RSS_SET, &EthBlock::set_rss},
    };
    return table;
}

bool EthBlock::handles(std::uint16_t opcode) const {
    return find_command(commands(), opcode) != nullptr;
}

hw::mo_status EthBlock::command(const hw::mo_cmd_desc& desc, Result result,
                                std::uint64_t /*now_ns*/) {
    if (desc.hdr.port != mac_.number()) {
        return hw::MO_ST_BAD_PORT;
    }
    const Command* const row = find_command(commands(), desc.hdr.opcode);
    return row != nullptr ? (this->*row->handler)(desc, result) : hw::MO_ST_BAD_OPCODE;
}

/// Checks what both kinds of queue have in common and fills in everything but the object.
hw::mo_status EthBlock::check_queue(const hw::mo_cmd_queue& body, QueueConfig& config) {
    if (std::ranges::any_of(body.rsvd, [](std::uint8_t byte) { return byte != 0; }) ||
        body.rsvd1 != 0) {
        return hw::MO_ST_RESERVED;
    }
    config.ring = {.base = body.ring, .size_log = body.size_log, .entry_log = descriptor_log};
    config.record = body.rec;
    config.port = mac_.number();
    if (body.size_log < MO_QUEUE_MIN_LOG || body.size_log > MO_QUEUE_MAX_LOG ||
        !config.ring.valid() || config.record % record_alignment != 0 ||
        body.db_page >= env_.db_pages()) {
        return hw::MO_ST_BAD_PARAM;
    }
    config.cq = env_.cq(body.cq);
    if (config.cq == nullptr) {
        return hw::MO_ST_BAD_OBJECT;
    }
    if (config.cq->entry_size() != sizeof(hw::mo_eth_cqe)) {
        return hw::MO_ST_BAD_PARAM;
    }
    auto& dma = env_.dma().section();
    auto ring = dma.check(config.ring.base, config.ring.bytes(), pcie::Access::read);
    auto record = dma.check(config.record, sizeof(hw::mo_db_rec), pcie::Access::read_write);
    for (const auto* const checked : {&ring, &record}) {
        if (!*checked) {
            env_.dma_fault(0, checked->error());
            return hw::MO_ST_DMA_FAULT;
        }
    }
    return hw::MO_ST_OK;
}

hw::mo_status EthBlock::create_txq(const hw::mo_cmd_desc& desc, Result result) {
    hw::mo_cmd_queue body;
    if (!take_body(desc, body) || body.buf_len != 0 || body.hdr_len != 0) {
        return hw::MO_ST_RESERVED;
    }
    QueueConfig config;
    if (const auto status = check_queue(body, config); status != hw::MO_ST_OK) {
        return status;
    }
    bool taken = false;
    tx_queues_.for_each([&](TxQueue& queue) { taken = taken || &queue.cq() == config.cq; });
    if (taken) {
        return hw::MO_ST_IN_USE;
    }
    const auto object = tx_queues_.size() < limits_.tx_queues
                            ? env_.create_object(hw::MO_DB_SQ, body.db_page)
                            : std::nullopt;
    if (!object) {
        return hw::MO_ST_NO_RESOURCE;
    }
    config.object = *object;
    config.cq->attach();
    auto queue = std::make_unique<TxQueue>(config, env_);
    if (env_.shadow_doorbells()) {
        queue->store_event(0);
    }
    tx_queues_.insert(std::move(queue));
    give_result(result, hw::mo_res_create{*object});
    return hw::MO_ST_OK;
}

hw::mo_status EthBlock::create_rxq(const hw::mo_cmd_desc& desc, Result result) {
    hw::mo_cmd_queue body;
    if (!take_body(desc, body)) {
        return hw::MO_ST_RESERVED;
    }
    QueueConfig config;
    if (const auto status = check_queue(body, config); status != hw::MO_ST_OK) {
        return status;
    }
    if (body.buf_len < min_buffer || body.buf_len > max_buffer || body.hdr_len > max_buffer) {
        return hw::MO_ST_BAD_PARAM;
    }
    bool taken = false;
    rx_queues_.for_each([&](RxQueue& queue) { taken = taken || &queue.cq() == config.cq; });
    if (taken) {
        return hw::MO_ST_IN_USE;
    }
    const auto object = rx_queues_.size() < limits_.rx_queues
                            ? env_.create_object(hw::MO_DB_RQ, body.db_page)
                            : std::nullopt;
    if (!object) {
        return hw::MO_ST_NO_RESOURCE;
    }
    config.object = *object;
    config.cq->attach();
    auto queue = std::make_unique<RxQueue>(config, env_, body.buf_len, body.hdr_len);
    if (env_.shadow_doorbells()) {
        queue->store_event(never_ring);
    }
    rx_queues_.insert(std::move(queue));
    give_result(result, hw::mo_res_create{*object});
    return hw::MO_ST_OK;
}

hw::mo_status EthBlock::destroy_txq(const hw::mo_cmd_desc& desc, Result /*result*/) {
    hw::mo_cmd_object body;
    if (!take_body(desc, body) || body.rsvd != 0) {
        return hw::MO_ST_RESERVED;
    }
    TxQueue* const queue = tx_queues_.find(body.object);
    if (queue == nullptr) {
        return hw::MO_ST_BAD_OBJECT;
    }
    // Frames leave inside poll(): none is in flight here.
    queue->cq().detach();
    std::erase(active_, queue);
    tx_queues_.erase(body.object);
    env_.destroy_object(body.object);
    return hw::MO_ST_OK;
}

hw::mo_status EthBlock::destroy_rxq(const hw::mo_cmd_desc& desc, Result /*result*/) {
    hw::mo_cmd_object body;
    if (!take_body(desc, body) || body.rsvd != 0) {
        return hw::MO_ST_RESERVED;
    }
    RxQueue* const queue = rx_queues_.find(body.object);
    if (queue == nullptr) {
        return hw::MO_ST_BAD_OBJECT;
    }
    queue->gro.close(*queue, mac_.counters);
    queue->cq().detach();
    std::erase(touched_, queue);
    rx_queues_.erase(body.object);
    env_.destroy_object(body.object);
    return hw::MO_ST_OK;
}

hw::mo_status EthBlock::map_rxq(const hw::mo_cmd_desc& desc, Result /*result*/) {
    hw::mo_cmd_rxq_map body;
    if (!take_body(desc, body)) {
        return hw::MO_ST_RESERVED;
    }
    if (body.index >= rx_map_.size()) {
        return hw::MO_ST_BAD_PARAM;
    }
    if (body.object != 0 && rx_queues_.find(body.object) == nullptr) {
        return hw::MO_ST_BAD_OBJECT;
    }
    // Frames arrive inside poll(): only a coalesced packet may still be open.
    std::uint32_t& entry = rx_map_[body.index];
    if (RxQueue* const former = rx_queues_.find(entry)) {
        former->gro.close(*former, mac_.counters);
    }
    entry = body.object;
    return hw::MO_ST_OK;
}

hw::mo_status EthBlock::query_queue(const hw::mo_cmd_desc& desc, Result result) {
    hw::mo_cmd_object body;
    if (!take_body(desc, body) || body.rsvd != 0) {
        return hw::MO_ST_RESERVED;
    }
    const HostQueue* queue = tx_queues_.find(body.object);
    if (queue == nullptr) {
        queue = rx_queues_.find(body.object);
    }
    if (queue == nullptr) {
        return hw::MO_ST_BAD_OBJECT;
    }
    give_result(result, hw::mo_res_queue{queue->tail(), queue->head(),
                                         static_cast<std::uint32_t>(queue->error())});
    return hw::MO_ST_OK;
}

hw::mo_status EthBlock::set_port_rx(const hw::mo_cmd_desc& desc, Result /*result*/) {
    hw::mo_cmd_port_rx body;
    if (!take_body(desc, body) || body.rsvd != 0) {
        return hw::MO_ST_RESERVED;
    }
    if (body.enable > 1) {
        return hw::MO_ST_BAD_PARAM;
    }
    mac_.config.receive = body.enable != 0;
    close_packets();
    return hw::MO_ST_OK;
}

hw::mo_status EthBlock::read_host(std::uint64_t address, std::span<std::byte> out) {
    auto done = env_.dma()->read(address, out);
    if (!done) {
        env_.dma_fault(0, done.error());
        return hw::MO_ST_DMA_FAULT;
    }
    return hw::MO_ST_OK;
}

hw::mo_status EthBlock::set_rx_mode(const hw::mo_cmd_desc& desc, Result /*result*/) {
    constexpr std::uint32_t all_flags =
        MO_RX_MODE_BROADCAST | MO_RX_MODE_ALLMULTI | MO_RX_MODE_PROMISC;
    hw::mo_cmd_rx_mode body;
    if (!take_body(desc, body)) {
        return hw::MO_ST_RESERVED;
    }
    if (body.count > MO_FILTER_MAX_MAC || (body.flags & ~all_flags) != 0) {
        return hw::MO_ST_BAD_PARAM;
    }
    std::array<std::byte, MO_FILTER_MAX_MAC * address_entry> list;
    const std::span<std::byte> used(list.data(), body.count * address_entry);
    if (!used.empty()) {
        if (const auto status = read_host(body.list, used); status != hw::MO_ST_OK) {
            return status;
        }
    }
    std::vector<std::uint64_t> addresses;
    addresses.reserve(body.count);
    for (std::size_t i = 0; i < body.count; ++i) {
        addresses.push_back(address_number(used.subspan(i * address_entry).first<6>()));
    }
    receiver_.addresses.set(std::move(addresses), body.flags);
    return hw::MO_ST_OK;
}

hw::mo_status EthBlock::set_vlans(const hw::mo_cmd_desc& desc, Result /*result*/) {
    hw::mo_cmd_vlan body;
    if (!take_body(desc, body)) {
        return hw::MO_ST_RESERVED;
    }
    if (body.bitmap == 0) {
        receiver_.vlans.open();
        return hw::MO_ST_OK;
    }
    VlanFilter::Bitmap bitmap;
    const auto status = read_host(body.bitmap, bitmap);
    if (status == hw::MO_ST_OK) {
        receiver_.vlans.set(bitmap);
    }
    return status;
}

hw::mo_status EthBlock::set_offload(const hw::mo_cmd_desc& desc, Result /*result*/) {
    hw::mo_cmd_offload body;
    if (!take_body(desc, body)) {
        return hw::MO_ST_RESERVED;
    }
    if ((body.flags & ~all_offloads) != 0 || body.mtu < min_mtu || body.mtu > MO_ETH_MAX_MTU) {
        return hw::MO_ST_BAD_PARAM;
    }
    if ((body.flags & MO_OFFLOAD_RX_GRO) != 0 && (env_.features() & hw::MO_F_GRO_HW) == 0) {
        return hw::MO_ST_NO_FEATURE;
    }
    close_packets(); // what is open was received under the former rules
    receiver_.offload.flags = body.flags;
    mac_.config.loopback = receiver_.offload.has(MO_OFFLOAD_LOOPBACK);
    mac_.config.keep_bad_fcs = receiver_.offload.has(MO_OFFLOAD_RX_FCS_ERR);
    mac_.config.mtu = body.mtu;
    return hw::MO_ST_OK;
}

hw::mo_status EthBlock::set_rss(const hw::mo_cmd_desc& desc, Result /*result*/) {
    constexpr unsigned max_table_log = 9;
    static_assert(1U << max_table_log == MO_RSS_TABLE_MAX);
    hw::mo_cmd_dma body;
    if (!take_body(desc, body) || body.rsvd != 0) {
        return hw::MO_ST_RESERVED;
    }
    hw::mo_rss_config config;
    if (body.len < sizeof config) {
        return hw::MO_ST_BAD_PARAM;
    }
    const auto status =
        read_host(body.addr, std::as_writable_bytes(std::span<hw::mo_rss_config, 1>(&config, 1)));
    if (status != hw::MO_ST_OK) {
        return status;
    }
    if (config.rsvd != 0) {
        return hw::MO_ST_RESERVED;
    }
    if (config.table_log > max_table_log ||
        std::ranges::any_of(config.fields,
                            [](std::uint8_t fields) { return (fields & ~MO_HASH_ALL) != 0; })) {
        return hw::MO_ST_BAD_PARAM;
    }
    const auto table = std::span(config.table).first(std::size_t{1} << config.table_log);
    if (std::ranges::any_of(table, [](std::uint16_t index) { return index >= MO_RXQ_MAP_MAX; })) {
        return hw::MO_ST_BAD_PARAM;
    }
    receiver_.rss.emplace(config);
    return hw::MO_ST_OK;
}

} // namespace mo::nic::eth
