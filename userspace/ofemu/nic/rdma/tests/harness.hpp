// SPDX-License-Identifier: GPL-2.0-or-later
// Harness: an RdmaBlock with guest memory, completion queues and a MAC, and a small driver for it
// that does what kernel and provider do with the rings. Virtual time, one thread.
#pragma once

#include <algorithm>
#include <array>
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
#include "nic/completion_queue.hpp"
#include "nic/object_table.hpp"
#include "nic/port/mac.hpp"
#include "nic/rdma/rdma_block.hpp"
#include "nic/tests/block_host.hpp"

namespace mo::nic::rdma::test {

using Buffer = std::vector<std::byte>;

inline constexpr std::uint64_t all_features = hw::MO_F_RDMA | hw::MO_F_SHADOW_DB;
inline constexpr std::uint64_t plain_features = hw::MO_F_RDMA;

/// Bytes that tell where they are from.
inline Buffer pattern(std::size_t size, std::uint32_t seed) {
    Buffer out(size);
    std::uint32_t state = seed * 2654435761U + 12345U;
    for (std::byte& byte : out) {
        state = state * 1664525U + 1013904223U;
        byte = static_cast<std::byte>(state >> 24U);
    }
    return out;
}

class TestNic final : public nic::test::BlockHost {
  public:
    static constexpr std::byte poison{0xdb};

    TestNic(std::uint64_t features, std::size_t ram_size, Making making = Making::lazy)
        : BlockHost(ram_size, features, 1'000'000), block(*this, mac, making) {
        mac.config.receive = true;
        mac.config.mtu = MO_ETH_MAX_MTU;
    }

    std::uint64_t allocate(std::size_t size, std::size_t alignment = 64) {
        const std::uint64_t at = BlockHost::allocate(size, alignment);
        std::fill_n(this->at(at), size, poison);
        return at;
    }
    std::uint64_t allocate_zero(std::size_t size, std::size_t alignment = 64) {
        const std::uint64_t at = BlockHost::allocate(size, alignment);
        std::memset(this->at(at), 0, size);
        return at;
    }
    hw::mo_status set_gid(std::uint16_t index, const Gid& gid, std::uint32_t flags = MO_GIDF_VALID,
                          std::uint16_t vlan_tci = 0) {
        hw::mo_cmd_gid body{};
        std::memcpy(static_cast<void*>(body.gid), gid.bytes.data(), 16);
        const std::array<std::uint8_t, 6> smac = address;
        std::ranges::copy(smac, std::begin(body.smac));
        body.index = index;
        body.flags = static_cast<std::uint16_t>(flags);
        body.vlan_tci = vlan_tci;
        return command(hw::MO_CMD_GID_SET, body);
    }
    std::uint32_t new_cq(std::uint8_t size_log) {
        const auto number = objects.create(hw::MO_DB_CQ, 0, ObjectTable::core).value();
        add_cq(number, size_log, 6);
        return number;
    }
    bool poll(unsigned budget = 64) { return BlockHost::poll(budget); }
    /// A function reset, as the core does it. Memory stays.
    void reset() {
        BlockHost::reset();
        objects.clear();
    }
    [[nodiscard]] unsigned events_of(hw::mo_event type, std::uint32_t object_number = 0) const {
        return static_cast<unsigned>(std::ranges::count_if(events, [&](const hw::mo_eqe& event) {
            return event.type == type && (object_number == 0 || event.object == object_number);
        }));
    }

    // QueueEnv
    std::optional<std::uint32_t> create_object(hw::mo_doorbell doorbell,
                                               std::uint32_t db_page) override {
        return objects.create(doorbell, db_page, 1);
    }
    void destroy_object(std::uint32_t number) override { (void)objects.destroy(number); }
    void queue_error(std::uint32_t /*number*/, std::uint8_t /*port*/,
                     hw::mo_queue_error /*why*/) override {}
    void async_event(const hw::mo_eqe& event) override { events.push_back(event); }

