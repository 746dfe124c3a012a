// SPDX-License-Identifier: GPL-2.0-or-later
// Errors of connections: every NAK, local faults, malformed entries, queues that are garbage; what
// the host is told, and that nobody else is hurt.
#include <gtest/gtest.h>

#include "nic/rdma/tests/harness.hpp"

namespace mo::nic::rdma::test {
namespace {

class ErrorTest : public testing::TestWithParam<std::uint64_t> {
  protected:
    ErrorTest() {
        Pair::connect(x, y);
        Pair::connect(bystander_a, bystander_b);
    }
    void TearDown() override {
        // Somebody else's connection goes on.
        bystander_a.post({.opcode = hw::MO_WR_WRITE,
                          .sges = {{local.iova(), 5000, local.key}},
                          .remote_address = remote.iova(),
                          .rkey = remote.key});
        pair.run();
        const auto cqe = bystander_a.send_cq.next();
        EXPECT_TRUE(cqe && cqe->status == hw::MO_WC_SUCCESS);
        EXPECT_EQ(bystander_b.state(), hw::MO_QPS_RTS);
    }
    SendWr write(std::uint32_t length = 3000) {
        return {.opcode = hw::MO_WR_WRITE,
                .sges = {{local.iova(), length, local.key}},
                .remote_address = remote.iova(),
                .rkey = remote.key};
    }
    SendWr read(std::uint32_t length = 3000) {
        SendWr wr = write(length);
        wr.opcode = hw::MO_WR_READ;
        return wr;
    }
    SendWr add() {
        SendWr wr = write(8);
        wr.opcode = hw::MO_WR_FETCH_ADD;
        return wr;
    }
    static std::optional<hw::mo_rdma_cqe> expect(HostCq& cq, hw::mo_wc status,
                                                 hw::mo_qp_error error, std::uint8_t syndrome = 0) {
        const auto cqe = cq.next();
        EXPECT_TRUE(cqe);
        if (cqe) {
            EXPECT_EQ(cqe->status, status);
            EXPECT_EQ(cqe->error, error);
            EXPECT_EQ(cqe->syndrome, syndrome);
        }
        return cqe;
    }
    /// The peer refused the request: what both hosts see.
    void expect_refused(hw::mo_wc status, std::uint8_t syndrome, hw::mo_qp_error at_peer) {
        pair.run();
        expect(x.send_cq, status, hw::MO_QPE_REMOTE, syndrome);
        EXPECT_EQ(x.state(), hw::MO_QPS_ERR);
        EXPECT_EQ(x.query().error, hw::MO_QPE_REMOTE);
        EXPECT_EQ(y.state(), hw::MO_QPS_ERR);
        EXPECT_EQ(y.query().error, at_peer);
        EXPECT_EQ(pair.a.events_of(hw::MO_EVENT_QP_ERROR, x.number), 1U);
        EXPECT_EQ(pair.b.events_of(hw::MO_EVENT_QP_ERROR, y.number), 1U);
        EXPECT_EQ(pair.b.block.counters().tx_nak_err, 1U);
        EXPECT_EQ(pair.a.block.counters().rx_nak_err, 1U);
        EXPECT_EQ(pair.a.events.size(), 1U);
        EXPECT_EQ(pair.b.events.size(), 1U);
    }

