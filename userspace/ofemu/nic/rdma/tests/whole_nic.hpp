// SPDX-License-Identifier: GPL-2.0-or-later
// WholeNic: a NIC with the transport, and a driver that makes objects by admin commands.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <optional>

#include "nic/port/mac.hpp"
#include "nic/rdma/rdma_block.hpp"
#include "tests/driver.hpp"

namespace mo::nic::rdma::test {

using nic::test::Driver;
using nic::test::EventRing;
using nic::test::LocalBus;
using CompletionRing = nic::test::DeviceRing<hw::mo_rdma_cqe>;

inline constexpr std::uint64_t whole_plain = hw::MO_F_RDMA;
inline constexpr std::uint64_t whole_shadow = hw::MO_F_RDMA | hw::MO_F_SHADOW_DB;

inline std::string whole_mode(const testing::TestParamInfo<std::uint64_t>& mode) {
    return mode.param == whole_shadow ? "shadow" : "mmio";
}

inline NicConfig whole_config() {
    NicConfig out;
    out.name = "rdma";
    out.mac = {2, 0, 0, 0, 0, 1};
    out.serial = "MO-TEST";
    out.features |= hw::MO_F_RDMA;
    return out;
}

class WholeNic {
  public:
    static constexpr std::uint8_t log = 4;
    static constexpr std::uint32_t page = 5; ///< of the user context
    static constexpr std::uint16_t vector = 3;

    WholeNic(std::uint64_t features, const DeviceClock& clock, bool threaded,
             std::size_t memory_size = 8U << 20)
        : engine(clock, 0), nic(whole_config(), engine), mac(nic, 0), block(nic, mac),
          bus(nic, engine, threaded ? LocalBus::Running::threaded : LocalBus::Running::settled,
              memory_size),
          driver(bus) {
        nic.attach(block, hw::MO_F_RDMA);
        engine.add(nic);
        if (threaded) {
            engine.start();
        }
        driver.bring_up(features);
    }
    WholeNic(const WholeNic&) = delete;
    WholeNic& operator=(const WholeNic&) = delete;
    ~WholeNic() {
        engine.stop();
        engine.remove(nic);
    }