    std::array<std::uint8_t, 6> address{2, 0, 0, 0, 0, 1};
    ObjectTable objects;
    std::vector<hw::mo_eqe> events;
    std::uint32_t next_pd = 1;

  private:
    DatapathBlock& datapath() override { return block; }

  public:
    Mac mac{*this, 0};
    RdmaBlock block;
};

/// A memory key and its pages, which lie in guest memory in reverse order.
class Region {
  public:
    struct Options {
        std::uint32_t pd = 1;
        std::uint8_t access = MO_ACCESS_ALL;
        std::uint8_t page_shift = 12;
        std::uint64_t iova = 0x7f00'0000'0123;
        std::uint32_t first_pages = 0xffffffff; ///< in MR_CREATE; the others by MR_PAGES
    };
    Region(TestNic& nic, std::size_t size, const Options& options)
        : nic_(nic), options_(options), size_(size) {
        const std::size_t page = std::size_t{1} << options.page_shift;
        const std::size_t count = ((options.iova & (page - 1)) + size + page - 1) / page;
        const std::uint64_t memory = nic.allocate(count * page, page);
        for (std::size_t i = 0; i < count; ++i) {
            pages_.push_back(memory + (count - 1 - i) * page);
        }
        create();
    }
    Region(TestNic& nic, std::size_t size) : Region(nic, size, Options{}) {}

    [[nodiscard]] std::uint64_t iova(std::size_t offset = 0) const {
        return options_.iova + offset;
    }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::byte* byte(std::size_t offset) {
        const std::uint64_t page = std::uint64_t{1} << options_.page_shift;
        const std::uint64_t place = (options_.iova & (page - 1)) + offset;
        return nic_.at(pages_[place >> options_.page_shift] + (place & (page - 1)));
    }
    void write(std::size_t offset, std::span<const std::byte> bytes) {
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            *byte(offset + i) = bytes[i];
        }
    }
    [[nodiscard]] Buffer read(std::size_t offset, std::size_t size) {
        Buffer out(size);
        for (std::size_t i = 0; i < size; ++i) {
            out[i] = *byte(offset + i);
        }
        return out;
    }
    std::uint64_t word(std::size_t offset) {
        std::uint64_t value = 0;
        std::memcpy(&value, read(offset, 8).data(), 8);
        return value;
    }
    void set_word(std::size_t offset, std::uint64_t value) {
        write(offset, std::as_bytes(std::span<const std::uint64_t, 1>(&value, 1)));
    }
    hw::mo_status destroy() {
        hw::mo_cmd_key body{};
        body.key = key;
        return nic_.command(hw::MO_CMD_MR_DESTROY, body);
    }
    [[nodiscard]] const std::vector<std::uint64_t>& pages() const { return pages_; }

    hw::mo_status status = hw::MO_ST_OK;
    std::uint32_t key = 0;

  private:
    void create() {
        const std::uint64_t list = nic_.allocate(pages_.size() * 8, 8);
        std::memcpy(nic_.at(list), pages_.data(), pages_.size() * 8);
        hw::mo_cmd_mr body{};
        body.list = list;
        body.iova = options_.iova;
        body.length = size_;
        body.pd = options_.pd;
        body.pages = static_cast<std::uint32_t>(pages_.size());
        body.count = std::min<std::uint32_t>(
            {body.pages, options_.first_pages, std::uint32_t{MO_MR_LIST_MAX}});
        body.kind = hw::MO_MR_USER;
        body.access = options_.access;
        body.page_shift = options_.page_shift;
        hw::mo_res_key result{};
        status = nic_.command(hw::MO_CMD_MR_CREATE, body, &result, sizeof result);
        key = result.key;
        std::uint32_t given = body.count;
        while (status == hw::MO_ST_OK && given < pages_.size()) {
            hw::mo_cmd_mr_pages more{};
            more.list = list + std::uint64_t{given} * 8;
            more.key = key;
            more.offset = given;
            more.count = std::min(static_cast<std::uint32_t>(pages_.size()) - given,
                                  std::uint32_t{MO_MR_LIST_MAX});
            status = nic_.command(hw::MO_CMD_MR_PAGES, more);
            given += more.count;
        }
    }

