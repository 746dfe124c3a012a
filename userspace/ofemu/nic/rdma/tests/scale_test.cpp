// SPDX-License-Identifier: GPL-2.0-or-later
// One NIC with all the queue pairs, completion queues and keys that it tells of, at once, and the
// memory that the model takes for what lies idle.
#include <gtest/gtest.h>

#include <malloc.h>

#include <cstddef>
#include <vector>

#include "nic/rdma/tests/whole_nic.hpp"

#if defined(__SANITIZE_ADDRESS__)
// GCC comes without the header.
extern "C" std::size_t
__sanitizer_get_current_allocated_bytes(); // NOLINT(bugprone-reserved-identifier)
#endif

namespace mo::nic::rdma::test {
namespace {

constexpr std::uint32_t qps = 16384, cqs = 16384, regions = 1U << 20, measured = 1024;
/// Of what this process has allocated.
constexpr std::size_t most_for_a_qp = 24576, most_for_a_region = 256;

std::size_t allocated() {
#if defined(__SANITIZE_ADDRESS__)
    return __sanitizer_get_current_allocated_bytes();
#else
    const auto info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
#endif
}

class ScaleTest : public testing::Test {
  protected:
    void SetUp() override {
        whole.open();
        gid.gid[10] = gid.gid[11] = 0xff;
        gid.gid[12] = 10;
        gid.gid[15] = 1;
    }
    hw::mo_status create_cqs(std::uint32_t count) {
        hw::mo_cmd_cq body{};
        body.ring = whole.bus.allocate(4096);
        body.rec = whole.bus.allocate(sizeof(hw::mo_arm_rec), 64);
        body.eq = whole.eq;
        body.entry_log = 6;
        body.db_page = WholeNic::page;
        while (all_cqs.size() < count) {
            const auto done = whole.driver.call(hw::MO_CMD_CQ_CREATE, body);
            if (done.status != hw::MO_ST_OK) {
                return static_cast<hw::mo_status>(done.status.value());
            }
            all_cqs.push_back(Driver::result<hw::mo_res_create>(done).object);
        }
        return hw::MO_ST_OK;
    }
    /// Those of open() are two of them. The last ones complete where wait() looks, the others each
    /// in a queue of its own.
    hw::mo_status create_qps(std::uint32_t count) {
        hw::mo_cmd_qp body{};
        body.list = whole.bus.allocate(8192, 8192);
        body.rec = whole.bus.allocate(128, 128);
        body.db_page = WholeNic::page;
        body.count = 1;
        body.page_shift = 13;
        body.sq_log = body.rq_log = WholeNic::log;
        body.sq_stride_log = body.rq_stride_log = 6;
        while (whole.block.qp_count() < count) {
            const bool last = all_qps.size() + 4 >= qps;
            body.send_cq = body.recv_cq = last ? whole.cq : all_cqs.at(all_qps.size());
            const auto done = whole.driver.call(hw::MO_CMD_QP_CREATE, body);
            if (done.status != hw::MO_ST_OK) {
                return static_cast<hw::mo_status>(done.status.value());
            }
            WholeNic::QpSide side;
            side.number = Driver::result<hw::mo_res_qp>(done).qp;
            side.rq = Driver::result<hw::mo_res_qp>(done).rq;
            side.rings = body.list;
            side.record = body.rec;
            all_qps.push_back(side);
        }
        return hw::MO_ST_OK;
    }
    hw::mo_status create_regions(std::uint32_t count) {
        const auto list = whole.bus.allocate(8, 8);
        whole.bus.at<hw::__le64>(list) = whole.memory;
        hw::mo_cmd_mr body{};
        body.list = list;
        body.iova = 0x10000;
        body.length = 4096;
        body.pages = body.count = 1;
        body.kind = hw::MO_MR_USER;
        body.access = MO_ACCESS_ALL;
        body.page_shift = 12;
        // Past the admin queue, which would take most of the test's time.
        const auto desc = Driver::make(hw::MO_CMD_MR_CREATE, body);
        std::array<std::byte, 48> result{};
        auto status = hw::MO_ST_OK;
        while (status == hw::MO_ST_OK && whole.block.key_count() < count) {
            status = whole.block.command(desc, result, clock.now_ns());
        }
        hw::mo_res_key made;
        std::memcpy(static_cast<void*>(&made), result.data(), sizeof made);
        last_key = made.key;
        whole.nic.end_round();
        return status;
    }
    void talk(WholeNic::QpSide& from, WholeNic::QpSide& to) {
        whole.post_receive(to);
        whole.post_send(from, hw::MO_WR_SEND, 0x12345678);
        for (int i = 0; i < 2; ++i) {
            const auto cqe = whole.wait();
            ASSERT_TRUE(cqe);
            EXPECT_EQ(cqe->status, hw::MO_WC_SUCCESS);
        }
        EXPECT_EQ(whole.bus.at<hw::__le32>(whole.memory + 2048), 0x12345678U);
    }