    Pair pair{GetParam(), 32U << 20};
    HostQp x{pair.a}, y{pair.b};
    HostQp bystander_a{pair.a}, bystander_b{pair.b};
    Region local{pair.a, 1U << 17, {.iova = 0x10000}};
    Region remote{pair.b, 1U << 17, {.iova = 0x20000}};
};

TEST_P(ErrorTest, WrongRkey) {
    auto wr = write();
    wr.rkey ^= 1U; // another variant
    x.post(wr);
    expect_refused(hw::MO_WC_REM_ACCESS_ERR, 0x62, hw::MO_QPE_ACCESS);
    EXPECT_EQ(pair.b.block.counters().rx_access_errors, 1U);
}

TEST_P(ErrorTest, RangeBeyondTheRegion) {
    auto wr = write();
    wr.remote_address = remote.iova(remote.size() - 2999);
    x.post(wr);
    expect_refused(hw::MO_WC_REM_ACCESS_ERR, 0x62, hw::MO_QPE_ACCESS);
}

TEST_P(ErrorTest, RangeThatWraps) {
    auto wr = read();
    wr.remote_address = ~std::uint64_t{0} - 100;
    x.post(wr);
    expect_refused(hw::MO_WC_REM_ACCESS_ERR, 0x62, hw::MO_QPE_ACCESS);
}

TEST_P(ErrorTest, AnotherDomain) {
    Region foreign(pair.b, 8192, {.pd = 2});
    auto wr = write();
    wr.rkey = foreign.key;
    wr.remote_address = foreign.iova();
    x.post(wr);
    expect_refused(hw::MO_WC_REM_ACCESS_ERR, 0x62, hw::MO_QPE_ACCESS);
}

TEST_P(ErrorTest, RightsOfTheRegion) {
    Region closed(pair.b, 8192, {.access = MO_ACCESS_LOCAL_WRITE | MO_ACCESS_REMOTE_READ});
    auto wr = write();
    wr.rkey = closed.key;
    wr.remote_address = closed.iova();
    x.post(wr);
    expect_refused(hw::MO_WC_REM_ACCESS_ERR, 0x62, hw::MO_QPE_ACCESS);
    EXPECT_EQ(closed.read(0, 100), Buffer(100, TestNic::poison));
}

TEST_P(ErrorTest, RightsOfTheQp) {
    hw::mo_qp_attr attr{};
    attr.mask = hw::MO_QPA_ACCESS;
    attr.access = MO_ACCESS_REMOTE_WRITE;
    ASSERT_EQ(y.modify(attr), hw::MO_ST_OK);
    x.post(write());
    pair.run();
    EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_SUCCESS);
    x.post(read());
    expect_refused(hw::MO_WC_REM_INV_REQ_ERR, 0x61, hw::MO_QPE_INVALID);
}

TEST_P(ErrorTest, AtomicThatIsNotAligned) {
    auto wr = add();
    wr.remote_address += 4;
    x.post(wr);
    expect_refused(hw::MO_WC_REM_INV_REQ_ERR, 0x61, hw::MO_QPE_INVALID);
}

TEST_P(ErrorTest, MoreReadsThanAgreed) {
    hw::mo_qp_attr attr{};
    attr.mask = hw::MO_QPA_STATE;
    attr.state = hw::MO_QPS_SQD;
    ASSERT_EQ(y.modify(attr), hw::MO_ST_OK);
    attr.mask = hw::MO_QPA_DEST_RD_ATOMIC;
    attr.max_dest_rd_atomic = 1;
    ASSERT_EQ(y.modify(attr), hw::MO_ST_OK);
    x.write_send(read(50000));
    x.write_send(read(50000));
    x.ring();
    pair.run();
    // The first one is answered before the refusal.
    EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_SUCCESS);
    expect_refused(hw::MO_WC_REM_INV_REQ_ERR, 0x61, hw::MO_QPE_INVALID);
}

TEST_P(ErrorTest, SendLongerThanTheReceive) {
    y.post_receive({{remote.iova(), 2999, remote.key}});
    y.post_receive({{remote.iova(), 2999, remote.key}});
    auto wr = write(3000);
    wr.opcode = hw::MO_WR_SEND;
    x.post(wr);
    x.post(wr);
    expect_refused(hw::MO_WC_REM_INV_REQ_ERR, 0x61, hw::MO_QPE_INVALID);
    expect(y.recv_cq, hw::MO_WC_LOC_LEN_ERR, hw::MO_QPE_INVALID);
    expect(y.recv_cq, hw::MO_WC_WR_FLUSH_ERR, hw::MO_QPE_INVALID);
    expect(x.send_cq, hw::MO_WC_WR_FLUSH_ERR, hw::MO_QPE_REMOTE);
    EXPECT_FALSE(x.send_cq.next());
    EXPECT_FALSE(y.recv_cq.next());
}

TEST_P(ErrorTest, ReceiveWithABadKey) {
    y.post_receive({{remote.iova(), 4000, remote.key ^ 0x100}});
    auto wr = write(3000);
    wr.opcode = hw::MO_WR_SEND;
    x.post(wr);
    expect_refused(hw::MO_WC_REM_OP_ERR, 0x63, hw::MO_QPE_LOCAL);
    expect(y.recv_cq, hw::MO_WC_LOC_PROT_ERR, hw::MO_QPE_LOCAL);
}