    TestNic& nic_;
    Options options_;
    std::size_t size_;
    std::vector<std::uint64_t> pages_;
};

/// The host's side of a completion queue.
class HostCq {
  public:
    explicit HostCq(TestNic& nic, std::uint8_t size_log = 8)
        : nic_(nic), object(nic.new_cq(size_log)) {}
    std::optional<hw::mo_rdma_cqe> next() {
        const CompletionQueueConfig& config = nic_.cq_configs[object];
        const auto& entry = nic_.object<hw::mo_rdma_cqe>(config.ring.address(consumer_));
        if ((entry.phase & 1U) != config.ring.phase(consumer_)) {
            return std::nullopt;
        }
        const hw::mo_rdma_cqe copy = entry;
        ++consumer_;
        nic_.object<hw::mo_arm_rec>(config.record).arm =
            MO_ARM_WORD(consumer_, arm_kind, arm_sequence);
        return copy;
    }
    void arm(std::uint32_t kind) {
        arm_kind = kind;
        ++arm_sequence;
        nic_.object<hw::mo_arm_rec>(nic_.cq_configs[object].record).arm =
            MO_ARM_WORD(consumer_, arm_kind, arm_sequence);
    }

  private:
    TestNic& nic_;
    std::uint32_t consumer_ = 0;
    std::uint64_t arm_sequence = 0;
    std::uint32_t arm_kind = MO_ARM_NONE;

  public:
    std::uint32_t object;
};

struct SendWr {
    hw::mo_wr opcode = hw::MO_WR_SEND;
    std::uint8_t flags = MO_WQEF_SIGNALED;
    // GCC warns of designated initialisers that leave members out which have none of their own.
    std::vector<Sge> sges = {};             // NOLINT(readability-redundant-member-init)
    std::optional<Buffer> inline_data = {}; // NOLINT(readability-redundant-member-init)
    std::uint32_t imm = 0;
    std::uint64_t remote_address = 0;
    std::uint32_t rkey = 0;
    std::uint64_t swap_add = 0;
    std::uint64_t compare = 0;
    hw::mo_wqe_ud ud{};
    hw::mo_wqe_reg reg{};
    hw::mo_wqe_bind bind{};
};

struct QpOptions {
    hw::mo_qp_type type = hw::MO_QPT_RC;
    std::uint8_t sq_log = 6;
    std::uint8_t sq_stride_log = 10;
    std::uint8_t rq_log = 6;
    std::uint8_t rq_stride_log = 10;
    std::uint32_t pd = 1;
    std::uint32_t flags = 0;
    std::uint8_t page_shift = 12;
    std::uint8_t cq_log = 8;
    std::uint32_t db_page = 0;
};

/// What a connection is made with.
struct Connection {
    std::uint16_t mtu = 1024;
    std::uint8_t access = MO_ACCESS_ALL;
    std::uint8_t timeout = 14; ///< 67 ms
    std::uint8_t retry_cnt = 7;
    std::uint8_t rnr_retry = 7;
    std::uint8_t min_rnr_timer = 12; ///< 0.64 ms
    std::uint8_t rd_atomic = 16;
    std::uint32_t sq_psn = 0xfffff0; ///< wraps soon
    std::uint16_t gid_index = 0;
    std::uint8_t traffic_class = 0;
    std::uint32_t qkey = 0x11111111;
};

