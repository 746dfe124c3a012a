// SPDX-License-Identifier: GPL-2.0-or-later
// Harness: an EthBlock with guest memory and completion queues, and a small driver for it, as a
// host would use the rings. Everything in virtual time, in one thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "fabric/link.hpp"
#include "fabric/tests/packets.hpp"
#include "nic/completion_queue.hpp"
#include "nic/eth/eth_block.hpp"
#include "nic/tests/block_host.hpp"

namespace mo::nic::eth::test {

using namespace mo::test;

class TestNic final : public nic::test::BlockHost {
  public:
    explicit TestNic(std::size_t ram_size = 8U << 20,
                     std::uint64_t features = hw::MO_F_SHADOW_DB | hw::MO_F_ETH | hw::MO_F_GRO_HW |
                                              hw::MO_F_TX_URGENT)
        : BlockHost(ram_size, features, 1000) {}

    void store(std::uint64_t iova, std::span<const std::byte> bytes) {
        std::copy(bytes.begin(), bytes.end(), at(iova));
    }
    std::uint64_t put(std::span<const std::byte> bytes, std::size_t alignment = 1) {
        const std::uint64_t iova = allocate(bytes.size(), alignment);
        store(iova, bytes);
        return iova;
    }
    std::uint32_t new_cq(std::uint8_t size_log, std::uint8_t entry_log = 5) {
        const std::uint32_t number = next_object_++;
        add_cq(number, size_log, entry_log);
        return number;
    }
    bool poll(unsigned budget = 256) { return BlockHost::poll(budget); }

    // QueueEnv
    std::optional<std::uint32_t> create_object(hw::mo_doorbell /*doorbell*/,
                                               std::uint32_t /*db_page*/) override {
        return next_object_ < object_limit ? std::optional(next_object_++ | 0x050000U)
                                           : std::nullopt;
    }
    void destroy_object(std::uint32_t number) override { destroyed.push_back(number); }
    void queue_error(std::uint32_t number, std::uint8_t /*port*/, hw::mo_queue_error why) override {
        errors.emplace_back(number, why);
    }
    void async_event(const hw::mo_eqe& /*event*/) override {}

    std::uint32_t object_limit = 60000;
    std::vector<std::pair<std::uint32_t, hw::mo_queue_error>> errors;
    std::vector<std::uint32_t> destroyed;

  private:
    DatapathBlock& datapath() override { return block; }

    std::uint32_t next_object_ = 1;

  public:
    Mac mac{*this, 0};
    EthBlock block{*this, mac};
};

/// The host's side of a completion queue.
class HostCq {
  public:
    HostCq(TestNic& nic, std::uint8_t size_log) : nic_(nic), object(nic.new_cq(size_log)) {}
    std::optional<hw::mo_eth_cqe> next() {
        const CompletionQueueConfig& config = nic_.cq_configs[object];
        const auto& entry = nic_.object<hw::mo_eth_cqe>(config.ring.address(consumer_));
        if ((entry.phase & 1U) != config.ring.phase(consumer_)) {
            return std::nullopt;
        }
        const hw::mo_eth_cqe copy = entry;
        ++consumer_;
        nic_.object<hw::mo_arm_rec>(config.record).arm = std::uint64_t{consumer_};
        return copy;
    }
    /// Asks for one event at the next entry.
    void arm() {
        nic_.object<hw::mo_arm_rec>(nic_.cq_configs[object].record).arm =
            MO_ARM_WORD(consumer_, MO_ARM_NEXT, ++armed_);
    }

  private:
    TestNic& nic_;
    std::uint32_t consumer_ = 0;
    std::uint32_t armed_ = 0;

