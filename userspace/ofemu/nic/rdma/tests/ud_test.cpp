// SPDX-License-Identifier: GPL-2.0-or-later
// Datagrams: UD and GSI, Q_Keys, the GRH area, groups, IPv4, IPv6 and VLANs.
#include <gtest/gtest.h>

#include "nic/rdma/tests/harness.hpp"

namespace mo::nic::rdma::test {
namespace {

constexpr std::uint32_t gsi_qkey = 0x80010000;

class UdTest : public testing::TestWithParam<std::uint64_t> {
  protected:
    void ready(HostQp& qp, std::uint32_t qkey = 0x1234) {
        const Connection connection{.sq_psn = 5, .qkey = qkey};
        ASSERT_EQ(qp.status, hw::MO_ST_OK);
        ASSERT_EQ(qp.to_init(connection), hw::MO_ST_OK);
        ASSERT_EQ(qp.to_rtr(connection, {}, 0, 0), hw::MO_ST_OK);
        ASSERT_EQ(qp.to_rts(connection), hw::MO_ST_OK);
    }
    SendWr to_peer(const HostQp& peer, const Buffer& data, std::uint16_t index = index_ipv4,
                   std::uint32_t qkey = 0x1234) {
        local.write(0, data);
        SendWr wr{.sges = {{local.iova(), static_cast<std::uint32_t>(data.size()), local.key}}};
        wr.ud.av = Pair::av_to(peer.nic, index);
        wr.ud.dest_qp = peer.number;
        wr.ud.qkey = qkey;
        return wr;
    }
    hw::mo_rdma_cqe received(HostQp& qp) {
        pair.run();
        const auto cqe = qp.recv_cq.next();
        EXPECT_TRUE(cqe);
        return cqe.value_or(hw::mo_rdma_cqe{});
    }
    static hw::mo_cmd_mcast group(std::uint8_t last, const HostQp& qp, bool ipv4 = false) {
        hw::mo_cmd_mcast body{};
        if (ipv4) {
            body.gid[10] = body.gid[11] = 0xff;
            body.gid[12] = 239;
        } else {
            body.gid[0] = 0xff;
            body.gid[1] = 0x02;
        }
        body.gid[15] = last;
        body.qp = qp.number;
        return body;
    }
    SendWr to_group(const hw::mo_cmd_mcast& body, std::uint16_t index, const Buffer& data) {
        SendWr wr{.inline_data = data};
        wr.ud.av.sgid_index = index;
        std::memcpy(static_cast<void*>(wr.ud.av.dgid), body.gid, 16);
        wr.ud.av.dmac[0] = index == index_ipv4 ? 0x01 : 0x33;
        wr.ud.dest_qp = 0xffffff;
        wr.ud.qkey = 0x1234;
        return wr;
    }

