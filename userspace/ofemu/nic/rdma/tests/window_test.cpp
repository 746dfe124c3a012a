// SPDX-License-Identifier: GPL-2.0-or-later
// Memory windows of both types and keys that change: who may do what with them, and until when.
#include <gtest/gtest.h>

#include "nic/rdma/tests/harness.hpp"

namespace mo::nic::rdma::test {
namespace {

constexpr std::uint32_t variant = 0xff;

/// A window for memory of `b`, which `a` writes to. A QP that failed is replaced.
class WindowTest : public testing::Test {
  protected:
    void SetUp() override {
        hw::mo_cmd_mr body{};
        body.pd = 1;
        body.kind = hw::MO_MR_WINDOW;
        hw::mo_res_key made{};
        ASSERT_EQ(pair.b.command(hw::MO_CMD_MR_CREATE, body, &made, sizeof made), hw::MO_ST_OK);
        window = made.key;
        bind.key = window;
        bind.iova = to.iova(1000);
        bind.length = 2000;
        bind.region = to.key;
        bind.access = MO_ACCESS_REMOTE_WRITE;
        connect();
    }
    void connect() {
        a.emplace(pair.a);
        b.emplace(pair.b);
        Pair::connect(*a, *b);
    }
    hw::mo_wc status_of(HostQp& qp) {
        pair.run();
        const auto cqe = qp.send_cq.next();
        EXPECT_TRUE(cqe.has_value());
        const auto status = static_cast<hw::mo_wc>(cqe.value_or(hw::mo_rdma_cqe{}).status);
        if (status != hw::MO_WC_SUCCESS) {
            connect();
        }
        return status;
    }
    hw::mo_wc binds(auto&& change) {
        SendWr wr{.opcode = hw::MO_WR_BIND, .bind = bind};
        change(wr.bind);
        b->post(wr);
        return status_of(*b);
    }
    hw::mo_wc binds() {
        return binds([](hw::mo_wqe_bind&) {});
    }
    hw::mo_wc invalidates(std::uint32_t key) {
        b->post({.opcode = hw::MO_WR_LOCAL_INV, .imm = key});
        return status_of(*b);
    }
    hw::mo_wc asks(hw::mo_wr opcode, std::size_t place, std::uint32_t length, std::uint32_t key) {
        a->post({.opcode = opcode,
                 .sges = {{from.iova(), length, from.key}},
                 .remote_address = to.iova(place),
                 .rkey = key});
        return status_of(*a);
    }
    hw::mo_wc writes(std::size_t place, std::uint32_t length, std::uint32_t key) {
        return asks(hw::MO_WR_WRITE, place, length, key);
    }

    static Region::Options bindable() {
        Region::Options options;
        options.access = MO_ACCESS_LOCAL_WRITE | MO_ACCESS_MW_BIND;
        return options;
    }

