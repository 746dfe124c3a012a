// SPDX-License-Identifier: GPL-2.0-or-later
// Admin commands of the transport: what they refuse, and that a refusal changes nothing.
#include <gtest/gtest.h>

#include "nic/queue_set.hpp"
#include "nic/rdma/tests/harness.hpp"

namespace mo::nic::rdma::test {
namespace {

class CommandTest : public testing::Test {
  protected:
    hw::mo_status create_mr(const hw::mo_cmd_mr& body, std::uint32_t* key = nullptr) {
        hw::mo_res_key result{};
        const auto status = nic.command(hw::MO_CMD_MR_CREATE, body, &result, sizeof result);
        if (key != nullptr) {
            *key = result.key;
        }
        return status;
    }
    hw::mo_cmd_mr user_mr(std::size_t pages) {
        const std::uint64_t memory = nic.allocate(pages * 4096, 4096);
        const std::uint64_t list = nic.allocate(pages * 8, 8);
        for (std::size_t i = 0; i < pages; ++i) {
            nic.object<hw::__le64>(list + i * 8) = memory + i * 4096;
        }
        hw::mo_cmd_mr body{};
        body.list = list;
        body.iova = 0x10000;
        body.length = pages * 4096;
        body.pd = 1;
        body.pages = static_cast<std::uint32_t>(pages);
        body.count = body.pages;
        body.kind = hw::MO_MR_USER;
        body.access = MO_ACCESS_ALL;
        body.page_shift = 12;
        return body;
    }