    Pair pair{GetParam(), 32U << 20};
    HostQp x{pair.a, {.type = hw::MO_QPT_UD}}, y{pair.b, {.type = hw::MO_QPT_UD}};
    Region local{pair.a, 8192}, remote{pair.b, 1U << 16};
};

TEST_P(UdTest, EveryNetworkProtocol) {
    ready(x);
    ready(y);
    std::uint32_t index = 0;
    for (const std::uint16_t gid : {index_ipv4, index_ipv6, index_vlan}) {
        const Buffer data = pattern(1000 + gid, gid);
        y.post_receive({{remote.iova(), 30, remote.key}, {remote.iova(100), 5000, remote.key}});
        auto wr = to_peer(y, data, gid);
        wr.ud.av.traffic_class = 0x68;
        wr.ud.av.flow = 5U << MO_AV_SL_SHIFT;
        wr.ud.av.hop_limit = 9;
        x.post(wr);
        const auto cqe = received(y);
        EXPECT_EQ(cqe.status, hw::MO_WC_SUCCESS);
        EXPECT_EQ(cqe.length, data.size() + 40);
        EXPECT_EQ(cqe.src_qp, x.number);
        EXPECT_EQ(cqe.index, index++);
        EXPECT_TRUE(std::ranges::equal(cqe.smac, pair.a.address));
        unsigned flags = MO_CQEF_GRH | MO_CQEF_SMAC;
        flags |= gid == index_ipv4 ? MO_CQEF_IPV4 : 0U;
        flags |= gid == index_vlan ? MO_CQEF_VLAN : 0U;
        EXPECT_EQ(cqe.flags, flags);
        // Service level 5 is priority 5, whatever the entry of the address table says.
        EXPECT_EQ(cqe.vlan_tci, gid == index_vlan ? (test_vlan & 0x0fff) | 5 << 13 : 0);
        // GRH area: 30 bytes in the first SGE, 10 in the second, the data behind it.
        Buffer area = remote.read(0, 30);
        const Buffer rest = remote.read(100, 10);
        area.insert(area.end(), rest.begin(), rest.end());
        if (gid == index_ipv4) {
            EXPECT_EQ(Buffer(area.begin(), area.begin() + 20), Buffer(20));
            EXPECT_EQ(area[20], std::byte{0x45});
            EXPECT_EQ(area[21], std::byte{0x68});
            EXPECT_EQ(area[28], std::byte{9});
            EXPECT_EQ(area[35], std::byte{1}); // source 192.0.2.1
            EXPECT_EQ(area[39], std::byte{2});
        } else {
            EXPECT_EQ(area[0], std::byte{0x66});
            EXPECT_EQ(area[6], std::byte{17});
            EXPECT_EQ(area[7], std::byte{9});
            EXPECT_EQ(area[39], std::byte(gid == index_vlan ? 18 : 2));
        }
        EXPECT_EQ(remote.read(110, data.size()), data);
        EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_SUCCESS);
    }
}

TEST_P(UdTest, ImmediateAndInlineAndQkeys) {
    ready(x, 0x77);
    ready(y);
    y.post_receive({{remote.iova(), 4096 + 40, remote.key}});
    y.post_receive({{remote.iova(), 4096 + 40, remote.key}});
    auto wr = to_peer(y, {}, index_ipv4, 0x4321);
    x.post(wr); // wrong key
    pair.run();
    EXPECT_EQ(pair.b.block.counters().rx_qkey_errors, 1U);
    wr.ud.qkey = 0x80000000; // the QP's own, which is wrong
    x.post(wr);
    pair.run();
    EXPECT_EQ(pair.b.block.counters().rx_qkey_errors, 2U);
    wr.opcode = hw::MO_WR_SEND_IMM;
    wr.flags |= MO_WQEF_SOLICITED;
    wr.imm = 0xdeadbeef;
    wr.ud.qkey = 0x1234;
    wr.sges.clear();
    wr.inline_data = pattern(64, 9);
    x.post(wr);
    const auto cqe = received(y);
    EXPECT_EQ(cqe.imm, 0xdeadbeefU);
    EXPECT_NE(cqe.flags & MO_CQEF_IMM, 0);
    EXPECT_NE(cqe.flags & MO_CQEF_SOLICITED, 0);
    EXPECT_EQ(cqe.length, 104U);
    EXPECT_EQ(remote.read(40, 64), pattern(64, 9));
    hw::mo_qp_attr attr{};
    attr.mask = hw::MO_QPA_QKEY;
    attr.qkey = 0x1234;
    ASSERT_EQ(x.modify(attr), hw::MO_ST_OK);
    wr.ud.qkey = 0x80000000;
    x.post(wr);
    EXPECT_EQ(received(y).status, hw::MO_WC_SUCCESS);
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_SUCCESS);
    }
}

TEST_P(UdTest, LargestDatagramAndOneMore) {
    ready(x);
    ready(y);
    y.post_receive({{remote.iova(), 4096 + 40, remote.key}});
    x.post(to_peer(y, pattern(4096, 1)));
    EXPECT_EQ(received(y).length, 4136U);
    EXPECT_EQ(remote.read(40, 4096), pattern(4096, 1));
    EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_SUCCESS);
    x.write_send(to_peer(y, pattern(4097, 1)));
    x.write_send(to_peer(y, pattern(10, 1)));
    x.ring();
    x.post_receive({{local.iova(), 100, local.key}});
    pair.run();
    EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_LOC_LEN_ERR);
    EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_WR_FLUSH_ERR);
    EXPECT_EQ(x.state(), hw::MO_QPS_SQE);
}