TEST_P(ErrorTest, MalformedReceive) {
    y.write_receive({});
    y.entry(true, 0)[1] = std::byte{1};
    y.ring(true);
    x.post({.inline_data = pattern(10, 1)});
    expect_refused(hw::MO_WC_REM_OP_ERR, 0x63, hw::MO_QPE_WQE);
    expect(y.recv_cq, hw::MO_WC_LOC_QP_OP_ERR, hw::MO_QPE_WQE);
}

TEST_P(ErrorTest, InvalidationOfWhatIsNoFastKey) {
    y.post_receive({});
    x.post({.opcode = hw::MO_WR_SEND_INV, .imm = remote.key});
    expect_refused(hw::MO_WC_REM_ACCESS_ERR, 0x62, hw::MO_QPE_ACCESS);
    expect(y.recv_cq, hw::MO_WC_REM_INV_REQ_ERR, hw::MO_QPE_ACCESS);
}

TEST_P(ErrorTest, MemoryOfThePeerIsGone) {
    Region doomed(pair.b, 1U << 16);
    x.post({.opcode = hw::MO_WR_READ,
            .sges = {{local.iova(), 1U << 16, local.key}},
            .remote_address = doomed.iova(),
            .rkey = doomed.key});
    (void)pair.a.poll();
    (void)pair.b.block.poll(pair.b.now, 8); // some of the answers
    pair.b.end_round();
    EXPECT_EQ(doomed.destroy(), hw::MO_ST_OK);
    const auto sent = pair.b.block.counters().tx_packets;
    expect_refused(hw::MO_WC_REM_ACCESS_ERR, 0x62, hw::MO_QPE_ACCESS);
    EXPECT_EQ(pair.b.block.counters().tx_packets, sent + 1); // the NAK alone
}

TEST_P(ErrorTest, LocalKeyThatOpensNothing) {
    x.write_send(write());
    auto wr = write();
    wr.sges[0].key = 0x12300;
    x.write_send(wr);
    x.write_send(write());
    x.ring();
    pair.run();
    EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_SUCCESS); // in its order
    expect(x.send_cq, hw::MO_WC_LOC_PROT_ERR, hw::MO_QPE_LOCAL);
    expect(x.send_cq, hw::MO_WC_WR_FLUSH_ERR, hw::MO_QPE_LOCAL);
    EXPECT_EQ(x.state(), hw::MO_QPS_ERR);
    EXPECT_EQ(y.state(), hw::MO_QPS_RTS); // it has seen nothing of that
    EXPECT_EQ(pair.b.block.counters().rx_write, 1U);
    EXPECT_EQ(pair.a.block.counters().local_errors, 1U);
}

TEST_P(ErrorTest, LocalRightsForReads) {
    Region closed(pair.a, 8192, {.access = 0});
    auto wr = read();
    wr.sges = {{closed.iova(), 3000, closed.key}};
    x.post(wr);
    pair.run();
    expect(x.send_cq, hw::MO_WC_LOC_PROT_ERR, hw::MO_QPE_LOCAL);
    EXPECT_EQ(closed.read(0, 100), Buffer(100, TestNic::poison));
}

TEST_P(ErrorTest, LocalKeyThatDiesUnderAMessage) {
    Region doomed(pair.a, 1U << 17);
    x.write_send(write(100));
    x.write_send({.opcode = hw::MO_WR_WRITE,
                  .sges = {{doomed.iova(), 1U << 17, doomed.key}},
                  .remote_address = remote.iova(),
                  .rkey = remote.key});
    x.ring();
    (void)pair.a.block.poll(pair.a.now, 20);
    pair.a.end_round();
    EXPECT_EQ(doomed.destroy(), hw::MO_ST_OK);
    const auto sent = pair.a.block.counters().tx_packets;
    pair.run();
    EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_SUCCESS);
    expect(x.send_cq, hw::MO_WC_LOC_PROT_ERR, hw::MO_QPE_LOCAL);
    EXPECT_LE(pair.a.block.counters().tx_packets, sent + 1);
}