    std::uint32_t create_cq(const CompletionRing& ring) {
        hw::mo_cmd_cq body{};
        body.ring = ring.base();
        body.rec = ring.record();
        body.eq = eq;
        body.size_log = ring.size_log();
        body.entry_log = 6;
        body.db_page = page;
        const auto done = driver.call(hw::MO_CMD_CQ_CREATE, body);
        EXPECT_EQ(done.status, hw::MO_ST_OK);
        return Driver::result<hw::mo_res_create>(done).object;
    }
    /// Two QPs that are connected to each other inside the NIC, and a region of one page.
    void open() {
        async.emplace(bus, std::uint8_t{6});
        events.emplace(bus, std::uint8_t{8});
        ASSERT_NE(driver.create_eq(*async, 0), 0U);
        eq = driver.create_eq(*events, vector);
        ASSERT_NE(eq, 0U);
        completions.emplace(bus, std::uint8_t{8});
        cq = create_cq(*completions);
        hw::mo_cmd_gid gid{};
        gid.gid[10] = gid.gid[11] = 0xff;
        gid.gid[12] = 10;
        gid.gid[15] = 1;
        gid.flags = MO_GIDF_VALID;
        ASSERT_EQ(driver.status(hw::MO_CMD_GID_SET, gid), hw::MO_ST_OK);
        memory = bus.allocate(4096);
        const auto list = bus.allocate(8, 8);
        bus.at<hw::__le64>(list) = memory;
        hw::mo_cmd_mr mr{};
        mr.list = list;
        mr.iova = 0x10000;
        mr.length = 4096;
        mr.pages = mr.count = 1;
        mr.kind = hw::MO_MR_USER;
        mr.access = MO_ACCESS_ALL;
        mr.page_shift = 12;
        const auto made = driver.call(hw::MO_CMD_MR_CREATE, mr);
        ASSERT_EQ(made.status, hw::MO_ST_OK);
        key = Driver::result<hw::mo_res_key>(made).key;
        for (QpSide& side : qps) {
            side.rings = bus.allocate(8192, 8192);
            side.record = bus.allocate(128, 128);
            hw::mo_cmd_qp qp{};
            qp.list = side.rings;
            qp.rec = side.record;
            qp.send_cq = qp.recv_cq = cq;
            qp.db_page = page;
            qp.count = 1;
            qp.page_shift = 13;
            qp.sq_log = qp.rq_log = log;
            qp.sq_stride_log = qp.rq_stride_log = 6;
            // Rings of 1024 bytes each: the receive queue begins at 4096.
            const auto created = driver.call(hw::MO_CMD_QP_CREATE, qp);
            ASSERT_EQ(created.status, hw::MO_ST_OK);
            side.number = Driver::result<hw::mo_res_qp>(created).qp;
            side.rq = Driver::result<hw::mo_res_qp>(created).rq;
        }
        for (std::size_t i = 0; i < 2; ++i) {
            connect(qps[i], qps[1 - i], gid);
        }
    }
    struct QpSide {
        std::uint64_t rings = 0;
        std::uint64_t record = 0;
        std::uint32_t number = 0;
        std::uint32_t rq = 0;
        std::uint32_t tail = 0;
        std::uint32_t rq_tail = 0;
        unsigned rung = 0;
    };
    void connect(QpSide& one, const QpSide& other, const hw::mo_cmd_gid& gid) {
        const auto where = bus.allocate(sizeof(hw::mo_qp_attr), 64);
        auto& attr = bus.at<hw::mo_qp_attr>(where);
        hw::mo_cmd_qp_attr body{};
        body.addr = where;
        body.qp = one.number;
        attr = {};
        attr.mask = hw::MO_QPA_STATE | hw::MO_QPA_PKEY | hw::MO_QPA_ACCESS;
        attr.state = hw::MO_QPS_INIT;
        attr.access = MO_ACCESS_ALL;
        ASSERT_EQ(driver.status(hw::MO_CMD_QP_MODIFY, body), hw::MO_ST_OK);
        attr = {};
        attr.mask = hw::MO_QPA_STATE | hw::MO_QPA_AV | hw::MO_QPA_MTU | hw::MO_QPA_DEST_QP |
                    hw::MO_QPA_RQ_PSN | hw::MO_QPA_DEST_RD_ATOMIC | hw::MO_QPA_MIN_RNR;
        attr.state = hw::MO_QPS_RTR;
        std::ranges::copy(gid.gid, std::begin(attr.av.dgid));
        attr.path_mtu = 1024;
        attr.dest_qp = other.number;
        attr.max_dest_rd_atomic = 1;
        attr.min_rnr_timer = 1;
        ASSERT_EQ(driver.status(hw::MO_CMD_QP_MODIFY, body), hw::MO_ST_OK);
        attr = {};
        attr.mask = hw::MO_QPA_STATE | hw::MO_QPA_TIMEOUT | hw::MO_QPA_RETRY |
                    hw::MO_QPA_RNR_RETRY | hw::MO_QPA_SQ_PSN | hw::MO_QPA_RD_ATOMIC;
        attr.state = hw::MO_QPS_RTS;
        attr.timeout = 14;
        attr.retry_cnt = attr.rnr_retry = 7;
        attr.max_rd_atomic = 1;
        ASSERT_EQ(driver.status(hw::MO_CMD_QP_MODIFY, body), hw::MO_ST_OK);
    }
    void ring(QpSide& side, bool receive, std::uint32_t through = page) {
        auto& record = bus.at<hw::mo_db_rec>(side.record + (receive ? sizeof(hw::mo_db_rec) : 0));
        Le<std::uint32_t> tail(receive ? side.rq_tail : side.tail);
        __atomic_store(&record.tail, &tail, __ATOMIC_RELEASE);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        Le<std::uint32_t> event;
        __atomic_load(&record.event, &event, __ATOMIC_ACQUIRE);
        if (!driver.shadow() || hw::mo_db_needed(event, tail, tail - 1) != 0) {
            ++side.rung;
            driver.doorbell(receive ? hw::MO_DB_RQ : hw::MO_DB_SQ, receive ? side.rq : side.number,
                            tail, through);
        }
    }
    void post_receive(QpSide& side) {
        const auto at = side.rings + 4096 + std::uint64_t{side.rq_tail++ & ((1U << log) - 1U)} * 64;
        bus.at<std::array<std::byte, 64>>(at) = {};
        bus.at<hw::mo_wqe>(at).nsge = 1;
        bus.at<hw::mo_sge>(at + 16) = hw::mo_sge{0x10000 + 2048, 64, key};
        ring(side, true);
    }
    void post_send(QpSide& side, std::uint8_t opcode, std::uint32_t value,
                   std::uint32_t through = page) {
        const auto at = side.rings + std::uint64_t{side.tail++ & ((1U << log) - 1U)} * 64;
        bus.at<std::array<std::byte, 64>>(at) = {};
        auto& head = bus.at<hw::mo_wqe>(at);
        head.opcode = opcode;
        head.flags = MO_WQEF_SIGNALED | MO_WQEF_INLINE;
        head.length = 4;
        bus.at<hw::__le32>(at + 16) = value;
        ring(side, false, through);
    }
    std::optional<hw::mo_rdma_cqe> wait() {
        for (int i = 0; i < 5'000'000; ++i) {
            if (const auto entry = completions->pop()) {
                completions->acknowledge();
                return entry;
            }
            bus.progress();
        }
        return std::nullopt;
    }

    Engine engine;
    Nic nic;
    Mac mac;
    RdmaBlock block;
    LocalBus bus;
    Driver driver;
    std::optional<EventRing> async, events;
    std::optional<CompletionRing> completions;
    std::uint32_t eq = 0, cq = 0, key = 0;
    std::uint64_t memory = 0;
    std::array<QpSide, 2> qps;
};

} // namespace mo::nic::rdma::test