TEST_P(UdTest, SendQueueErrorIsForSends) {
    ready(x);
    ready(y);
    auto wr = to_peer(y, pattern(10, 1));
    wr.sges[0].key ^= 0x100;
    x.post(wr);
    pair.run();
    const auto cqe = x.send_cq.next();
    ASSERT_TRUE(cqe);
    EXPECT_EQ(cqe->status, hw::MO_WC_LOC_PROT_ERR);
    EXPECT_EQ(x.state(), hw::MO_QPS_SQE);
    x.post_receive({{local.iova(), 1000, local.key}});
    Region at_b(pair.b, 100);
    SendWr back{.sges = {{at_b.iova(), 100, at_b.key}}};
    back.ud.av = Pair::av_to(pair.a, index_ipv6);
    back.ud.dest_qp = x.number;
    back.ud.qkey = 0x1234;
    y.post(back);
    EXPECT_EQ(received(x).status, hw::MO_WC_SUCCESS);
    ASSERT_EQ(x.to(hw::MO_QPS_RTS), hw::MO_ST_OK);
    y.post_receive({{remote.iova(), 1000, remote.key}});
    x.post(to_peer(y, pattern(10, 1)));
    EXPECT_EQ(received(y).status, hw::MO_WC_SUCCESS);
}

TEST_P(UdTest, NoReceiveOrATooShortOneIsALoss) {
    ready(x);
    ready(y);
    x.post(to_peer(y, pattern(10, 1)));
    pair.run();
    EXPECT_EQ(pair.b.block.counters().rx_ud_no_buffer, 1U);
    y.post_receive({{remote.iova(), 49, remote.key}});
    x.post(to_peer(y, pattern(10, 1)));
    pair.run();
    EXPECT_FALSE(y.recv_cq.next());
    EXPECT_EQ(y.state(), hw::MO_QPS_RTS); // a stranger cannot end it
    x.post(to_peer(y, pattern(9, 1)));
    EXPECT_EQ(received(y).length, 49U);
    HostQp idle(pair.b, {.type = hw::MO_QPT_UD});
    x.post(to_peer(idle, pattern(9, 1)));
    pair.run();
    EXPECT_EQ(pair.b.block.counters().rx_no_qp, 1U);
}

TEST_P(UdTest, ReceiveWithABadKeyEndsTheQp) {
    ready(x);
    ready(y);
    y.post_receive({{remote.iova(), 1000, remote.key ^ 0x100}});
    x.post(to_peer(y, pattern(10, 1)));
    EXPECT_EQ(received(y).status, hw::MO_WC_LOC_PROT_ERR);
    EXPECT_EQ(y.state(), hw::MO_QPS_ERR);
}

TEST_P(UdTest, MalformedEntryEndsTheQp) {
    ready(x);
    auto wr = to_peer(y, pattern(10, 1));
    wr.ud.rsvd = 1;
    x.post(wr);
    pair.run();
    EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_LOC_QP_OP_ERR);
    EXPECT_EQ(x.state(), hw::MO_QPS_ERR);
    EXPECT_EQ(pair.a.events_of(hw::MO_EVENT_QP_ERROR, x.number), 1U);
}

TEST_P(UdTest, AddressThatIsNotThere) {
    ready(x);
    auto wr = to_peer(y, pattern(10, 1));
    wr.ud.av.sgid_index = 7;
    x.post(wr);
    pair.run();
    EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_LOC_QP_OP_ERR);
    EXPECT_EQ(x.state(), hw::MO_QPS_SQE);
}

TEST_P(UdTest, ManagementIsQpOne) {
    HostQp p(pair.a, {.type = hw::MO_QPT_GSI}), q(pair.b, {.type = hw::MO_QPT_GSI});
    ready(p, gsi_qkey);
    ready(q, gsi_qkey);
    q.post_receive({{remote.iova(), 300, remote.key}});
    auto wr = to_peer(q, pattern(256, 4), index_ipv4, gsi_qkey);
    wr.ud.dest_qp = 1;
    p.post(wr);
    const auto cqe = received(q);
    EXPECT_EQ(cqe.length, 296U);
    EXPECT_EQ(cqe.src_qp, 1U);
    EXPECT_EQ(cqe.qp, q.number);
    // The number of its object is nobody's on the wire.
    wr.ud.dest_qp = q.number;
    p.post(wr);
    pair.run();
    EXPECT_EQ(pair.b.block.counters().rx_no_qp, 1U);
    // The own port has a QP 1 too.
    p.post_receive({{local.iova(4000), 300, local.key}});
    wr.ud.av = Pair::av_to(pair.a, index_ipv6);
    wr.ud.dest_qp = 1;
    p.post(wr);
    EXPECT_EQ(received(p).src_qp, 1U);
    EXPECT_EQ(local.read(4040, 256), pattern(256, 4));
}