class HostQp {
  public:
    explicit HostQp(TestNic& owner, const QpOptions& options = {})
        : nic(owner), send_cq(owner, options.cq_log), recv_cq(owner, options.cq_log),
          options_(options) {
        sq_.resize(std::size_t{1} << options.sq_log);
        const std::size_t send_bytes = std::size_t{1} << (options.sq_log + options.sq_stride_log);
        rq_offset_ = (send_bytes + 4095) & ~std::size_t{4095};
        const bool rq = (options.flags & MO_QPF_NO_RQ) == 0;
        const std::size_t bytes =
            rq ? rq_offset_ + (std::size_t{1} << (options.rq_log + options.rq_stride_log))
               : send_bytes;
        const std::size_t page = std::size_t{1} << options.page_shift;
        const std::size_t count = (bytes + page - 1) / page;
        const std::uint64_t memory = nic.allocate_zero(count * page, page);
        for (std::size_t i = 0; i < count; ++i) {
            pages_.push_back(memory + (count - 1 - i) * page);
        }
        body.list = pages_.front();
        if (count != 1) {
            body.list = nic.allocate(count * 8, 8);
            std::memcpy(nic.at(body.list), pages_.data(), count * 8);
        }
        body.rec = nic.allocate_zero(2 * sizeof(hw::mo_db_rec), 128);
        body.pd = options.pd;
        body.send_cq = send_cq.object;
        body.recv_cq = recv_cq.object;
        body.db_page = options.db_page;
        body.count = static_cast<std::uint32_t>(count);
        body.type = static_cast<std::uint8_t>(options.type);
        body.sq_log = options.sq_log;
        body.sq_stride_log = options.sq_stride_log;
        body.rq_log = rq ? options.rq_log : std::uint8_t{0};
        body.rq_stride_log = rq ? options.rq_stride_log : std::uint8_t{0};
        body.page_shift = options.page_shift;
        body.flags = static_cast<std::uint16_t>(options.flags);
        hw::mo_res_qp result{};
        status = nic.command(hw::MO_CMD_QP_CREATE, body, &result, sizeof result);
        number = result.qp;
        rq_object = result.rq;
    }

    /// Where the rings lie.
    [[nodiscard]] std::uint64_t rings() const { return pages_.back(); }
    hw::mo_db_rec& record(bool receive = false) {
        return nic.object<hw::mo_db_rec>(body.rec + (receive ? sizeof(hw::mo_db_rec) : 0));
    }
    std::byte* entry(bool receive, std::uint32_t index) {
        const unsigned log = receive ? options_.rq_log : options_.sq_log;
        const unsigned stride = receive ? options_.rq_stride_log : options_.sq_stride_log;
        const std::uint64_t place =
            (receive ? rq_offset_ : 0) + (std::uint64_t{index & ((1U << log) - 1U)} << stride);
        const std::uint64_t page = std::uint64_t{1} << options_.page_shift;
        return nic.at(pages_[place >> options_.page_shift] + (place & (page - 1)));
    }
    std::size_t stride(bool receive) const {
        return std::size_t{1} << (receive ? options_.rq_stride_log : options_.sq_stride_log);
    }