  public:
    std::uint32_t object;
};

/// A ring with its doorbell record, and how the host rings.
class HostRing {
  public:
    HostRing(TestNic& owner, hw::mo_doorbell kind, std::uint8_t size_log, std::uint32_t buf_len,
             std::uint32_t hdr_len)
        : nic(owner), cq(owner, static_cast<std::uint8_t>(size_log + 1)), size_log_(size_log),
          kind_(kind) {
        body.ring = nic.allocate(std::size_t{16} << size_log, 4096);
        body.rec = nic.allocate(sizeof(hw::mo_db_rec));
        body.cq = cq.object;
        body.size_log = size_log;
        body.buf_len = buf_len;
        body.hdr_len = hdr_len;
        hw::mo_res_create result{};
        status = nic.command(kind == hw::MO_DB_SQ ? hw::MO_CMD_TXQ_CREATE : hw::MO_CMD_RXQ_CREATE,
                             body, &result, sizeof result);
        object = result.object;
    }
    hw::mo_db_rec& record() { return nic.object<hw::mo_db_rec>(body.rec); }
    [[nodiscard]] std::uint32_t entries() const { return 1U << size_log_; }
    template <typename T>
    void push(const T& descriptor) {
        static_assert(sizeof(T) == 16);
        std::memcpy(nic.at(body.ring + std::uint64_t{tail & (entries() - 1)} * 16), &descriptor,
                    16);
        ++tail;
    }
    /// Stores the tail and rings if it has to; true if it rang.
    bool ring() {
        const std::uint32_t old = std::exchange(rung_, tail);
        record().tail = tail;
        const bool needed = (nic.features() & hw::MO_F_SHADOW_DB) == 0 ||
                            hw::mo_db_needed(record().event, tail, old) != 0;
        if (needed) {
            ++doorbells;
            nic.block.doorbell(kind_, object, tail);
        }
        return needed;
    }
    hw::mo_res_queue query() {
        hw::mo_res_queue result{};
        hw::mo_cmd_object which{};
        which.object = object;
        nic.command(hw::MO_CMD_QUEUE_QUERY, which, &result, sizeof result);
        return result;
    }
    hw::mo_status destroy() {
        hw::mo_cmd_object which{};
        which.object = object;
        return nic.command(kind_ == hw::MO_DB_SQ ? hw::MO_CMD_TXQ_DESTROY : hw::MO_CMD_RXQ_DESTROY,
                           which);
    }

    TestNic& nic;
    HostCq cq;
    hw::mo_cmd_queue body{};
    hw::mo_status status;
    std::uint32_t object = 0;
    std::uint32_t tail = 0;
    unsigned doorbells = 0;