TEST_P(UdTest, GroupsReachAllMembers) {
    HostQp y2(pair.b, {.type = hw::MO_QPT_UD}), x2(pair.a, {.type = hw::MO_QPT_UD});
    for (HostQp* const qp : {&x, &y, &x2, &y2}) {
        ready(*qp);
    }
    Region at_a(pair.a, 8192);
    for (const bool ipv4 : {false, true}) {
        const auto index = ipv4 ? index_ipv4 : index_ipv6;
        for (HostQp* const qp : {&y, &y2, &x2}) {
            ASSERT_EQ(qp->nic.command(hw::MO_CMD_MCAST_ATTACH, group(5, *qp, ipv4)), hw::MO_ST_OK);
        }
        y.post_receive({{remote.iova(0), 1000, remote.key}});
        y2.post_receive({{remote.iova(2000), 1000, remote.key}});
        x2.post_receive({{at_a.iova(), 1000, at_a.key}});
        const auto before = pair.link.counters(fabric::End::a).packets;
        x.post(to_group(group(5, x, ipv4), index, pattern(100, 3)));
        EXPECT_EQ(received(y).length, 140U);
        EXPECT_EQ(received(y2).length, 140U);
        EXPECT_EQ(received(x2).length, 140U);
        EXPECT_EQ(remote.read(40, 100), pattern(100, 3));
        EXPECT_EQ(remote.read(2040, 100), pattern(100, 3));
        EXPECT_EQ(at_a.read(40, 100), pattern(100, 3));
        EXPECT_EQ(pair.link.counters(fabric::End::a).packets, before + 1);
        // No longer.
        ASSERT_EQ(pair.b.command(hw::MO_CMD_MCAST_DETACH, group(5, y, ipv4)), hw::MO_ST_OK);
        ASSERT_EQ(pair.b.command(hw::MO_CMD_MCAST_DETACH, group(5, y2, ipv4)), hw::MO_ST_OK);
        ASSERT_EQ(pair.a.command(hw::MO_CMD_MCAST_DETACH, group(5, x2, ipv4)), hw::MO_ST_OK);
        y.post_receive({{remote.iova(0), 1000, remote.key}});
        x.post(to_group(group(5, x, ipv4), index, pattern(100, 3)));
        pair.run();
        EXPECT_FALSE(y.recv_cq.next());
        y.recv_cq.next();
        ASSERT_EQ(y.to(hw::MO_QPS_ERR), hw::MO_ST_OK);
        pair.run();
        while (y.recv_cq.next()) {
        }
        ASSERT_EQ(y.to(hw::MO_QPS_RESET), hw::MO_ST_OK);
        ready(y);
    }
    EXPECT_EQ(pair.b.block.counters().rx_multicast, 2U);
    EXPECT_EQ(pair.a.block.counters().tx_multicast, 4U);
}

/// A group of a thousand costs its members' receptions, whoever sends, and no call makes them all.
class BigGroupTest : public UdTest {
  protected:
    static constexpr unsigned many = 100;

    BigGroupTest() {
        ready(x);
        for (unsigned i = 0; i < many; ++i) {
            members_.push_back(std::make_unique<HostQp>(pair.b, QpOptions{.type = hw::MO_QPT_UD}));
            ready(*members_.back());
            for (unsigned entry = 0; entry < 4; ++entry) {
                members_.back()->post_receive({{remote.iova(0), 1000, remote.key}});
            }
            EXPECT_EQ(pair.b.command(hw::MO_CMD_MCAST_ATTACH, group(7, *members_.back())),
                      hw::MO_ST_OK);
        }
    }
    /// What has been received so far.
    [[nodiscard]] std::uint64_t receptions() const { return pair.b.block.counters().rx_send; }
    /// One datagram of x is on the other side.
    void send(std::uint32_t seed) {
        x.post(to_group(group(7, x), index_ipv6, pattern(100, seed)));
        (void)pair.a.poll();
        EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_SUCCESS);
    }

    std::vector<std::unique_ptr<HostQp>> members_;
};

TEST_P(BigGroupTest, IsServedInTurns) {
    send(1);
    EXPECT_EQ(receptions(), 0U) << "the sender pays for its datagram alone";
    EXPECT_TRUE(pair.b.block.work_arrived());
    constexpr unsigned budget = 30;
    for (std::uint64_t before = 0; receptions() < many; before = receptions()) {
        ASSERT_TRUE(pair.b.poll(budget));
        ASSERT_GT(receptions(), before);
        ASSERT_LE(receptions(), before + budget);
    }
    for (const auto& member : members_) {
        EXPECT_EQ(member->recv_cq.next()->length, 140U);
        EXPECT_FALSE(member->recv_cq.next());
    }
    EXPECT_FALSE(pair.b.block.work_arrived());
}