    // Posting.
    void write_send(const SendWr& wr) {
        std::byte* const at = entry(false, tail);
        std::memset(at, 0, stride(false));
        hw::mo_wqe head{};
        head.opcode = static_cast<std::uint8_t>(wr.opcode);
        head.flags = wr.flags;
        head.imm = wr.imm;
        std::size_t place = sizeof head;
        const auto put = [&](const auto& part) {
            if (place + sizeof part > stride(false)) {
                throw std::runtime_error("entry is too short");
            }
            std::memcpy(at + place, &part, sizeof part);
            place += sizeof part;
        };
        if (wr.opcode == hw::MO_WR_READ || is_write(wr.opcode)) {
            hw::mo_wqe_rdma rdma{};
            rdma.remote_addr = wr.remote_address;
            rdma.rkey = wr.rkey;
            put(rdma);
        } else if (is_atomic(wr.opcode)) {
            hw::mo_wqe_atomic atomic{};
            atomic.remote_addr = wr.remote_address;
            atomic.swap_add = wr.swap_add;
            atomic.compare = wr.compare;
            atomic.rkey = wr.rkey;
            put(atomic);
        } else if (wr.opcode == hw::MO_WR_REG_MR) {
            put(wr.reg);
        } else if (wr.opcode == hw::MO_WR_BIND) {
            put(wr.bind);
        } else if (options_.type != hw::MO_QPT_RC && is_send(wr.opcode)) {
            put(wr.ud);
        }
        if (wr.inline_data) {
            head.flags |= MO_WQEF_INLINE;
            head.length = static_cast<std::uint32_t>(wr.inline_data->size());
            std::ranges::copy(*wr.inline_data, at + place);
        } else {
            head.nsge = static_cast<std::uint8_t>(wr.sges.size());
            for (const Sge& sge : wr.sges) {
                put(hw::mo_sge{sge.address, sge.length, sge.key});
            }
        }
        std::memcpy(at, &head, sizeof head);
        ++tail;
    }
    void write_receive(const std::vector<Sge>& sges) {
        std::byte* const at = entry(true, rq_tail);
        std::memset(at, 0, stride(true));
        hw::mo_wqe head{};
        head.nsge = static_cast<std::uint8_t>(sges.size());
        std::memcpy(at, &head, sizeof head);
        std::size_t place = sizeof head;
        for (const Sge& sge : sges) {
            const hw::mo_sge raw{sge.address, sge.length, sge.key};
            std::memcpy(at + place, &raw, sizeof raw);
            place += sizeof raw;
        }
        ++rq_tail;
    }
    /// Stores the tail and rings if it has to; true if it rang.
    bool ring(bool receive = false) {
        const std::uint32_t now = receive ? rq_tail : tail;
        const std::uint32_t old = std::exchange(receive ? rq_rung_ : rung_, now);
        record(receive).tail = now;
        const bool needed = (nic.features() & hw::MO_F_SHADOW_DB) == 0 ||
                            hw::mo_db_needed(record(receive).event, now, old) != 0;
        if (needed) {
            ++doorbells;
            nic.block.doorbell(receive ? hw::MO_DB_RQ : hw::MO_DB_SQ, receive ? rq_object : number,
                               now);
            nic.end_round();
        }
        return needed;
    }
    void post(const SendWr& wr) {
        write_send(wr);
        ring();
    }
    void post_receive(const std::vector<Sge>& sges) {
        write_receive(sges);
        ring(true);
    }

    // Attributes.
    hw::mo_status modify(const hw::mo_qp_attr& attr) {
        const std::uint64_t at = nic.allocate(sizeof attr, 8);
        std::memcpy(nic.at(at), &attr, sizeof attr);
        hw::mo_cmd_qp_attr command{};
        command.addr = at;
        command.qp = number;
        return nic.command(hw::MO_CMD_QP_MODIFY, command);
    }
    hw::mo_status to(hw::mo_qp_state state) {
        hw::mo_qp_attr attr{};
        attr.mask = hw::MO_QPA_STATE;
        attr.state = static_cast<std::uint8_t>(state);
        if (state == hw::MO_QPS_RESET) {
            tail = rq_tail = rung_ = rq_rung_ = 0;
            record(false).tail = 0;
            record(true).tail = 0;
        }
        return modify(attr);
    }
    hw::mo_qp_attr query() {
        const std::uint64_t at = nic.allocate(sizeof(hw::mo_qp_attr), 8);
        hw::mo_cmd_qp_attr command{};
        command.addr = at;
        command.qp = number;
        if (nic.command(hw::MO_CMD_QP_QUERY, command) != hw::MO_ST_OK) {
            throw std::runtime_error("QP_QUERY failed");
        }
        return nic.object<hw::mo_qp_attr>(at);
    }
    hw::mo_qp_state state() { return static_cast<hw::mo_qp_state>(query().state); }
    hw::mo_status destroy() {
        hw::mo_cmd_object which{};
        which.object = number;
        return nic.command(hw::MO_CMD_QP_DESTROY, which);
    }