TEST_P(ErrorTest, MalformedEntry) {
    y.post_receive({});
    x.write_send(write());
    x.write_send(write());
    x.entry(false, 1)[0] = std::byte{0x11}; // no opcode
    x.write_send(write());
    x.ring();
    x.post_receive({});
    pair.run();
    EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_SUCCESS);
    const auto cqe = expect(x.send_cq, hw::MO_WC_LOC_QP_OP_ERR, hw::MO_QPE_WQE);
    EXPECT_EQ(cqe->index, 1U);
    expect(x.send_cq, hw::MO_WC_WR_FLUSH_ERR, hw::MO_QPE_WQE);
    expect(x.recv_cq, hw::MO_WC_WR_FLUSH_ERR, hw::MO_QPE_WQE);
    EXPECT_EQ(pair.a.events_of(hw::MO_EVENT_QP_ERROR, x.number), 1U);
    EXPECT_EQ(pair.a.events.back().code, hw::MO_QPE_WQE);
    // Entries that are posted later are flushed too; the doorbell comes if it has to.
    for (int i = 0; i < 5; ++i) {
        if (i == 2) {
            pair.a.block.publish_events(); // the engine sleeps
            pair.a.end_round();
        }
        x.post(write());
        x.post_receive({});
        pair.run();
        expect(x.send_cq, hw::MO_WC_WR_FLUSH_ERR, hw::MO_QPE_WQE);
        expect(x.recv_cq, hw::MO_WC_WR_FLUSH_ERR, hw::MO_QPE_WQE);
    }
    EXPECT_GE(x.doorbells, 1U);
    EXPECT_GE(pair.a.block.counters().flushed, 12U);
    // And the QP can be used again.
    ASSERT_EQ(x.to(hw::MO_QPS_RESET), hw::MO_ST_OK);
    ASSERT_EQ(y.to(hw::MO_QPS_RESET), hw::MO_ST_OK);
    pair.run();
    while (y.recv_cq.next()) {
    }
    Pair::connect(x, y);
    y.post_receive({{remote.iova(), 100, remote.key}});
    x.post({.inline_data = pattern(50, 3)});
    pair.run();
    EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_SUCCESS);
    EXPECT_EQ(y.recv_cq.next()->status, hw::MO_WC_SUCCESS);
    EXPECT_EQ(remote.read(0, 50), pattern(50, 3));
}