    Pair pair{all_features, 64U << 20};
    Region from{pair.a, 4096};
    Region to{pair.b, 4096, bindable()};
    std::optional<HostQp> a, b;
    std::uint32_t window = 0;
    hw::mo_wqe_bind bind{};
};

TEST_F(WindowTest, OpensItsRangeForItsRightsOnly) {
    EXPECT_EQ(writes(1000, 8, window), hw::MO_WC_REM_ACCESS_ERR); // not bound
    ASSERT_EQ(binds(), hw::MO_WC_SUCCESS);
    from.write(0, pattern(2000, 8));
    EXPECT_EQ(writes(1000, 2000, window), hw::MO_WC_SUCCESS);
    EXPECT_EQ(to.read(1000, 2000), pattern(2000, 8));
    EXPECT_EQ(writes(999, 8, window), hw::MO_WC_REM_ACCESS_ERR);
    EXPECT_EQ(writes(2993, 8, window), hw::MO_WC_REM_ACCESS_ERR);
    EXPECT_EQ(writes(1000, 8, window ^ 1U), hw::MO_WC_REM_ACCESS_ERR);
    EXPECT_EQ(writes(1000, 8, to.key), hw::MO_WC_REM_ACCESS_ERR); // the region has no remote rights
    EXPECT_EQ(asks(hw::MO_WR_READ, 1000, 8, window), hw::MO_WC_REM_ACCESS_ERR);
    EXPECT_EQ(to.read(0, 1000), Buffer(1000, TestNic::poison));
    EXPECT_EQ(to.read(3000, 1000), Buffer(1000, TestNic::poison));
    // It is no L_Key.
    b->post({.sges = {{to.iova(1000), 8, window}}});
    EXPECT_EQ(status_of(*b), hw::MO_WC_LOC_PROT_ERR);
}

TEST_F(WindowTest, TypeOneMovesAndCloses) {
    ASSERT_EQ(binds(), hw::MO_WC_SUCCESS);
    const std::uint32_t next = (window & ~variant) | ((window + 1) & variant);
    const auto moved = [&](hw::mo_wqe_bind& to_change) {
        to_change.key = next;
        to_change.iova = to.iova(0);
        to_change.access = MO_ACCESS_REMOTE_READ | MO_ACCESS_REMOTE_WRITE;
    };
    ASSERT_EQ(binds(moved), hw::MO_WC_SUCCESS);
    EXPECT_EQ(writes(1000, 8, window), hw::MO_WC_REM_ACCESS_ERR); // the former key
    EXPECT_EQ(writes(0, 8, next), hw::MO_WC_SUCCESS);
    EXPECT_EQ(asks(hw::MO_WR_READ, 0, 8, next), hw::MO_WC_SUCCESS);
    EXPECT_EQ(invalidates(next), hw::MO_WC_MW_BIND_ERR); // type 1 is not invalidated
    const auto closed = [&](hw::mo_wqe_bind& to_change) {
        to_change = {};
        to_change.key = next;
    };
    ASSERT_EQ(binds(closed), hw::MO_WC_SUCCESS);
    EXPECT_EQ(writes(0, 8, next), hw::MO_WC_REM_ACCESS_ERR);
    EXPECT_EQ(to.destroy(), hw::MO_ST_OK);
}

TEST_F(WindowTest, TypeTwoIsOfOneQp) {
    bind.flags = MO_BINDF_QP;
    ASSERT_EQ(binds(), hw::MO_WC_SUCCESS);
    EXPECT_EQ(writes(1000, 8, window), hw::MO_WC_SUCCESS);
    // Another QP of the same domain neither opens nor closes it.
    HostQp other_a(pair.a), other_b(pair.b);
    Pair::connect(other_a, other_b);
    other_b.post({.opcode = hw::MO_WR_LOCAL_INV, .imm = window});
    pair.run();
    EXPECT_EQ(other_b.send_cq.next()->status, hw::MO_WC_MW_BIND_ERR);
    HostQp third_a(pair.a), third_b(pair.b);
    Pair::connect(third_a, third_b);
    third_a.post({.opcode = hw::MO_WR_WRITE,
                  .sges = {{from.iova(), 8, from.key}},
                  .remote_address = to.iova(1000),
                  .rkey = window});
    pair.run();
    EXPECT_EQ(third_a.send_cq.next()->status, hw::MO_WC_REM_ACCESS_ERR);
    // The owner does, then it may be bound anew, and the peer may close it.
    ASSERT_EQ(invalidates(window), hw::MO_WC_SUCCESS);
    bind.key = window ^ 7U;
    ASSERT_EQ(binds(), hw::MO_WC_SUCCESS);
    EXPECT_EQ(writes(1000, 8, window ^ 7U), hw::MO_WC_SUCCESS);
    b->post_receive({});
    a->post({.opcode = hw::MO_WR_SEND_INV, .imm = window ^ 7U});
    EXPECT_EQ(status_of(*a), hw::MO_WC_SUCCESS);
    const auto cqe = b->recv_cq.next();
    ASSERT_TRUE(cqe.has_value());
    EXPECT_EQ(cqe->flags, MO_CQEF_INV);
    EXPECT_EQ(writes(1000, 8, window ^ 7U), hw::MO_WC_REM_ACCESS_ERR);
}

TEST_F(WindowTest, BindsThatAreRefused) {
    constexpr auto refused = hw::MO_WC_MW_BIND_ERR;
    EXPECT_EQ(binds([](auto& w) { w.length = 3097; }), refused); // one byte over the end
    EXPECT_EQ(binds([](auto& w) { w.iova = w.iova - 1001; }), refused);
    EXPECT_EQ(binds([](auto& w) { w.length = ~std::uint64_t{0}; }), refused);
    EXPECT_EQ(binds([](auto& w) { w.region = w.region ^ 1U; }), refused);
    EXPECT_EQ(binds([](auto& w) { w.region = 0; }), refused);
    EXPECT_EQ(binds([this](auto& w) { w.key = to.key; }), refused);
    EXPECT_EQ(binds([this](auto& w) { w.region = window; }), refused);
    EXPECT_EQ(binds([](auto& w) { w.access = MO_ACCESS_LOCAL_WRITE; }), refused);
    EXPECT_EQ(binds([](auto& w) { w.flags = 2; }), refused);
    EXPECT_EQ(binds([](auto& w) {
                  w.flags = MO_BINDF_QP;
                  w.length = 0;
                  w.region = 0;
              }),
              refused);
    Region::Options plain;
    plain.access = MO_ACCESS_LOCAL_WRITE | MO_ACCESS_REMOTE_WRITE;
    Region no_windows(pair.b, 4096, plain);
    EXPECT_EQ(binds([&](auto& w) { w.region = no_windows.key; }), refused);
    Region::Options constant;
    constant.access = MO_ACCESS_MW_BIND;
    Region read_only(pair.b, 4096, constant);
    EXPECT_EQ(binds([&](auto& w) { w.region = read_only.key; }), refused);
    EXPECT_EQ(binds([&](auto& w) {
                  w.region = read_only.key;
                  w.access = MO_ACCESS_REMOTE_READ;
              }),
              hw::MO_WC_SUCCESS);
    Region::Options foreign = bindable();
    foreign.pd = 2;
    Region other_domain(pair.b, 4096, foreign);
    EXPECT_EQ(binds([&](auto& w) { w.region = other_domain.key; }), refused);
    // Type 2 must be free.
    EXPECT_EQ(binds([](auto& w) { w.flags = MO_BINDF_QP; }), refused);
    // A reserved field is not the key's business: the entry is malformed.
    EXPECT_EQ(binds([](auto& w) { w.rsvd[3] = 1; }), hw::MO_WC_LOC_QP_OP_ERR);
}

TEST_F(WindowTest, EndsWithItsRegion) {
    ASSERT_EQ(binds(), hw::MO_WC_SUCCESS);
    hw::mo_cmd_mr_modify change{};
    change.key = to.key;
    change.mask = MO_MRM_ACCESS;
    EXPECT_EQ(pair.b.command(hw::MO_CMD_MR_MODIFY, change), hw::MO_ST_IN_USE);
    EXPECT_EQ(to.destroy(), hw::MO_ST_OK);
    EXPECT_EQ(writes(1000, 8, window), hw::MO_WC_REM_ACCESS_ERR);
    // It may be bound to another one.
    Region next(pair.b, 4096, bindable());
    EXPECT_EQ(binds([&](auto& w) { w.region = next.key; }), hw::MO_WC_SUCCESS);
    hw::mo_cmd_key which{};
    which.key = window;
    EXPECT_EQ(pair.b.command(hw::MO_CMD_MR_DESTROY, which), hw::MO_ST_OK);
    EXPECT_EQ(writes(1000, 8, window), hw::MO_WC_REM_ACCESS_ERR);
    change.key = next.key; // no window is bound to it any more
    EXPECT_EQ(pair.b.command(hw::MO_CMD_MR_MODIFY, change), hw::MO_ST_OK);
}

TEST_F(WindowTest, ChangedKeysOpenWhatTheyNowSay) {
    Region open(pair.b, 4096);
    EXPECT_EQ(writes(0, 8, open.key), hw::MO_WC_SUCCESS);
    hw::mo_cmd_mr_modify change{};
    change.key = open.key;
    change.mask = MO_MRM_ACCESS;
    change.access = MO_ACCESS_REMOTE_READ;
    ASSERT_EQ(pair.b.command(hw::MO_CMD_MR_MODIFY, change), hw::MO_ST_OK);
    EXPECT_EQ(writes(0, 8, open.key), hw::MO_WC_REM_ACCESS_ERR);
    EXPECT_EQ(asks(hw::MO_WR_READ, 0, 8, open.key), hw::MO_WC_SUCCESS);
    change.mask = MO_MRM_PD;
    change.access = 0;
    change.pd = 9;
    ASSERT_EQ(pair.b.command(hw::MO_CMD_MR_MODIFY, change), hw::MO_ST_OK);
    EXPECT_EQ(asks(hw::MO_WR_READ, 0, 8, open.key), hw::MO_WC_REM_ACCESS_ERR);
}

} // namespace
} // namespace mo::nic::rdma::test