    hw::mo_status to_init(const Connection& connection) {
        hw::mo_qp_attr attr{};
        attr.mask = hw::MO_QPA_STATE | hw::MO_QPA_PKEY |
                    (options_.type == hw::MO_QPT_RC ? hw::MO_QPA_ACCESS : hw::MO_QPA_QKEY);
        attr.state = hw::MO_QPS_INIT;
        attr.access = connection.access;
        attr.qkey = connection.qkey;
        return modify(attr);
    }
    hw::mo_status to_rtr(const Connection& connection, const hw::mo_av& av, std::uint32_t peer,
                         std::uint32_t rq_psn) {
        hw::mo_qp_attr attr{};
        attr.mask = hw::MO_QPA_STATE;
        attr.state = hw::MO_QPS_RTR;
        if (options_.type == hw::MO_QPT_RC) {
            attr.mask |= hw::MO_QPA_AV | hw::MO_QPA_MTU | hw::MO_QPA_DEST_QP | hw::MO_QPA_RQ_PSN |
                         hw::MO_QPA_DEST_RD_ATOMIC | hw::MO_QPA_MIN_RNR;
            attr.av = av;
            attr.path_mtu = connection.mtu;
            attr.dest_qp = peer;
            attr.rq_psn = rq_psn;
            attr.max_dest_rd_atomic = connection.rd_atomic;
            attr.min_rnr_timer = connection.min_rnr_timer;
        }
        return modify(attr);
    }
    hw::mo_status to_rts(const Connection& connection) {
        hw::mo_qp_attr attr{};
        attr.mask = hw::MO_QPA_STATE | hw::MO_QPA_SQ_PSN;
        attr.state = hw::MO_QPS_RTS;
        attr.sq_psn = connection.sq_psn;
        if (options_.type == hw::MO_QPT_RC) {
            attr.mask |=
                hw::MO_QPA_TIMEOUT | hw::MO_QPA_RETRY | hw::MO_QPA_RNR_RETRY | hw::MO_QPA_RD_ATOMIC;
            attr.timeout = connection.timeout;
            attr.retry_cnt = connection.retry_cnt;
            attr.rnr_retry = connection.rnr_retry;
            attr.max_rd_atomic = connection.rd_atomic;
        }
        return modify(attr);
    }

    TestNic& nic;
    HostCq send_cq;
    HostCq recv_cq;
    hw::mo_cmd_qp body{};
    hw::mo_status status = hw::MO_ST_OK;
    std::uint32_t number = 0;
    std::uint32_t rq_object = 0;
    std::uint32_t tail = 0;
    std::uint32_t rq_tail = 0;
    unsigned doorbells = 0;

  private:
    QpOptions options_;
    std::vector<int> sq_;
    std::vector<std::uint64_t> pages_;
    std::size_t rq_offset_ = 0;
    std::uint32_t rung_ = 0;
    std::uint32_t rq_rung_ = 0;
};

inline Gid ipv4_gid(std::uint8_t last) {
    const std::array<std::byte, 4> address{std::byte{192}, std::byte{0}, std::byte{2},
                                           static_cast<std::byte>(last)};
    return Gid::of_ipv4(address);
}
inline Gid ipv6_gid(std::uint8_t last) {
    Gid gid;
    gid.bytes[0] = std::byte{0xfe};
    gid.bytes[1] = std::byte{0x80};
    gid.bytes[15] = static_cast<std::byte>(last);
    return gid;
}

/// Indexes of the address table in these tests.
inline constexpr std::uint16_t index_ipv4 = 0, index_ipv6 = 1, index_vlan = 2;
inline constexpr std::uint16_t test_vlan = 0x6064; // priority 3, VLAN 100

