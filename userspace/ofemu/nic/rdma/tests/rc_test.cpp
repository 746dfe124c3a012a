// SPDX-License-Identifier: GPL-2.0-or-later
// Reliable connections between two NICs: every operation, every MTU, lengths and alignments.
#include <gtest/gtest.h>

#include "nic/rdma/tests/harness.hpp"

namespace mo::nic::rdma::test {
namespace {

class RcTest : public testing::TestWithParam<std::uint64_t> {
  protected:
    void connect(const Connection& connection = {}) { Pair::connect(x, y, connection); }
    /// Runs and takes the next completion of the queue, which has to be there.
    hw::mo_rdma_cqe completion(HostCq& cq) {
        pair.run();
        const auto cqe = cq.next();
        EXPECT_TRUE(cqe.has_value());
        return cqe.value_or(hw::mo_rdma_cqe{});
    }
    void expect_done(HostQp& qp, std::uint32_t index, hw::mo_wr opcode) {
        const auto cqe = completion(qp.send_cq);
        EXPECT_EQ(cqe.status, hw::MO_WC_SUCCESS);
        EXPECT_EQ(cqe.index, index);
        EXPECT_EQ(cqe.opcode, opcode);
        EXPECT_EQ(cqe.qp, qp.number);
    }

    Pair pair{GetParam(), 64U << 20};
    HostQp x{pair.a};
    HostQp y{pair.b};
};

TEST_P(RcTest, SendArrives) {
    connect();
    Region from(pair.a, 5000), to(pair.b, 8192);
    const Buffer data = pattern(5000, 1);
    from.write(0, data);
    y.post_receive({{to.iova(7), 100, to.key}, {to.iova(200), 8000 - 200, to.key}});
    x.post({.sges = {{from.iova(), 5000, from.key}}});
    expect_done(x, 0, hw::MO_WR_SEND);
    const auto cqe = completion(y.recv_cq);
    EXPECT_EQ(cqe.status, hw::MO_WC_SUCCESS);
    EXPECT_EQ(cqe.opcode, hw::MO_RECV_SEND);
    EXPECT_EQ(cqe.length, 5000U);
    EXPECT_EQ(cqe.qp, y.number);
    EXPECT_EQ(to.read(7, 100), Buffer(data.begin(), data.begin() + 100));
    EXPECT_EQ(to.read(200, 4900), Buffer(data.begin() + 100, data.end()));
    EXPECT_EQ(to.read(107, 93), Buffer(93, TestNic::poison));
    EXPECT_EQ(to.read(5100, 1000), Buffer(1000, TestNic::poison));
    EXPECT_EQ(pair.a.block.counters().tx_send, 1U);
    EXPECT_EQ(pair.b.block.counters().rx_send, 1U);
    EXPECT_EQ(pair.a.block.counters().tx_packets, 5U);
}

TEST_P(RcTest, WhatABudgetLeavesOverIsWork) {
    connect();
    Region from(pair.a, 5000), to(pair.b, 8192);
    y.post_receive({{to.iova(), 8192, to.key}});
    x.post({.sges = {{from.iova(), 5000, from.key}}});
    (void)pair.round(4);
    EXPECT_EQ(pair.a.block.counters().tx_packets, 4U);
    EXPECT_TRUE(pair.a.block.work_arrived()); // or the engine would sleep on it
    (void)pair.round(4);
    (void)pair.round(4);
    EXPECT_EQ(pair.a.block.counters().tx_send, 1U);
    expect_done(x, 0, hw::MO_WR_SEND);
    EXPECT_FALSE(pair.a.block.work_arrived());
    EXPECT_FALSE(pair.b.block.work_arrived());
}

TEST_P(RcTest, ImmediateSolicitedAndInline) {
    connect();
    Region to(pair.b, 4096);
    const Buffer data = pattern(300, 2);
    y.post_receive({{to.iova(), 4096, to.key}});
    y.post_receive({{to.iova(1000), 512, to.key}});
    x.post({.opcode = hw::MO_WR_SEND_IMM,
            .flags = MO_WQEF_SIGNALED | MO_WQEF_SOLICITED,
            .inline_data = data,
            .imm = 0x11223344});
    x.post({.opcode = hw::MO_WR_WRITE_IMM,
            .inline_data = pattern(50, 3),
            .imm = 7,
            .remote_address = to.iova(2000),
            .rkey = to.key});
    expect_done(x, 0, hw::MO_WR_SEND_IMM);
    expect_done(x, 1, hw::MO_WR_WRITE_IMM);
    auto cqe = completion(y.recv_cq);
    EXPECT_EQ(cqe.flags, MO_CQEF_IMM | MO_CQEF_SOLICITED);
    EXPECT_EQ(cqe.imm, 0x11223344U);
    EXPECT_EQ(cqe.length, 300U);
    EXPECT_EQ(to.read(0, 300), data);
    cqe = completion(y.recv_cq);
    EXPECT_EQ(cqe.opcode, hw::MO_RECV_WRITE_IMM);
    EXPECT_EQ(cqe.flags, MO_CQEF_IMM);
    EXPECT_EQ(cqe.imm, 7U);
    EXPECT_EQ(cqe.length, 50U);
    EXPECT_EQ(cqe.index, 1U);
    EXPECT_EQ(to.read(2000, 50), pattern(50, 3));
}

TEST_P(RcTest, UnsignaledComplete) {
    connect();
    Region from(pair.a, 64), to(pair.b, 64);
    for (int i = 0; i < 200; ++i) {
        x.post({.opcode = hw::MO_WR_WRITE,
                .flags = static_cast<std::uint8_t>(i == 199 ? MO_WQEF_SIGNALED : 0),
                .sges = {{from.iova(), 8, from.key}},
                .remote_address = to.iova(),
                .rkey = to.key});
        if (i % 50 == 49) {
            pair.run();
        }
    }
    expect_done(x, 199, hw::MO_WR_WRITE);
    EXPECT_FALSE(x.send_cq.next());
    EXPECT_EQ(x.query().sq_head, 200U);
    EXPECT_EQ(x.query().sq_drained, 1U);
}

TEST_P(RcTest, Atomics) {
    connect();
    Region local(pair.a, 64), remote(pair.b, 64, {.iova = 0x5000});
    remote.set_word(8, 40);
    const std::vector<Sge> sges{{local.iova(3), 8, local.key}};
    x.post({.opcode = hw::MO_WR_FETCH_ADD,
            .sges = sges,
            .remote_address = remote.iova(8),
            .rkey = remote.key,
            .swap_add = 2});
    expect_done(x, 0, hw::MO_WR_FETCH_ADD);
    EXPECT_EQ(local.word(3), 40U);
    EXPECT_EQ(remote.word(8), 42U);
    for (const bool equal : {true, false}) {
        x.post({.opcode = hw::MO_WR_CMP_SWAP,
                .sges = sges,
                .remote_address = remote.iova(8),
                .rkey = remote.key,
                .swap_add = 0x1122334455667788,
                .compare = 42});
        expect_done(x, equal ? 1 : 2, hw::MO_WR_CMP_SWAP);
        EXPECT_EQ(local.word(3), equal ? 42U : 0x1122334455667788U);
        EXPECT_EQ(remote.word(8), 0x1122334455667788U);
    }
    EXPECT_EQ(pair.b.block.counters().rx_atomic, 3U);
}

/// A new limit of a QP in SQD (IBA 11.2.5.2) takes nothing from its peer: what was accepted is
/// answered, and again if the answer was lost.
TEST_P(RcTest, ALimitOfFetchesIsNoEndOfThem) {
    constexpr std::uint32_t size = 1U << 20;
    for (const unsigned limit : {16U, 32U, 1U}) {
        Pair own{GetParam(), 32U << 20};
        HostQp asks{own.a}, answers{own.b};
        Pair::connect(asks, answers, {.timeout = 10, .retry_cnt = 3});
        Region here(own.a, size), there(own.b, size);
        there.write(0, pattern(size, 5));
        const auto change = [&answers, limit] {
            ASSERT_EQ(answers.to(hw::MO_QPS_SQD), hw::MO_ST_OK);
            hw::mo_qp_attr attr{};
            attr.mask = hw::MO_QPA_STATE | hw::MO_QPA_DEST_RD_ATOMIC;
            attr.state = hw::MO_QPS_SQD;
            attr.max_dest_rd_atomic = static_cast<std::uint8_t>(limit);
            ASSERT_EQ(answers.modify(attr), hw::MO_ST_OK);
            ASSERT_EQ(answers.to(hw::MO_QPS_RTS), hw::MO_ST_OK);
        };
        asks.post({.opcode = hw::MO_WR_READ,
                   .sges = {{here.iova(), size, here.key}},
                   .remote_address = there.iova(),
                   .rkey = there.key});
        for (int i = 0; i < 5; ++i) {
            (void)own.round(16);
        }
        ASSERT_FALSE(asks.send_cq.next()) << "under way";
        change();
        own.run_until(own.a.now + 1'000'000'000);
        const auto read = asks.send_cq.next();
        ASSERT_TRUE(read);
        EXPECT_EQ(read->status, hw::MO_WC_SUCCESS);
        EXPECT_EQ(here.read(0, size), there.read(0, size));

        constexpr std::size_t aligned = 5; // of the address
        there.set_word(aligned, 7);
        asks.post({.opcode = hw::MO_WR_FETCH_ADD,
                   .sges = {{here.iova(), 8, here.key}},
                   .remote_address = there.iova(aligned),
                   .rkey = there.key,
                   .swap_add = 1});
        own.b.gate.transmit = false; // the answer is lost
        (void)own.round(16);
        EXPECT_EQ(there.word(aligned), 8U);
        own.b.gate.transmit = true;
        change();
        own.run_until(own.a.now + 1'000'000'000);
        const auto atomic = asks.send_cq.next();
        ASSERT_TRUE(atomic);
        EXPECT_EQ(atomic->status, hw::MO_WC_SUCCESS);
        EXPECT_EQ(here.word(0), 7U);
        EXPECT_EQ(there.word(aligned), 8U) << "once";
    }
}

TEST_P(RcTest, SendQueueKeepsOrderOverReads) {
    connect({.rd_atomic = 2});
    Region local(pair.a, 1U << 20), remote(pair.b, 1U << 20);
    remote.write(0, pattern(1U << 20, 9));
    for (std::size_t i = 0; i < 8; ++i) {
        x.write_send({.opcode = hw::MO_WR_READ,
                      .sges = {{local.iova(i * 70000), 70000, local.key}},
                      .remote_address = remote.iova(i * 70000 + 1),
                      .rkey = remote.key});
        x.write_send({.opcode = hw::MO_WR_WRITE,
                      .flags = MO_WQEF_SIGNALED | MO_WQEF_FENCE,
                      .sges = {{local.iova(i * 70000), 64, local.key}},
                      .remote_address = remote.iova(900000 + i * 64),
                      .rkey = remote.key});
    }
    x.ring();
    for (std::uint32_t i = 0; i < 16; ++i) {
        expect_done(x, i, i % 2 == 0 ? hw::MO_WR_READ : hw::MO_WR_WRITE);
    }
    for (std::size_t i = 0; i < 8; ++i) {
        EXPECT_EQ(local.read(i * 70000, 70000), remote.read(i * 70000 + 1, 70000)) << i;
        EXPECT_EQ(remote.read(900000 + i * 64, 64), remote.read(i * 70000 + 1, 64)) << i;
    }
}

/// All lengths that matter for segmentation, with odd places, data verified, and nothing beside.
TEST_P(RcTest, LengthsAndAlignments) {
    for (std::uint16_t mtu = 256; mtu <= 4096; mtu = static_cast<std::uint16_t>(mtu * 2)) {
        Pair own(GetParam(), 64U << 20);
        HostQp p(own.a), q(own.b);
        Pair::connect(p, q, {.mtu = mtu, .gid_index = mtu == 512 ? index_ipv6 : index_ipv4});
        constexpr std::size_t room = 200000;
        Region local(own.a, room), remote(own.b, room);
        const std::uint32_t full = mtu;
        const std::uint32_t sizes[] = {0,        1,        3,    4,     255,   full - 1, full,
                                       full + 1, 2 * full, 4097, 65535, 65536, 100001};
        std::uint32_t index = 0;
        for (const std::uint32_t size : sizes) {
            const std::uint32_t from = 1 + index * 7, to = 5 + index * 13;
            const Buffer data = pattern(size, index);
            std::memset(own.b.at(remote.pages().back()), 0xdb, 1);
            remote.write(0, Buffer(size + 2000, TestNic::poison));
            local.write(from, data);
            p.post({.opcode = hw::MO_WR_WRITE,
                    .sges = {{local.iova(from), size / 3, local.key},
                             {local.iova(from + size / 3), size - size / 3, local.key}},
                    .remote_address = remote.iova(to),
                    .rkey = remote.key});
            own.run();
            auto cqe = p.send_cq.next();
            ASSERT_TRUE(cqe) << size;
            ASSERT_EQ(cqe->status, hw::MO_WC_SUCCESS) << size;
            ASSERT_EQ(remote.read(to, size), data) << size;
            ASSERT_EQ(remote.read(0, to), Buffer(to, TestNic::poison));
            ASSERT_EQ(remote.read(to + size, 100), Buffer(100, TestNic::poison));
            local.write(0, Buffer(size + 2000, TestNic::poison));
            p.post({.opcode = hw::MO_WR_READ,
                    .sges = {{local.iova(from + 1), size / 2, local.key},
                             {local.iova(from + 1 + size / 2), size - size / 2, local.key}},
                    .remote_address = remote.iova(to),
                    .rkey = remote.key});
            own.run();
            cqe = p.send_cq.next();
            ASSERT_TRUE(cqe) << size;
            ASSERT_EQ(cqe->status, hw::MO_WC_SUCCESS) << size;
            ASSERT_EQ(cqe->length, size);
            ASSERT_EQ(local.read(from + 1, size), data) << size;
            ASSERT_EQ(local.read(0, from + 1), Buffer(from + 1, TestNic::poison));
            ASSERT_EQ(local.read(from + 1 + size, 100), Buffer(100, TestNic::poison));
            ++index;
        }
        EXPECT_EQ(own.a.block.counters().retransmits, 0U);
        EXPECT_EQ(own.b.block.counters().rx_duplicate, 0U);
    }
}

TEST_P(RcTest, EightMebibytes) {
    connect({.mtu = 4096, .gid_index = index_vlan});
    constexpr std::uint32_t size = 8U << 20;
    Region local(pair.a, size + 1), remote(pair.b, size + 1);
    const Buffer data = pattern(size, 5);
    local.write(1, data);
    x.post({.opcode = hw::MO_WR_WRITE,
            .sges = {{local.iova(1), size, local.key}},
            .remote_address = remote.iova(),
            .rkey = remote.key});
    expect_done(x, 0, hw::MO_WR_WRITE);
    EXPECT_EQ(remote.read(0, size), data);
    x.post({.opcode = hw::MO_WR_READ,
            .sges = {{local.iova(), size, local.key}},
            .remote_address = remote.iova(),
            .rkey = remote.key});
    expect_done(x, 1, hw::MO_WR_READ);
    EXPECT_EQ(local.read(0, size), data);
}

TEST_P(RcTest, BothWaysAtOnceOnManyQps) {
    constexpr std::uint32_t size = 50000;
    constexpr std::size_t count = 8, messages = 12;
    std::vector<std::unique_ptr<HostQp>> left, right;
    Region at_a(pair.a, 2 * count * size), at_b(pair.b, 2 * count * size);
    at_a.write(0, pattern(count * size, 1));
    at_b.write(0, pattern(count * size, 2));
    for (std::uint32_t i = 0; i < count; ++i) {
        left.push_back(std::make_unique<HostQp>(pair.a));
        right.push_back(std::make_unique<HostQp>(pair.b));
        Pair::connect(*left[i], *right[i], {.sq_psn = i * 1000});
    }
    for (std::size_t n = 0; n < messages; ++n) {
        for (std::size_t i = 0; i < count; ++i) {
            left[i]->post({.opcode = hw::MO_WR_WRITE,
                           .sges = {{at_a.iova(i * size), size, at_a.key}},
                           .remote_address = at_b.iova((count + i) * size),
                           .rkey = at_b.key});
            right[i]->post({.opcode = hw::MO_WR_WRITE,
                            .sges = {{at_b.iova(i * size), size, at_b.key}},
                            .remote_address = at_a.iova((count + i) * size),
                            .rkey = at_a.key});
        }
    }
    pair.run();
    for (std::uint32_t i = 0; i < count; ++i) {
        for (std::uint32_t n = 0; n < messages; ++n) {
            for (HostQp* const qp : {left[i].get(), right[i].get()}) {
                const auto cqe = qp->send_cq.next();
                ASSERT_TRUE(cqe);
                EXPECT_EQ(cqe->status, hw::MO_WC_SUCCESS);
            }
        }
    }
    EXPECT_EQ(at_b.read(count * size, count * size), pattern(count * size, 1));
    EXPECT_EQ(at_a.read(count * size, count * size), pattern(count * size, 2));
    EXPECT_EQ(pair.a.block.counters().retransmits, 0U);
}

TEST_P(RcTest, LoopbackNeedsNoLink) {
    HostQp self(pair.a), other(pair.a);
    Pair::connect(self, other);
    pair.a.gate = {};
    Region memory(pair.a, 100000);
    memory.write(0, pattern(40000, 4));
    const auto before = pair.link.counters(fabric::End::a).packets;
    other.post_receive({{memory.iova(50000), 40000, memory.key}});
    self.post({.sges = {{memory.iova(), 40000, memory.key}}});
    expect_done(self, 0, hw::MO_WR_SEND);
    EXPECT_EQ(memory.read(50000, 40000), pattern(40000, 4));
    EXPECT_EQ(pair.link.counters(fabric::End::a).packets, before);
    EXPECT_EQ(pair.a.block.counters().loopback_packets, pair.a.block.counters().tx_packets);
    // A QP may be connected to itself.
    HostQp narcissus(pair.a);
    Pair::connect(narcissus, narcissus);
    narcissus.post_receive({{memory.iova(50000), 40000, memory.key}});
    memory.write(0, pattern(40000, 5));
    narcissus.post({.sges = {{memory.iova(), 40000, memory.key}}});
    expect_done(narcissus, 0, hw::MO_WR_SEND);
    EXPECT_EQ(memory.read(50000, 40000), pattern(40000, 5));
    narcissus.post({.opcode = hw::MO_WR_READ,
                    .sges = {{memory.iova(1), 40000, memory.key}},
                    .remote_address = memory.iova(50000),
                    .rkey = memory.key});
    expect_done(narcissus, 1, hw::MO_WR_READ);
    EXPECT_EQ(memory.read(1, 40000), pattern(40000, 5));
}

TEST_P(RcTest, FastRegistration) {
    HostQp kernel_a(pair.a, {.flags = MO_QPF_KERNEL}), kernel_b(pair.b, {.flags = MO_QPF_KERNEL});
    Pair::connect(kernel_a, kernel_b);
    hw::mo_cmd_mr body{};
    body.pd = 1;
    body.kind = hw::MO_MR_FAST;
    body.pages = 4;
    body.page_shift = 12;
    hw::mo_res_key made{};
    ASSERT_EQ(pair.b.command(hw::MO_CMD_MR_CREATE, body, &made, sizeof made), hw::MO_ST_OK);
    constexpr std::uint64_t page = 4096;
    const std::uint64_t pages = pair.b.allocate(4 * page, page), list = pair.b.allocate(32, 8);
    for (std::uint64_t i = 0; i < 4; ++i) {
        pair.b.object<hw::__le64>(list + i * 8) = pages + (3 - i) * page;
    }
    Region from(pair.a, 8192);
    from.write(0, pattern(8192, 6));
    SendWr reg{.opcode = hw::MO_WR_REG_MR};
    reg.reg.list = list;
    reg.reg.iova = 0x4000'0800;
    reg.reg.length = 3 * page;
    reg.reg.count = 4;
    reg.reg.access = MO_ACCESS_LOCAL_WRITE | MO_ACCESS_REMOTE_WRITE;
    reg.reg.page_shift = 12;
    for (std::uint32_t round = 0; round < 3; ++round) {
        const std::uint32_t key = (made.key & ~0xffU) | (17 + round);
        reg.reg.key = key;
        kernel_b.post(reg);
        expect_done(kernel_b, round, hw::MO_WR_REG_MR);
        kernel_a.post({.opcode = hw::MO_WR_WRITE,
                       .sges = {{from.iova(), 8192, from.key}},
                       .remote_address = 0x4000'0800,
                       .rkey = key});
        expect_done(kernel_a, 2 * round, hw::MO_WR_WRITE);
        EXPECT_EQ(std::memcmp(pair.b.at(pages + 3 * page + 0x800), from.read(0, 2048).data(), 2048),
                  0);
        // The peer invalidates it, which the receive tells.
        kernel_b.post_receive({});
        kernel_a.post({.opcode = hw::MO_WR_SEND_INV, .imm = key});
        expect_done(kernel_a, 2 * round + 1, hw::MO_WR_SEND_INV);
        const auto cqe = completion(kernel_b.recv_cq);
        EXPECT_EQ(cqe.flags, MO_CQEF_INV);
        EXPECT_EQ(cqe.imm, key);
    }
    // And the owner does.
    reg.reg.key = (made.key & ~0xffU) | 99;
    kernel_b.write_send(reg);
    kernel_b.write_send({.opcode = hw::MO_WR_LOCAL_INV, .imm = reg.reg.key.value()});
    kernel_b.ring();
    expect_done(kernel_b, 3, hw::MO_WR_REG_MR);
    expect_done(kernel_b, 4, hw::MO_WR_LOCAL_INV);
    kernel_a.post({.opcode = hw::MO_WR_WRITE,
                   .sges = {{from.iova(), 8, from.key}},
                   .remote_address = 0x4000'0800,
                   .rkey = reg.reg.key});
    EXPECT_EQ(completion(kernel_a.send_cq).status, hw::MO_WC_REM_ACCESS_ERR);
}

TEST_P(RcTest, DmaKeysAreTheKernelsOnly) {
    hw::mo_cmd_mr body{};
    body.pd = 1;
    body.kind = hw::MO_MR_DMA;
    body.access = MO_ACCESS_LOCAL_WRITE;
    hw::mo_res_key key{};
    ASSERT_EQ(pair.a.command(hw::MO_CMD_MR_CREATE, body, &key, sizeof key), hw::MO_ST_OK);
    const std::uint64_t memory = pair.a.allocate(10000);
    Region to(pair.b, 10000);
    HostQp kernel(pair.a, {.flags = MO_QPF_KERNEL}), peer(pair.b);
    Pair::connect(kernel, peer);
    connect();
    std::memcpy(pair.a.at(memory), pattern(9000, 8).data(), 9000);
    const SendWr write{.opcode = hw::MO_WR_WRITE,
                       .sges = {{memory, 9000, key.key}},
                       .remote_address = to.iova(),
                       .rkey = to.key};
    kernel.post(write);
    expect_done(kernel, 0, hw::MO_WR_WRITE);
    EXPECT_EQ(to.read(0, 9000), pattern(9000, 8));
    x.post(write);
    EXPECT_EQ(completion(x.send_cq).status, hw::MO_WC_LOC_PROT_ERR);
}

INSTANTIATE_TEST_SUITE_P(Modes, RcTest, testing::Values(all_features, plain_features),
                         [](const auto& mode) {
                             return mode.param == all_features ? "shadow" : "mmio";
                         });

} // namespace
} // namespace mo::nic::rdma::test