TEST_P(ErrorTest, EntryThatChangesUnderWay) {
    pair.link.set_impairment(fabric::End::a, {.drop = 1});
    x.post(write(3000));
    x.post(write(1U << 17));
    // The host may only hurt itself: the entry is read again for the repetition.
    (void)pair.a.block.poll(pair.a.now, 20);
    pair.a.end_round();
    pair.link.set_impairment(fabric::End::a, {});
    auto& head = *reinterpret_cast<hw::mo_wqe*>(x.entry(false, 0));
    head.opcode = hw::MO_WR_SEND;
    pair.run_until(pair.a.now + 1'000'000'000);
    expect(x.send_cq, hw::MO_WC_LOC_QP_OP_ERR, hw::MO_QPE_WQE);
    EXPECT_EQ(x.state(), hw::MO_QPS_ERR);
}

TEST_P(ErrorTest, TailThatIsTooFar) {
    x.record().tail = 65;
    pair.a.block.doorbell(hw::MO_DB_SQ, x.number, 65);
    pair.run();
    EXPECT_EQ(x.query().error, hw::MO_QPE_TAIL);
    EXPECT_EQ(pair.a.events_of(hw::MO_EVENT_QP_ERROR, x.number), 1U);
    EXPECT_FALSE(x.send_cq.next());
}

TEST_P(ErrorTest, TailOfReceivesThatIsTooFar) {
    y.record(true).tail = 1000;
    pair.b.block.doorbell(hw::MO_DB_RQ, y.rq_object, 1000);
    x.post({.inline_data = pattern(10, 1)});
    pair.run();
    EXPECT_EQ(y.query().error, hw::MO_QPE_TAIL);
    EXPECT_EQ(y.state(), hw::MO_QPS_ERR);
}

TEST_P(ErrorTest, RingThatIsUnmapped) {
    // A QP whose records and rings lie in a map of their own.
    std::vector<std::byte> other(1U << 20);
    constexpr std::uint64_t base = 0x9'0000'0000;
    ASSERT_TRUE(pair.a.map.map_memory(base, other));
    hw::mo_cmd_qp body = x.body;
    body.page_shift = 20;
    body.count = 1;
    body.list = base;
    body.rec = base + (1U << 19);
    hw::mo_res_qp made{};
    ASSERT_EQ(pair.a.command(hw::MO_CMD_QP_CREATE, body, &made, sizeof made), hw::MO_ST_OK);
    HostQp peer(pair.b);
    const std::uint32_t own = std::exchange(x.number, made.qp);
    Pair::connect(x, peer);
    ASSERT_TRUE(pair.a.map.unmap(base, 1U << 20));
    pair.a.block.doorbell(hw::MO_DB_SQ, x.number, 1);
    pair.run();
    EXPECT_EQ(x.query().error, hw::MO_QPE_DMA);
    EXPECT_FALSE(pair.a.faults.empty());
    const auto faults = pair.a.faults.size();
    pair.run();
    EXPECT_EQ(pair.a.faults.size(), faults) << "it is tried again and again";
    EXPECT_EQ(x.destroy(), hw::MO_ST_OK);
    x.number = own;
}

TEST_P(ErrorTest, PayloadThatIsUnmapped) {
    const std::uint64_t key_pages = 4;
    std::vector<std::byte> other(key_pages * 4096, std::byte{1});
    constexpr std::uint64_t base = 0x9'0000'0000;
    ASSERT_TRUE(pair.a.map.map_memory(base, other));
    const std::uint64_t list = pair.a.allocate(32, 8);
    for (std::uint64_t i = 0; i < key_pages; ++i) {
        pair.a.object<hw::__le64>(list + i * 8) = base + i * 4096;
    }
    hw::mo_cmd_mr body{};
    body.list = list;
    body.iova = base;
    body.length = key_pages * 4096;
    body.pd = 1;
    body.pages = key_pages;
    body.count = key_pages;
    body.kind = hw::MO_MR_USER;
    body.access = MO_ACCESS_ALL;
    body.page_shift = 12;
    hw::mo_res_key key{};
    ASSERT_EQ(pair.a.command(hw::MO_CMD_MR_CREATE, body, &key, sizeof key), hw::MO_ST_OK);
    ASSERT_TRUE(pair.a.map.unmap(base, key_pages * 4096));
    auto wr = write(3000);
    wr.sges = {{base, 3000, key.key}};
    x.post(wr);
    pair.run();
    expect(x.send_cq, hw::MO_WC_LOC_PROT_ERR, hw::MO_QPE_LOCAL);
    EXPECT_EQ(pair.a.faults.size(), 1U);
    EXPECT_EQ(y.state(), hw::MO_QPS_RTS);
}

TEST_P(ErrorTest, CompletionQueueThatOverruns) {
    HostQp p(pair.a, {.cq_log = 1}), q(pair.b);
    Pair::connect(p, q);
    for (int i = 0; i < 4; ++i) {
        p.post(write(10));
    }
    pair.run();
    EXPECT_EQ(p.query().error, hw::MO_QPE_CQ);
    EXPECT_EQ(pair.a.events_of(hw::MO_EVENT_CQ_ERROR, p.send_cq.object), 1U);
    EXPECT_EQ(p.destroy(), hw::MO_ST_OK);
}

TEST_P(ErrorTest, PeerThatIsDestroyed) {
    Pair own(GetParam());
    HostQp p(own.a), q(own.b);
    Pair::connect(p, q, {.timeout = 10, .retry_cnt = 3});
    Region from(own.a, 1U << 17), to(own.b, 1U << 17);
    p.post({.opcode = hw::MO_WR_WRITE,
            .sges = {{from.iova(), 1U << 17, from.key}},
            .remote_address = to.iova(),
            .rkey = to.key});
    (void)own.a.block.poll(own.a.now, 20);
    own.a.end_round();
    EXPECT_EQ(q.destroy(), hw::MO_ST_OK);
    const std::uint64_t start = own.a.now;
    ASSERT_TRUE(own.run_for(1'000'000'000, [&] { return p.state() == hw::MO_QPS_ERR; }));
    expect(p.send_cq, hw::MO_WC_RETRY_EXC_ERR, hw::MO_QPE_RETRY);
    // Four waits of 4.2 ms, then twice and four times as much.
    EXPECT_NEAR(static_cast<double>(own.a.now - start), 4.194e6 * (1 + 2 + 4 + 4), 1e5);
    EXPECT_EQ(own.a.block.counters().timeouts, 4U);
    EXPECT_EQ(own.a.block.counters().retry_exceeded, 1U);
    EXPECT_GT(own.b.block.counters().rx_no_qp, 0U);
}

TEST_P(ErrorTest, PeerThatIsReset) {
    Region big(pair.a, 1U << 17), there(pair.b, 1U << 17);
    Pair own(GetParam());
    HostQp p(own.a), q(own.b);
    Pair::connect(p, q, {.timeout = 8, .retry_cnt = 1});
    Region from(own.a, 1U << 17), to(own.b, 1U << 17);
    p.post({.opcode = hw::MO_WR_READ,
            .sges = {{from.iova(), 1U << 17, from.key}},
            .remote_address = to.iova(),
            .rkey = to.key});
    (void)own.a.poll();
    (void)own.b.block.poll(own.b.now, 5);
    own.b.end_round();
    own.b.cqs.clear(); // as the core does before
    own.b.block.reset();
    const auto sent = own.b.block.counters().tx_packets;
    own.run_until(own.a.now + 100'000'000);
    EXPECT_EQ(own.b.block.counters().tx_packets, sent);
    expect(p.send_cq, hw::MO_WC_RETRY_EXC_ERR, hw::MO_QPE_RETRY);
}

TEST_P(ErrorTest, DrainAndGoOn) {
    x.write_send(write(1U << 17));
    x.write_send(write(10));
    x.ring();
    (void)pair.a.block.poll(pair.a.now, 20);
    pair.a.end_round();
    hw::mo_qp_attr attr{};
    attr.mask = hw::MO_QPA_STATE | hw::MO_QPA_SQD_NOTIFY;
    attr.state = hw::MO_QPS_SQD;
    ASSERT_EQ(x.modify(attr), hw::MO_ST_OK);
    EXPECT_EQ(x.query().sq_drained, 0U);
    pair.run();
    EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_SUCCESS); // what had begun
    EXPECT_FALSE(x.send_cq.next());
    EXPECT_EQ(x.query().sq_drained, 1U);
    EXPECT_EQ(pair.a.events_of(hw::MO_EVENT_SQ_DRAINED, x.number), 1U);
    ASSERT_EQ(x.to(hw::MO_QPS_RTS), hw::MO_ST_OK);
    pair.run();
    EXPECT_EQ(x.send_cq.next()->status, hw::MO_WC_SUCCESS);
    ASSERT_EQ(x.modify(attr), hw::MO_ST_OK);
    pair.run();
    EXPECT_EQ(pair.a.events_of(hw::MO_EVENT_SQ_DRAINED, x.number), 2U); // nothing to drain
}

TEST_P(ErrorTest, EstablishedIsToldOnce) {
    HostQp p(pair.a), q(pair.b);
    const Connection c;
    for (auto [one, other] : {std::pair{&p, &q}, std::pair{&q, &p}}) {
        ASSERT_EQ(one->to_init(c), hw::MO_ST_OK);
        ASSERT_EQ(one->to_rtr(c, Pair::av_to(other->nic, index_ipv4), other->number, c.sq_psn),
                  hw::MO_ST_OK);
    }
    ASSERT_EQ(p.to_rts(c), hw::MO_ST_OK);
    q.post_receive({});
    q.post_receive({});
    p.post({.inline_data = Buffer{}});
    p.post({.inline_data = Buffer{}});
    pair.run();
    EXPECT_EQ(pair.b.events_of(hw::MO_EVENT_QP_ESTABLISHED, q.number), 1U);
    EXPECT_EQ(p.send_cq.next()->status, hw::MO_WC_SUCCESS); // RTR answers
}

TEST_P(ErrorTest, DoorbellsOfNobodyAreHarmless) {
    pair.a.block.doorbell(hw::MO_DB_SQ, 0, 5);
    pair.a.block.doorbell(hw::MO_DB_SQ, 0xffffff, 5);
    pair.a.block.doorbell(hw::MO_DB_RQ, x.number, 5);
    pair.a.block.doorbell(hw::MO_DB_SQ, x.rq_object, 5);
    HostQp fresh(pair.a);
    pair.a.block.doorbell(hw::MO_DB_SQ, fresh.number, 1000);
    EXPECT_EQ(fresh.state(), hw::MO_QPS_RESET);
    EXPECT_EQ(x.state(), hw::MO_QPS_RTS);
}

INSTANTIATE_TEST_SUITE_P(Modes, ErrorTest, testing::Values(all_features, plain_features),
                         [](const auto& mode) {
                             return mode.param == all_features ? "shadow" : "mmio";
                         });

} // namespace
} // namespace mo::nic::rdma::test