TEST_P(BigGroupTest, WhoLeavesGetsNoMore) {
    send(1);
    (void)pair.b.poll(10);
    ASSERT_EQ(pair.b.command(hw::MO_CMD_MCAST_DETACH, group(7, *members_[5])), hw::MO_ST_OK);
    ASSERT_EQ(pair.b.command(hw::MO_CMD_MCAST_DETACH, group(7, *members_[50])), hw::MO_ST_OK);
    pair.run();
    EXPECT_EQ(receptions(), many - 1U);
    EXPECT_TRUE(members_[5]->recv_cq.next()) << "it had it already";
    EXPECT_FALSE(members_[50]->recv_cq.next());
    // All leave while one is under way.
    send(2);
    for (unsigned i = 0; i < many; ++i) {
        if (i != 5 && i != 50) {
            ASSERT_EQ(pair.b.command(hw::MO_CMD_MCAST_DETACH, group(7, *members_[i])),
                      hw::MO_ST_OK);
        }
    }
    EXPECT_FALSE(pair.b.block.work_arrived());
}

TEST_P(BigGroupTest, WhatIsTooMuchIsCounted) {
    constexpr unsigned datagrams = 2 * GroupDelivery::most_owed / many;
    for (unsigned i = 0; i < datagrams; ++i) {
        send(i);
    }
    const auto& counters = pair.b.block.counters();
    pair.run();
    EXPECT_GT(counters.rx_mcast_overflow, 0U);
    EXPECT_EQ(counters.rx_send + counters.rx_ud_no_buffer + counters.rx_mcast_overflow,
              std::uint64_t{datagrams} * many);
    EXPECT_EQ(counters.rx_send, std::uint64_t{4} * many) << "each had four receives";
    // A reset forgets what is under way.
    send(9);
    EXPECT_TRUE(pair.b.block.work_arrived());
    pair.b.reset();
    EXPECT_FALSE(pair.b.block.work_arrived());
}

TEST_P(UdTest, DrainIsImmediate) {
    ready(x);
    hw::mo_qp_attr attr{};
    attr.mask = hw::MO_QPA_STATE | hw::MO_QPA_SQD_NOTIFY;
    attr.state = hw::MO_QPS_SQD;
    ASSERT_EQ(x.modify(attr), hw::MO_ST_OK);
    x.post(to_peer(y, pattern(10, 1)));
    pair.run();
    EXPECT_EQ(pair.a.events_of(hw::MO_EVENT_SQ_DRAINED, x.number), 1U);
    EXPECT_FALSE(x.send_cq.next());
    ASSERT_EQ(x.to(hw::MO_QPS_RTS), hw::MO_ST_OK);
    pair.run();
    EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_SUCCESS);
}

/// IBA 11.4.1.1: a datagram fits into the port's MTU.
TEST_P(UdTest, LongerThanThePortsMtu) {
    ready(x);
    ready(y);
    pair.a.mac.config.mtu = 1500; // payload of at most 1024
    y.post_receive({{remote.iova(), 4096, remote.key}});
    x.post(to_peer(y, pattern(1024, 1)));
    EXPECT_EQ(received(y).length, 1024U + 40);
    EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_SUCCESS);
    x.post(to_peer(y, pattern(1025, 1)));
    pair.run();
    const auto cqe = x.send_cq.next();
    ASSERT_TRUE(cqe);
    EXPECT_EQ(cqe->status, hw::MO_WC_LOC_LEN_ERR);
    EXPECT_EQ(x.state(), hw::MO_QPS_SQE);
    pair.a.mac.config.mtu = 68;
    ASSERT_EQ(x.to_rts({.qkey = 0x1234}), hw::MO_ST_BAD_STATE); // from SQE without a PSN
    hw::mo_qp_attr attr{};
    attr.mask = hw::MO_QPA_STATE;
    attr.state = hw::MO_QPS_RTS;
    ASSERT_EQ(x.modify(attr), hw::MO_ST_OK);
    x.post(to_peer(y, {})); // nothing is too long for no MTU
    pair.run();
    EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_SUCCESS);
}

std::string mode_name(const testing::TestParamInfo<std::uint64_t>& mode) {
    return mode.param == all_features ? "shadow" : "mmio";
}

INSTANTIATE_TEST_SUITE_P(Modes, UdTest, testing::Values(all_features, plain_features), mode_name);
INSTANTIATE_TEST_SUITE_P(Modes, BigGroupTest, testing::Values(all_features, plain_features),
                         mode_name);

} // namespace
} // namespace mo::nic::rdma::test