/// Two NICs on a fibre.
struct Pair {
    explicit Pair(std::uint64_t features = all_features, std::size_t ram_size = 32U << 20,
                  Making making = Making::lazy)
        : a(features, ram_size, making), b(features, ram_size, making) {
        a.mac.connect(&link, fabric::End::a);
        b.mac.connect(&link, fabric::End::b);
        b.address[5] = 2;
        for (TestNic* const nic : {&a, &b}) {
            const auto last = nic->address[5];
            (void)nic->set_gid(index_ipv4, ipv4_gid(last));
            (void)nic->set_gid(index_ipv6, ipv6_gid(last));
            (void)nic->set_gid(index_vlan, ipv6_gid(static_cast<std::uint8_t>(last + 16)),
                               MO_GIDF_VALID | MO_GIDF_VLAN, test_vlan);
        }
    }

    static hw::mo_av av_to(const TestNic& peer, std::uint16_t index,
                           std::uint8_t traffic_class = 0) {
        const auto last = peer.address[5];
        const Gid gid = index == index_ipv4   ? ipv4_gid(last)
                        : index == index_ipv6 ? ipv6_gid(last)
                                              : ipv6_gid(static_cast<std::uint8_t>(last + 16));
        hw::mo_av av{};
        std::memcpy(static_cast<void*>(av.dgid), gid.bytes.data(), 16);
        std::ranges::copy(peer.address, std::begin(av.dmac));
        av.sgid_index = index;
        av.traffic_class = traffic_class;
        return av;
    }
    /// Connects two QPs, of one or of two NICs, up to RTS.
    static void connect(HostQp& x, HostQp& y, const Connection& connection = {}) {
        const auto good = [](hw::mo_status status) {
            if (status != hw::MO_ST_OK) {
                throw std::runtime_error("cannot connect: status " + std::to_string(status));
            }
        };
        for (const auto& [one, other] : {std::pair{&x, &y}, std::pair{&y, &x}}) {
            good(one->status);
            good(one->to_init(connection));
            good(one->to_rtr(connection,
                             av_to(other->nic, connection.gid_index, connection.traffic_class),
                             other->number, connection.sq_psn));
            good(one->to_rts(connection));
            if (&x == &y) {
                break;
            }
        }
    }

    /// One round of the engine; true: something was done.
    bool round(unsigned budget = 64) {
        bool worked = a.block.poll(a.now, budget);
        worked = b.block.poll(b.now, budget) || worked;
        link.advance(a.now);
        a.end_round();
        b.end_round();
        return worked;
    }
    /// Rounds until nobody works. Time stands still.
    unsigned run(unsigned limit = 100'000) {
        unsigned rounds = 0;
        while (rounds < limit && (round() || link.next_deadline_ns() <= a.now)) {
            ++rounds;
        }
        return rounds;
    }
    [[nodiscard]] std::uint64_t next_deadline() const {
        return std::min(
            {a.block.next_deadline_ns(), b.block.next_deadline_ns(), link.next_deadline_ns()});
    }
    void set_time(std::uint64_t now) { a.now = b.now = now; }
    /// Lets time pass, from one deadline to the next.
    void run_until(std::uint64_t end) {
        run();
        for (auto next = next_deadline(); next <= end; next = next_deadline()) {
            set_time(std::max(next, a.now));
            run();
        }
        set_time(std::max(end, a.now));
        run();
    }
    /// The same until `done`, at most `limit` of time. False: it did not happen.
    template <typename Done>
    bool run_for(std::uint64_t limit, Done&& done) {
        const std::uint64_t end = a.now + limit;
        run();
        while (!done()) {
            const auto next = next_deadline();
            if (next > end) {
                set_time(end);
                run();
                return done();
            }
            set_time(std::max(next, a.now));
            run();
        }
        return true;
    }

    fabric::Link link{"fibre0"};
    TestNic a;
    TestNic b;
};

} // namespace mo::nic::rdma::test