  private:
    std::uint8_t size_log_;
    hw::mo_doorbell kind_;
    std::uint32_t rung_ = 0;
};

/// What to send, beside the bytes.
struct TxOptions {
    std::uint32_t flags = MO_TXF_COMPLETE;
    std::uint16_t vlan_tci = 0;
    std::uint16_t mss = 0;
    std::uint16_t hdr_len = 0;
    std::uint16_t csum_start = 0;
    std::uint16_t csum_offset = 0;
    std::uint8_t l3_offset = 0;
    std::vector<std::size_t> cuts; ///< lengths of the first segments
};

class HostTx : public HostRing {
  public:
    explicit HostTx(TestNic& owner, std::uint8_t size_log = 8)
        : HostRing(owner, hw::MO_DB_SQ, size_log, 0, 0) {}
    /// Describes a packet whose bytes lie at `iova`.
    void describe(std::uint64_t iova, std::size_t size, const TxOptions& options) {
        hw::mo_tx_pkt packet{};
        packet.type = MO_TXD_PKT;
        packet.flags = static_cast<std::uint16_t>(options.flags);
        packet.vlan_tci = options.vlan_tci;
        packet.mss = options.mss;
        packet.hdr_len = options.hdr_len;
        packet.csum_start = options.csum_start;
        packet.csum_offset = options.csum_offset;
        packet.l3_offset = options.l3_offset;
        std::vector<hw::mo_tx_seg> segments;
        std::size_t at = 0;
        const auto add = [&](std::size_t length) {
            segments.push_back({iova + at, static_cast<std::uint32_t>(length), 0});
            at += length;
        };
        for (const std::size_t cut : options.cuts) {
            add(cut);
        }
        while (at < size) {
            add(std::min<std::size_t>(size - at, 65536));
        }
        packet.nseg = static_cast<std::uint8_t>(segments.size());
        push(packet);
        for (const hw::mo_tx_seg& segment : segments) {
            push(segment);
        }
    }
    void send(const Packet& packet, const TxOptions& options = {}) {
        describe(nic.put(packet), packet.size(), options);
        ring();
    }
};

/// TSO of a packet made by make_packet().
inline TxOptions tso(const PacketSpec& spec, std::size_t mss) {
    const Offsets at = offsets_of(spec);
    TxOptions options;
    options.flags |= (spec.ipv6 ? MO_TXF_TSO6 : MO_TXF_TSO4) | MO_TXF_CSUM;
    options.mss = static_cast<std::uint16_t>(mss);
    options.hdr_len = static_cast<std::uint16_t>(at.payload);
    options.csum_start = static_cast<std::uint16_t>(at.l4);
    options.csum_offset = 16;
    options.l3_offset = static_cast<std::uint8_t>(at.l3);
    return options;
}

struct Received {
    hw::mo_eth_cqe cqe;
    Packet header; ///< of the header buffer
    Packet bytes;  ///< of the data buffers
};

class HostRx : public HostRing {
  public:
    explicit HostRx(TestNic& owner, std::uint8_t size_log = 8, std::uint32_t buf_len = 2048,
                    std::uint32_t hdr_len = 0)
        : HostRing(owner, hw::MO_DB_RQ, size_log, buf_len, hdr_len) {
        buffers_ = nic.allocate(std::size_t{buf_len} << size_log, 4096);
        headers_ = hdr_len != 0 ? nic.allocate(std::size_t{hdr_len} << size_log) : 0;
    }
    std::uint64_t buffer(std::uint32_t index) const {
        return buffers_ + std::uint64_t{index & (entries() - 1)} * body.buf_len;
    }
    std::uint64_t header(std::uint32_t index) const {
        return headers_ == 0 ? 0 : headers_ + std::uint64_t{index & (entries() - 1)} * body.hdr_len;
    }
    void post(std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i) {
            push(hw::mo_rx_desc{buffer(tail), header(tail)});
        }
        ring();
    }
    /// The next packet; its buffers may be posted again.
    std::optional<Received> next() {
        const auto cqe = cq.next();
        if (!cqe) {
            return std::nullopt;
        }
        Received out{*cqe, {}, {}};
        std::size_t left = cqe->length;
        if ((cqe->flags & MO_RXF_HDR_SPLIT) != 0) {
            const std::byte* const from = nic.at(header(cqe->index));
            out.header.assign(from, from + cqe->hdr_len);
            left -= cqe->hdr_len;
        }
        for (std::uint32_t i = 0; i < cqe->nseg; ++i) {
            const std::size_t part = std::min<std::size_t>(left, body.buf_len);
            const std::byte* const from = nic.at(buffer(cqe->index + i));
            out.bytes.insert(out.bytes.end(), from, from + part);
            left -= part;
        }
        consumed += cqe->nseg;
        complete = complete && left == 0;
        return out;
    }
    std::vector<Received> all() {
        std::vector<Received> out;
        while (auto one = next()) {
            out.push_back(std::move(*one));
        }
        return out;
    }
    std::uint32_t consumed = 0;
    bool complete = true; ///< every completion named as many buffers as its length needs

  private:
    std::uint64_t buffers_;
    std::uint64_t headers_;
};