    TestNic nic{all_features, 16U << 20};
};

TEST_F(CommandTest, CapsAreToldAndBounded) {
    hw::mo_cmd_dma body{};
    body.addr = nic.allocate(sizeof(hw::mo_rdma_caps));
    body.len = sizeof(hw::mo_rdma_caps) - 1;
    EXPECT_EQ(nic.command(hw::MO_CMD_RDMA_CAPS, body), hw::MO_ST_BAD_PARAM);
    body.len = sizeof(hw::mo_rdma_caps);
    ASSERT_EQ(nic.command(hw::MO_CMD_RDMA_CAPS, body), hw::MO_ST_OK);
    const auto& caps = nic.object<hw::mo_rdma_caps>(body.addr);
    EXPECT_EQ(caps.max_gid, MO_RDMA_MAX_GID);
    EXPECT_EQ(caps.max_sge, MO_RDMA_MAX_SGE);
    // Two objects for each QP and one for each CQ fit beside those of the ethernet datapath.
    EXPECT_GE(caps.max_qp, 16384U);
    EXPECT_GE(caps.max_cq, 16384U);
    EXPECT_GE(caps.max_mr, 1U << 20U);
    EXPECT_LE(2 * caps.max_qp + caps.max_cq + 512, ObjectTable::capacity);
    EXPECT_LE(caps.max_cq + 512, max_cq);
    body.addr = 0xdead'0000;
    EXPECT_EQ(nic.command(hw::MO_CMD_RDMA_CAPS, body), hw::MO_ST_DMA_FAULT);
    EXPECT_EQ(nic.faults.size(), 1U);
}

TEST_F(CommandTest, AsManyQpsAsAreTold) {
    HostQp first(nic);
    ASSERT_EQ(first.status, hw::MO_ST_OK);
    hw::mo_res_qp result{};
    const auto create = [&] {
        return nic.command(hw::MO_CMD_QP_CREATE, first.body, &result, sizeof result);
    };
    while (nic.block.qp_count() < RdmaLimits{}.qps) {
        ASSERT_EQ(create(), hw::MO_ST_OK) << nic.block.qp_count();
    }
    EXPECT_EQ(create(), hw::MO_ST_NO_RESOURCE);
}

TEST_F(CommandTest, EveryCommandRefusesTrailingBytes) {
    for (const auto opcode : {hw::MO_CMD_RDMA_CAPS, hw::MO_CMD_GID_SET, hw::MO_CMD_MCAST_ATTACH,
                              hw::MO_CMD_MCAST_DETACH, hw::MO_CMD_MR_CREATE, hw::MO_CMD_MR_PAGES,
                              hw::MO_CMD_MR_DESTROY, hw::MO_CMD_MR_MODIFY, hw::MO_CMD_QP_CREATE,
                              hw::MO_CMD_QP_MODIFY, hw::MO_CMD_QP_QUERY, hw::MO_CMD_QP_DESTROY}) {
        ASSERT_TRUE(nic.block.handles(static_cast<std::uint16_t>(opcode)));
        const std::array<std::uint8_t, 32> zero{};
        EXPECT_EQ(nic.command(opcode, zero, nullptr, 0, 1), hw::MO_ST_RESERVED) << opcode;
    }
}

TEST_F(CommandTest, Keys) {
    std::uint32_t key = 0;
    auto body = user_mr(4);
    ASSERT_EQ(create_mr(body, &key), hw::MO_ST_OK);
    EXPECT_NE(key >> 8U, 0U);
    EXPECT_EQ(nic.block.key_count(), 1U);
    hw::mo_cmd_key which{};
    which.key = key ^ 0xff; // any variant
    EXPECT_EQ(nic.command(hw::MO_CMD_MR_DESTROY, which), hw::MO_ST_OK);
    EXPECT_EQ(nic.command(hw::MO_CMD_MR_DESTROY, which), hw::MO_ST_BAD_OBJECT);

    const auto refused = [&](auto&& change) {
        hw::mo_cmd_mr bad = user_mr(4);
        change(bad);
        return create_mr(bad);
    };
    EXPECT_EQ(refused([](auto& b) { b.rsvd = 1; }), hw::MO_ST_RESERVED);
    EXPECT_EQ(refused([](auto& b) { b.kind = 4; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.access = 0x20; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.page_shift = 11; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.page_shift = 32; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.pd = 1U << 24U; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.pages = 3; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.length += 1; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.count = 5; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.iova = ~std::uint64_t{0} - 100; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.list = 0xdead'0000; }), hw::MO_ST_DMA_FAULT);
    EXPECT_EQ(refused([](auto& b) { b.list += 4; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([this](auto& b) { nic.object<hw::__le64>(b.list + 8) += 8; }),
              hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.kind = hw::MO_MR_DMA; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.kind = hw::MO_MR_FAST; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) {
                  b.kind = hw::MO_MR_FAST;
                  b.count = 0;
                  b.pages = MO_RDMA_MAX_FAST_REG + 1;
              }),
              hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(nic.block.key_count(), 0U);
}

TEST_F(CommandTest, Windows) {
    auto body = hw::mo_cmd_mr{};
    body.kind = hw::MO_MR_WINDOW;
    body.pd = 1;
    EXPECT_EQ(create_mr(body), hw::MO_ST_OK);
    const auto refused = [&](auto&& change) {
        hw::mo_cmd_mr bad = body;
        change(bad);
        return create_mr(bad);
    };
    EXPECT_EQ(refused([](auto& b) { b.access = MO_ACCESS_REMOTE_READ; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.length = 4096; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.pages = 1; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.page_shift = 12; }), hw::MO_ST_BAD_PARAM);
}

TEST_F(CommandTest, KeysChange) {
    hw::mo_cmd_mr_modify change{};
    std::uint32_t key = 0;
    auto body = user_mr(4);
    ASSERT_EQ(create_mr(body, &key), hw::MO_ST_OK);
    const auto modify = [&](auto&& what) {
        change = {};
        change.key = key;
        what(change);
        return nic.command(hw::MO_CMD_MR_MODIFY, change);
    };
    EXPECT_EQ(modify([](auto&) {}), hw::MO_ST_OK);
    EXPECT_EQ(modify([](auto& c) {
                  c.mask = MO_MRM_ACCESS | MO_MRM_PD;
                  c.access = MO_ACCESS_ALL;
                  c.pd = 7;
              }),
              hw::MO_ST_OK);
    EXPECT_EQ(modify([](auto& c) { c.mask = 4; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(modify([](auto& c) { c.access = 1; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(modify([](auto& c) { c.pd = 1; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(modify([](auto& c) {
                  c.mask = MO_MRM_ACCESS;
                  c.access = 0x20;
              }),
              hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(modify([](auto& c) {
                  c.mask = MO_MRM_PD;
                  c.pd = 1U << 24U;
              }),
              hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(modify([](auto& c) { c.rsvd[5] = 1; }), hw::MO_ST_RESERVED);
    EXPECT_EQ(modify([](auto& c) { c.key = c.key ^ 1U; }), hw::MO_ST_BAD_OBJECT);
    auto dma = hw::mo_cmd_mr{};
    dma.kind = hw::MO_MR_DMA;
    ASSERT_EQ(create_mr(dma, &key), hw::MO_ST_OK);
    EXPECT_EQ(modify([](auto&) {}), hw::MO_ST_BAD_OBJECT);
}

TEST_F(CommandTest, KeysAreUsedAgainWithAnotherVariant) {
    std::map<std::uint32_t, int> seen;
    for (int i = 0; i < 70000; ++i) {
        auto body = hw::mo_cmd_mr{};
        body.kind = hw::MO_MR_DMA;
        std::uint32_t key = 0;
        ASSERT_EQ(create_mr(body, &key), hw::MO_ST_OK);
        ASSERT_EQ(++seen[key], 1);
        hw::mo_cmd_key which{};
        which.key = key;
        ASSERT_EQ(nic.command(hw::MO_CMD_MR_DESTROY, which), hw::MO_ST_OK);
    }
}

TEST_F(CommandTest, PagesComeInAnyOrderButOnce) {
    auto body = user_mr(4);
    const std::uint64_t list = body.list;
    body.count = 1;
    std::uint32_t key = 0;
    ASSERT_EQ(create_mr(body, &key), hw::MO_ST_OK);
    hw::mo_cmd_mr_pages more{};
    more.key = key;
    more.list = list;
    more.offset = 2;
    more.count = 3;
    EXPECT_EQ(nic.command(hw::MO_CMD_MR_PAGES, more), hw::MO_ST_BAD_PARAM);
    more.count = 2;
    EXPECT_EQ(nic.command(hw::MO_CMD_MR_PAGES, more), hw::MO_ST_OK);
    more.offset = 1;
    EXPECT_EQ(nic.command(hw::MO_CMD_MR_PAGES, more), hw::MO_ST_BAD_STATE);
    more.count = 1;
    more.key = key ^ 1U;
    EXPECT_EQ(nic.command(hw::MO_CMD_MR_PAGES, more), hw::MO_ST_BAD_OBJECT);
    more.key = key;
    EXPECT_EQ(nic.command(hw::MO_CMD_MR_PAGES, more), hw::MO_ST_OK);
    EXPECT_EQ(nic.command(hw::MO_CMD_MR_PAGES, more), hw::MO_ST_BAD_STATE);
}

TEST_F(CommandTest, Addresses) {
    EXPECT_EQ(nic.set_gid(0, ipv4_gid(1)), hw::MO_ST_OK);
    EXPECT_EQ(nic.set_gid(MO_RDMA_MAX_GID, ipv4_gid(1)), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(nic.set_gid(1, Gid{}), hw::MO_ST_BAD_PARAM);
    Gid group = ipv6_gid(1);
    group.bytes[0] = std::byte{0xff};
    EXPECT_EQ(nic.set_gid(1, group), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(nic.set_gid(1, ipv4_gid(2), 4), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(nic.set_gid(1, ipv6_gid(2), MO_GIDF_VALID | MO_GIDF_VLAN, 5), hw::MO_ST_OK);
    RoceDestination to;
    to.dgid = ipv4_gid(1);
    EXPECT_TRUE(nic.block.claims(to));
    to.dgid = ipv6_gid(2);
    EXPECT_FALSE(nic.block.claims(to)); // another VLAN
    to.vlan = true;
    to.vlan_tci = 0x2005;
    EXPECT_TRUE(nic.block.claims(to));
    EXPECT_EQ(nic.set_gid(1, Gid{}, 0), hw::MO_ST_OK);
    EXPECT_FALSE(nic.block.claims(to));
    EXPECT_TRUE(nic.block.listening());
    EXPECT_EQ(nic.set_gid(0, Gid{}, 0), hw::MO_ST_OK);
    EXPECT_FALSE(nic.block.listening());
}

TEST_F(CommandTest, QueuePairs) {
    HostQp good(nic);
    ASSERT_EQ(good.status, hw::MO_ST_OK);
    EXPECT_GT(good.number & MO_OBJ_INDEX, 1U);
    const auto refused = [&](auto&& change) {
        hw::mo_cmd_qp body = good.body;
        change(body);
        return nic.command(hw::MO_CMD_QP_CREATE, body);
    };
    EXPECT_EQ(refused([](auto& b) { b.type = 3; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.flags = 4; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.rsvd = 1; }), hw::MO_ST_RESERVED);
    EXPECT_EQ(refused([](auto& b) { b.sq_log = 16; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.sq_stride_log = 5; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.rq_stride_log = 11; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.flags = MO_QPF_NO_RQ; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.db_page = 16; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.rec += 32; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.count += 1; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.page_shift = 0; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.pd = 1U << 24U; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& b) { b.send_cq = 0x777; }), hw::MO_ST_BAD_OBJECT);
    EXPECT_EQ(refused([](auto& b) { b.list = 0xdead'0000; }), hw::MO_ST_DMA_FAULT);
    EXPECT_EQ(refused([](auto& b) { b.rec = 0xdead'0000; }), hw::MO_ST_DMA_FAULT);
    EXPECT_EQ(nic.block.qp_count(), 1U);
    EXPECT_EQ(nic.cqs[good.send_cq.object]->users(), 1U);
    EXPECT_EQ(good.destroy(), hw::MO_ST_OK);
    EXPECT_EQ(good.destroy(), hw::MO_ST_BAD_OBJECT);
    EXPECT_EQ(nic.cqs[good.send_cq.object]->users(), 0U);
    EXPECT_EQ(nic.block.qp_count(), 0U);
    // There is one QP 1.
    HostQp gsi(nic, {.type = hw::MO_QPT_GSI});
    EXPECT_EQ(gsi.status, hw::MO_ST_OK);
    HostQp second(nic, {.type = hw::MO_QPT_GSI});
    EXPECT_EQ(second.status, hw::MO_ST_IN_USE);
    EXPECT_EQ(gsi.destroy(), hw::MO_ST_OK);
    HostQp third(nic, {.type = hw::MO_QPT_GSI});
    EXPECT_EQ(third.status, hw::MO_ST_OK);
    HostQp no_rq(nic, {.flags = MO_QPF_NO_RQ});
    EXPECT_EQ(no_rq.status, hw::MO_ST_OK);
    EXPECT_EQ(no_rq.rq_object, 0U);
}

TEST_F(CommandTest, Groups) {
    HostQp rc(nic), ud(nic, {.type = hw::MO_QPT_UD});
    hw::mo_cmd_mcast body{};
    body.gid[0] = 0xff;
    body.gid[15] = 3;
    body.qp = rc.number;
    EXPECT_EQ(nic.command(hw::MO_CMD_MCAST_ATTACH, body), hw::MO_ST_BAD_PARAM);
    body.qp = ud.number;
    EXPECT_EQ(nic.command(hw::MO_CMD_MCAST_DETACH, body), hw::MO_ST_BAD_OBJECT);
    EXPECT_EQ(nic.command(hw::MO_CMD_MCAST_ATTACH, body), hw::MO_ST_OK);
    EXPECT_EQ(nic.command(hw::MO_CMD_MCAST_ATTACH, body), hw::MO_ST_IN_USE);
    RoceDestination to;
    to.dgid.bytes[0] = std::byte{0xff};
    to.dgid.bytes[15] = std::byte{3};
    EXPECT_TRUE(nic.block.claims(to));
    EXPECT_EQ(nic.command(hw::MO_CMD_MCAST_DETACH, body), hw::MO_ST_OK);
    EXPECT_FALSE(nic.block.claims(to));
    EXPECT_EQ(nic.command(hw::MO_CMD_MCAST_ATTACH, body), hw::MO_ST_OK);
    EXPECT_EQ(ud.destroy(), hw::MO_ST_OK);
    EXPECT_FALSE(nic.block.claims(to));
    body.gid[0] = 0xfe;
    EXPECT_EQ(nic.command(hw::MO_CMD_MCAST_ATTACH, body), hw::MO_ST_BAD_OBJECT);
}

TEST_F(CommandTest, EachAttachmentMayBeToAnotherGroup) {
    HostQp ud(nic, {.type = hw::MO_QPT_UD});
    const auto group = [&ud](std::uint32_t number) {
        hw::mo_cmd_mcast body{};
        body.gid[0] = 0xff;
        body.gid[14] = static_cast<std::uint8_t>(number); // not in order
        body.gid[15] = static_cast<std::uint8_t>(number >> 8U);
        body.qp = ud.number;
        return body;
    };
    const auto claims = [&](std::uint32_t number) {
        RoceDestination to;
        const auto body = group(number);
        std::ranges::copy(std::as_bytes(std::span(body.gid)), to.dgid.bytes.begin());
        return nic.block.claims(to);
    };
    for (std::uint32_t i = 0; i < McastTable::max_attachments; ++i) {
        ASSERT_EQ(nic.command(hw::MO_CMD_MCAST_ATTACH, group(i)), hw::MO_ST_OK) << i;
    }
    EXPECT_EQ(nic.command(hw::MO_CMD_MCAST_ATTACH, group(0xffff)), hw::MO_ST_NO_RESOURCE);
    for (std::uint32_t i = 1; i < McastTable::max_attachments; i += 2) {
        ASSERT_EQ(nic.command(hw::MO_CMD_MCAST_DETACH, group(i)), hw::MO_ST_OK) << i;
    }
    for (std::uint32_t i = 0; i < McastTable::max_attachments; ++i) {
        EXPECT_EQ(claims(i), i % 2 == 0) << i;
    }
}

/// Every pair of states: legal ones with exactly what they need, and with one thing too few or too
/// many.
TEST_F(CommandTest, TransitionsAreThoseOfTheTable) {
    for (const auto type : {hw::MO_QPT_RC, hw::MO_QPT_UD, hw::MO_QPT_GSI}) {
        for (int from = hw::MO_QPS_RESET; from <= hw::MO_QPS_ERR; ++from) {
            for (int to = hw::MO_QPS_RESET; to <= hw::MO_QPS_ERR; ++to) {
                const auto f = static_cast<hw::mo_qp_state>(from);
                const auto t = static_cast<hw::mo_qp_state>(to);
                const auto check = [&](std::uint32_t mask) {
                    return check_transition(policy_of(type).rule, f, t, mask);
                };
                if (t == hw::MO_QPS_RESET || t == hw::MO_QPS_ERR) {
                    EXPECT_EQ(check(0), hw::MO_ST_OK);
                    EXPECT_EQ(check(hw::MO_QPA_QKEY), hw::MO_ST_BAD_STATE);
                    continue;
                }
                TransitionRule rule;
                for (const Transition& row : transitions()) {
                    if (row.from == f && row.to == t) {
                        rule = type == hw::MO_QPT_RC ? row.connected : row.datagram;
                    }
                }
                if (!rule.legal) {
                    EXPECT_EQ(check(0), hw::MO_ST_BAD_STATE);
                    EXPECT_EQ(check(0xfffe), hw::MO_ST_BAD_STATE);
                    continue;
                }
                EXPECT_EQ(check(rule.required), hw::MO_ST_OK);
                EXPECT_EQ(check(rule.required | rule.optional), hw::MO_ST_OK);
                for (std::uint32_t bit = 2; bit < 0x10000; bit <<= 1U) {
                    const std::uint32_t mask = rule.required ^ bit;
                    const bool missing = (rule.required & bit) != 0;
                    const bool allowed = !missing && (rule.optional & bit) != 0;
                    EXPECT_EQ(check(mask), allowed ? hw::MO_ST_OK : hw::MO_ST_BAD_STATE)
                        << from << " " << to << " " << bit;
                }
            }
        }
    }
}

TEST_F(CommandTest, ModifyIsAllOrNothing) {
    Pair pair;
    HostQp qp(pair.a);
    const Connection connection;
    ASSERT_EQ(qp.to_init(connection), hw::MO_ST_OK);
    const auto refused = [&](auto&& change) {
        hw::mo_qp_attr attr{};
        attr.mask = hw::MO_QPA_STATE | hw::MO_QPA_AV | hw::MO_QPA_MTU | hw::MO_QPA_DEST_QP |
                    hw::MO_QPA_RQ_PSN | hw::MO_QPA_DEST_RD_ATOMIC | hw::MO_QPA_MIN_RNR;
        attr.state = hw::MO_QPS_RTR;
        attr.av = Pair::av_to(pair.b, index_ipv4);
        attr.path_mtu = 4096;
        attr.dest_qp = 5;
        attr.rq_psn = 77;
        change(attr);
        return qp.modify(attr);
    };
    EXPECT_EQ(refused([](auto& a) { a.path_mtu = 1500; }), hw::MO_ST_BAD_PARAM);
    pair.a.mac.config.mtu = 4096 + MO_RDMA_OVERHEAD - 1; // the port's packets are shorter
    EXPECT_EQ(refused([](auto&) {}), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(qp.state(), hw::MO_QPS_INIT);
    ++pair.a.mac.config.mtu;
    EXPECT_EQ(refused([](auto& a) { a.rq_psn = 1U << 24U; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& a) { a.dest_qp = 1U << 24U; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& a) { a.min_rnr_timer = 32; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& a) { a.max_dest_rd_atomic = 129; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& a) { a.av.sgid_index = 9; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& a) { a.av.sgid_index = index_ipv6; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& a) { a.av.flow = 1U << 20U; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& a) { a.state = 9; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& a) { a.mask |= 1U << 17U; }), hw::MO_ST_BAD_PARAM);
    EXPECT_EQ(refused([](auto& a) { a.rsvd[3] = 1; }), hw::MO_ST_RESERVED);
    EXPECT_EQ(refused([](auto& a) { a.mask = hw::MO_QPA_STATE; }), hw::MO_ST_BAD_STATE);
    auto now = qp.query();
    EXPECT_EQ(now.state, hw::MO_QPS_INIT);
    EXPECT_EQ(now.path_mtu, 0U);
    EXPECT_EQ(now.rq_psn, 0U);
    // Options that the device does not know are left out, as the negotiation has it.
    constexpr std::uint32_t flow = (5U << MO_AV_SL_SHIFT) | 0x12345U;
    EXPECT_EQ(refused([](auto& a) {
                  a.mask |= hw::MO_QPA_ECE;
                  a.ece = 0xffffffffU;
                  a.av.flow = flow;
              }),
              hw::MO_ST_OK);
    now = qp.query();
    EXPECT_EQ(now.ece, MO_ECE_ALL);
    EXPECT_EQ(now.av.flow, flow);
    EXPECT_EQ(now.state, hw::MO_QPS_RTR);
    EXPECT_EQ(now.type, hw::MO_QPT_RC);
    EXPECT_EQ(now.path_mtu, 4096U);
    EXPECT_EQ(now.rq_psn, 77U);
    EXPECT_EQ(now.access, connection.access);
    EXPECT_EQ(now.mask, 0x1ffffU);
    ASSERT_EQ(qp.to(hw::MO_QPS_ERR), hw::MO_ST_OK);
    EXPECT_EQ(qp.query().error, hw::MO_QPE_MODIFIED);
    EXPECT_EQ(pair.a.events_of(hw::MO_EVENT_QP_ERROR), 0U); // the host knows
    ASSERT_EQ(qp.to(hw::MO_QPS_RESET), hw::MO_ST_OK);
    now = qp.query();
    EXPECT_EQ(now.path_mtu, 0U);
    EXPECT_EQ(now.error, hw::MO_QPE_NONE);
}

TEST_F(CommandTest, ResetForgetsEverything) {
    Pair pair;
    HostQp x(pair.a), y(pair.b);
    Pair::connect(x, y);
    Region region(pair.a, 100);
    pair.a.block.reset();
    EXPECT_EQ(pair.a.block.qp_count(), 0U);
    EXPECT_EQ(pair.a.block.key_count(), 0U);
    EXPECT_FALSE(pair.a.block.listening());
    EXPECT_EQ(pair.a.block.next_deadline_ns(), never_ns);
    EXPECT_FALSE(pair.a.block.poll(pair.a.now, 64));
}

} // namespace
} // namespace mo::nic::rdma::test