    ManualClock clock;
    WholeNic whole{whole_plain, clock, false, 24U << 20};
    hw::mo_cmd_gid gid{};
    std::vector<std::uint32_t> all_cqs;
    std::vector<WholeNic::QpSide> all_qps;
    std::uint32_t last_key = 0;
};

TEST_F(ScaleTest, AllThatIsToldAtOnce) {
    ASSERT_EQ(create_cqs(cqs - 1), hw::MO_ST_OK);
    // The memory of some stands for that of all; the last two are connected as well.
    std::size_t before = allocated();
    ASSERT_EQ(create_qps(measured), hw::MO_ST_OK);
    for (std::size_t i = 0; i < all_qps.size(); ++i) {
        ASSERT_NO_FATAL_FAILURE(whole.connect(all_qps[i], all_qps[i ^ 1U], gid));
    }
    const std::size_t for_a_qp = (allocated() - before) / all_qps.size();
    RecordProperty("bytes_for_an_idle_qp", static_cast<int>(for_a_qp));
    EXPECT_LE(for_a_qp, most_for_a_qp);
    ASSERT_EQ(create_qps(qps), hw::MO_ST_OK);
    ASSERT_EQ(create_qps(qps + 1), hw::MO_ST_NO_RESOURCE);
    for (std::size_t i = all_qps.size() - 2; i < all_qps.size(); ++i) {
        ASSERT_NO_FATAL_FAILURE(whole.connect(all_qps[i], all_qps[i ^ 1U], gid));
    }

    before = allocated();
    ASSERT_EQ(create_regions(regions), hw::MO_ST_OK);
    const std::size_t for_a_region = (allocated() - before) / regions;
    RecordProperty("bytes_for_a_region", static_cast<int>(for_a_region));
    EXPECT_LE(for_a_region, most_for_a_region);

    // The first ones and the last ones work, and what was given back can be had again.
    talk(whole.qps[0], whole.qps[1]);
    talk(all_qps[all_qps.size() - 1], all_qps[all_qps.size() - 2]);
    hw::mo_cmd_object object{};
    object.object = all_qps.back().number;
    ASSERT_EQ(whole.driver.status(hw::MO_CMD_QP_DESTROY, object), hw::MO_ST_OK);
    hw::mo_cmd_key key{};
    key.key = last_key;
    ASSERT_EQ(whole.driver.status(hw::MO_CMD_MR_DESTROY, key), hw::MO_ST_OK);
    all_qps.pop_back();
    EXPECT_EQ(create_qps(qps), hw::MO_ST_OK);
    EXPECT_NE(all_qps.back().number, object.object);
    EXPECT_EQ(create_regions(regions), hw::MO_ST_OK);
    EXPECT_NE(last_key, key.key);
    object.object = all_cqs.back();
    ASSERT_EQ(whole.driver.status(hw::MO_CMD_CQ_DESTROY, object), hw::MO_ST_OK);
    all_cqs.pop_back();
    EXPECT_EQ(create_cqs(cqs - 1), hw::MO_ST_OK);
}

} // namespace
} // namespace mo::nic::rdma::test