/// Commands with usual arguments.
inline hw::mo_status enable_rx(TestNic& nic, bool on = true) {
    hw::mo_cmd_port_rx body{};
    body.enable = on ? 1 : 0;
    return nic.command(hw::MO_CMD_PORT_RX, body);
}
inline hw::mo_status set_offload(TestNic& nic, std::uint32_t flags, std::uint32_t mtu = 1500) {
    hw::mo_cmd_offload body{};
    body.flags = flags;
    body.mtu = mtu;
    return nic.command(hw::MO_CMD_OFFLOAD, body);
}
inline hw::mo_status set_rx_mode(TestNic& nic, std::uint32_t flags,
                                 const std::vector<std::uint64_t>& addresses = {}) {
    Packet list;
    for (const std::uint64_t address : addresses) {
        put16(list, static_cast<unsigned>(address >> 32U));
        put32(list, static_cast<std::uint32_t>(address));
        put16(list, 0);
    }
    hw::mo_cmd_rx_mode body{};
    body.list = nic.put(list, 8);
    body.count = static_cast<std::uint32_t>(addresses.size());
    body.flags = flags;
    return nic.command(hw::MO_CMD_RX_MODE, body);
}

/// The key of the verification suite of NDIS.
inline constexpr std::array<std::uint8_t, 40> well_known_key = {
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
    0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
    0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

/// `queues`: indexes in the queue map.
inline hw::mo_rss_config rss_config(const std::vector<std::uint16_t>& queues,
                                    std::uint8_t fields = MO_HASH_ALL) {
    hw::mo_rss_config config{};
    std::copy(well_known_key.begin(), well_known_key.end(), std::begin(config.key));
    std::fill(std::begin(config.fields), std::end(config.fields), fields);
    while ((std::size_t{1} << config.table_log) < queues.size()) {
        ++config.table_log;
    }
    for (std::size_t i = 0; i < (std::size_t{1} << config.table_log); ++i) {
        config.table[i] = queues[i % queues.size()];
    }
    return config;
}
inline hw::mo_status set_rss(TestNic& nic, const hw::mo_rss_config& config) {
    hw::mo_cmd_dma body{};
    body.addr = nic.put(std::as_bytes(std::span<const hw::mo_rss_config, 1>(&config, 1)), 8);
    body.len = sizeof config;
    return nic.command(hw::MO_CMD_RSS_SET, body);
}
inline hw::mo_status map_rxq(TestNic& nic, std::uint32_t index, std::uint32_t object) {
    hw::mo_cmd_rxq_map body{};
    body.index = index;
    body.object = object;
    return nic.command(hw::MO_CMD_RXQ_MAP, body);
}

inline constexpr std::uint32_t usual_offloads =
    MO_OFFLOAD_RX_CSUM | MO_OFFLOAD_RX_VLAN | MO_OFFLOAD_RX_HASH;

/// A receiver that takes everything into one queue.
inline void open_receiver(TestNic& nic, HostRx& rx, std::uint32_t offloads = usual_offloads,
                          std::uint32_t mtu = MO_ETH_MAX_MTU) {
    map_rxq(nic, 0, rx.object);
    set_rss(nic, rss_config({0}));
    set_rx_mode(nic, MO_RX_MODE_PROMISC);
    set_offload(nic, offloads, mtu);
    enable_rx(nic);
}

/// Two NICs on a fibre.
struct TestPair {
    explicit TestPair(std::size_t ram_size = 8U << 20) : a(ram_size), b(ram_size) {
        a.mac.connect(&link, fabric::End::a);
        b.mac.connect(&link, fabric::End::b);
    }
    /// Rounds until nobody works; the number of rounds.
    unsigned run(unsigned limit = 1000) {
        unsigned rounds = 0;
        for (bool worked = true; worked && rounds < limit; ++rounds) {
            worked = a.block.poll(a.now, 64);
            worked = b.block.poll(b.now, 64) || worked;
            link.advance(a.now);
            a.end_round();
            b.end_round();
        }
        return rounds;
    }
    fabric::Link link{"fibre0"};
    TestNic a;
    TestNic b;
};

} // namespace mo::nic::eth::test
