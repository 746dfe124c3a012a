// SPDX-License-Identifier: GPL-2.0-or-later
// Packets that no honest peer sends: forged, damaged, out of place. They change no memory that
// they have no right to, and end at most the connection that they are for.
#include <gtest/gtest.h>

#include <random>

#include "fabric/owned_frame.hpp"
#include "nic/rdma/aeth.hpp"
#include "nic/rdma/tests/harness.hpp"

namespace mo::nic::rdma::test {
namespace {

/// Somebody who can send any frame to the NIC, and sees what it sends.
class Wire final : public fabric::Endpoint {
  public:
    void receive(const fabric::Frame& frame, std::uint64_t /*now_ns*/) override {
        frames.emplace_back();
        frames.back().assign(frame);
    }
    std::vector<fabric::OwnedFrame> frames;
};

class ForgedTest : public testing::Test {
  protected:
    ForgedTest() {
        nic.mac.connect(&link, fabric::End::b);
        link.attach(fabric::End::a, &wire);
        (void)nic.set_gid(index_ipv4, ipv4_gid(1));
        peer.address[5] = 2;
        const Connection connection{.sq_psn = 100};
        EXPECT_EQ(qp.to_init(connection), hw::MO_ST_OK);
        EXPECT_EQ(qp.to_rtr(connection, Pair::av_to(peer, index_ipv4), 0x77, 100), hw::MO_ST_OK);
        EXPECT_EQ(qp.to_rts(connection), hw::MO_ST_OK);
        route.sgid = ipv4_gid(2);
        route.dgid = ipv4_gid(1);
        headers.bth.dest_qp = qp.number;
        headers.bth.psn = 100;
        headers.bth.ack_request = true;
        headers.reth = {memory.iova(), memory.key, 16};
    }
    /// Arrives before the NIC has its next turn.
    void arrive(Opcode opcode, const Buffer& payload = {}) {
        headers.bth.opcode = opcode;
        const fabric::Bytes bytes(payload);
        link.send(fabric::End::a, buffer.build(route, headers, std::span(&bytes, 1), Making::bytes),
                  nic.now);
        nic.end_round();
    }
    void inject(Opcode opcode, const Buffer& payload = {}) {
        arrive(opcode, payload);
        for (int i = 0; i < 10; ++i) {
            (void)nic.poll();
        }
    }
    /// The packet was dropped and counted in `counter`: nobody answers, nothing has changed.
    void expect_dropped(std::uint64_t RdmaCounters::* counter) {
        EXPECT_EQ(nic.block.counters().*counter, ++dropped[counter_index(counter)]);
        EXPECT_TRUE(wire.frames.empty());
        EXPECT_EQ(qp.state(), hw::MO_QPS_RTS);
        EXPECT_EQ(qp.query().rq_psn, 100U);
        EXPECT_EQ(memory.read(0, 64), Buffer(64, TestNic::poison));
    }
    std::size_t counter_index(std::uint64_t RdmaCounters::* counter) {
        const RdmaCounters base;
        return static_cast<std::size_t>(&(base.*counter) -
                                        reinterpret_cast<const std::uint64_t*>(&base));
    }
    /// The syndrome of the only answer, with its number.
    std::uint8_t answer(std::uint32_t psn) {
        Packet packet;
        EXPECT_EQ(wire.frames.size(), 1U);
        if (wire.frames.empty()) {
            return 0;
        }
        const fabric::Frame frame = wire.frames.back().view();
        EXPECT_EQ(parse(frame, packet), Fault::none);
        EXPECT_TRUE(icrc_right(frame, packet));
        EXPECT_EQ(packet.headers.bth.psn, psn);
        EXPECT_EQ(packet.headers.bth.dest_qp, 0x77U);
        EXPECT_EQ(packet.op->opcode, Opcode::rc_acknowledge);
        const auto syndrome = packet.headers.aeth.syndrome;
        wire.frames.clear();
        return syndrome;
    }
    void expect_refused(Nak code, std::uint32_t psn = 100) {
        EXPECT_EQ(answer(psn), syndrome_of(code));
        EXPECT_EQ(qp.state(), hw::MO_QPS_ERR);
        EXPECT_EQ(memory.read(0, 64), Buffer(64, TestNic::poison));
    }

    fabric::Link link{"wire"};
    Wire wire;
    TestNic nic{all_features, 16U << 20};
    TestNic peer{all_features, 1U << 20};
    HostQp qp{nic};
    Region memory{nic, 1U << 16, {.iova = 0x7000}};
    Route route;
    Headers headers;
    PacketBuffer buffer;
    std::map<std::size_t, std::uint64_t> dropped;
};

TEST_F(ForgedTest, AnHonestPacketIsExecuted) {
    inject(Opcode::rc_write_only, pattern(16, 1));
    EXPECT_EQ(answer(100), syndrome_ack);
    EXPECT_EQ(memory.read(0, 16), pattern(16, 1));
}

/// IBA 9.7.4.1.1: a duplicate that was long on its way takes no place from new requests.
TEST_F(ForgedTest, LateDuplicatesOfFetchesAreHarmless) {
    constexpr std::uint32_t slots = 16; // as was agreed
    memory.write(0, pattern(16, 1));
    const auto is_read = [](std::uint32_t number) { return number % 3 != 0; };
    const auto ask = [&](std::uint32_t number) {
        headers.bth.psn = 100 + number;
        headers.reth = {memory.iova(), memory.key, 16};
        headers.atomic = {memory.iova(1024 - 0x7000 % 8), memory.key, 1, 0};
        arrive(is_read(number) ? Opcode::rc_read_request : Opcode::rc_fetch_add);
    };
    memory.set_word(1024, 0);
    std::uint32_t next = 0;
    for (; next < slots; ++next) {
        ask(next);
    }
    (void)nic.poll();
    ASSERT_EQ(wire.frames.size(), slots);
    for (unsigned round = 0; round < 40; ++round) {
        wire.frames.clear();
        for (std::uint32_t late = next - slots; late < next; late += 1 + round % 3) {
            ask(late);
        }
        for (std::uint32_t i = 0; i <= round % slots; ++i) {
            ask(next++);
        }
        (void)nic.poll();
        ASSERT_EQ(qp.state(), hw::MO_QPS_RTS) << round;
        // New ones are answered once, in order; and nothing is executed twice.
        std::uint32_t expected = next - round % slots - 1;
        for (auto& frame : wire.frames) {
            Packet packet;
            const fabric::Frame view = frame.view();
            ASSERT_EQ(parse(view, packet), Fault::none);
            const std::uint32_t number = packet.headers.bth.psn - 100;
            ASSERT_EQ(packet.op->opcode, is_read(number) ? Opcode::rc_read_response_only
                                                         : Opcode::rc_atomic_acknowledge);
            if (number >= next - round % slots - 1) {
                ASSERT_EQ(number, expected++);
            }
        }
        ASSERT_EQ(expected, next);
    }
    EXPECT_EQ(memory.word(1024), (next + 2) / 3);
}

/// More than was agreed at once is an error still, with duplicates between them.
TEST_F(ForgedTest, MoreFetchesThanAgreedAreRefused) {
    for (std::uint32_t number = 0; number <= 16; ++number) {
        headers.bth.psn = 100 + number;
        arrive(Opcode::rc_read_request);
        headers.bth.psn = 100;
        arrive(Opcode::rc_read_request);
    }
    for (int i = 0; i < 3; ++i) {
        (void)nic.poll();
    }
    EXPECT_EQ(qp.state(), hw::MO_QPS_ERR);
}

/// The peer had its answer, and the region is gone since.
TEST_F(ForgedTest, LateDuplicateOfAReadOfAnEndedRegion) {
    inject(Opcode::rc_read_request);
    ASSERT_EQ(wire.frames.size(), 1U);
    wire.frames.clear();
    ASSERT_EQ(memory.destroy(), hw::MO_ST_OK);
    inject(Opcode::rc_read_request);
    EXPECT_EQ(answer(100), syndrome_of(Nak::remote_access)); // of no use to who has the answer
    EXPECT_EQ(qp.state(), hw::MO_QPS_RTS);
    headers.bth.psn = 101;
    headers.reth.length = 0;
    inject(Opcode::rc_write_only);
    EXPECT_EQ(answer(101), syndrome_ack);
}

TEST_F(ForgedTest, WrongNumbersAndAddresses) {
    for (const std::uint32_t number : {0U, 2U, qp.number ^ 0x10000U, qp.rq_object, 0xffffffU}) {
        headers.bth.dest_qp = number;
        inject(Opcode::rc_write_only, pattern(16, 1));
        expect_dropped(&RdmaCounters::rx_no_qp);
    }
    headers.bth.dest_qp = qp.number;
    route.sgid = ipv4_gid(3);
    inject(Opcode::rc_write_only, pattern(16, 1));
    expect_dropped(&RdmaCounters::rx_wrong_source);
    (void)nic.set_gid(5, ipv4_gid(9));
    route.sgid = ipv4_gid(2);
    route.dgid = ipv4_gid(9); // ours, but not the QP's
    inject(Opcode::rc_write_only, pattern(16, 1));
    expect_dropped(&RdmaCounters::rx_wrong_source);
    route.dgid = ipv4_gid(1);
    headers.bth.pkey = 0x1234;
    inject(Opcode::rc_write_only, pattern(16, 1));
    expect_dropped(&RdmaCounters::rx_pkey_errors);
    headers.bth.pkey = 0x7fff; // a limited member
    inject(Opcode::rc_write_only, pattern(16, 1));
    EXPECT_EQ(answer(100), syndrome_ack);
}

TEST_F(ForgedTest, WrongKindOfQp) {
    headers.deth.qkey = 0x11111111;
    inject(Opcode::ud_send_only, pattern(16, 1));
    expect_dropped(&RdmaCounters::rx_no_qp);
    HostQp datagram(nic, {.type = hw::MO_QPT_UD});
    const Connection connection;
    ASSERT_EQ(datagram.to_init(connection), hw::MO_ST_OK);
    ASSERT_EQ(datagram.to_rtr(connection, {}, 0, 0), hw::MO_ST_OK);
    headers.bth.dest_qp = datagram.number;
    inject(Opcode::rc_write_only, pattern(16, 1));
    expect_dropped(&RdmaCounters::rx_no_qp);
}

TEST_F(ForgedTest, DamagedPackets) {
    headers.bth.opcode = Opcode::rc_write_only;
    const Buffer payload = pattern(16, 1);
    const fabric::Bytes bytes(payload);
    const fabric::Frame good = buffer.build(route, headers, std::span(&bytes, 1), Making::bytes);
    fabric::OwnedFrame frame;
    for (std::size_t at = 14; at < good.length; ++at) {
        constexpr std::size_t congestion_bits = 46; // FECN and BECN change on the way
        if (at == congestion_bits) {
            continue;
        }
        frame.assign(good);
        frame.bytes()[at] ^= std::byte{0x40};
        link.send(fabric::End::a, frame.view(), nic.now);
        (void)nic.poll();
        ASSERT_EQ(memory.read(0, 16), Buffer(16, TestNic::poison)) << at;
        ASSERT_EQ(qp.query().rq_psn, 100U) << at;
    }
    EXPECT_GT(nic.block.counters().rx_icrc_errors, 10U);
}

TEST_F(ForgedTest, AheadIsSaidOnce) {
    headers.bth.psn = 105;
    inject(Opcode::rc_write_only, pattern(16, 1));
    EXPECT_EQ(answer(100), syndrome_of(Nak::psn_sequence));
    inject(Opcode::rc_write_only, pattern(16, 1));
    EXPECT_TRUE(wire.frames.empty());
    EXPECT_EQ(memory.read(0, 16), Buffer(16, TestNic::poison));
    headers.bth.psn = 100;
    inject(Opcode::rc_write_only, pattern(16, 1));
    EXPECT_EQ(answer(100), syndrome_ack);
    // A duplicate is answered again with the newest number, and not executed.
    memory.write(0, Buffer(16, TestNic::poison));
    inject(Opcode::rc_write_only, pattern(16, 1));
    EXPECT_EQ(answer(100), syndrome_ack);
    EXPECT_EQ(memory.read(0, 16), Buffer(16, TestNic::poison));
    EXPECT_EQ(nic.block.counters().rx_duplicate, 1U);
}

TEST_F(ForgedTest, MiddleOfNothing) {
    inject(Opcode::rc_write_middle, pattern(1024, 1));
    expect_refused(Nak::invalid_request);
}

TEST_F(ForgedTest, BeginningInAMessage) {
    headers.reth.length = 3000;
    headers.bth.ack_request = false;
    inject(Opcode::rc_write_first, pattern(1024, 1));
    headers.bth.psn = 101;
    memory.write(0, Buffer(1024, TestNic::poison));
    inject(Opcode::rc_write_only, pattern(16, 1));
    expect_refused(Nak::invalid_request, 101);
}

TEST_F(ForgedTest, SendInAWrite) {
    headers.reth.length = 3000;
    headers.bth.ack_request = false;
    inject(Opcode::rc_write_first, pattern(1024, 1));
    memory.write(0, Buffer(1024, TestNic::poison));
    headers.bth.psn = 101;
    inject(Opcode::rc_send_last, pattern(16, 1));
    expect_refused(Nak::invalid_request, 101);
}

TEST_F(ForgedTest, FirstThatIsNotFull) {
    headers.reth.length = 3000;
    inject(Opcode::rc_write_first, pattern(1000, 1));
    expect_refused(Nak::invalid_request);
}

TEST_F(ForgedTest, LongerThanThePathMtu) {
    headers.reth.length = 1028;
    inject(Opcode::rc_write_only, pattern(1028, 1));
    expect_refused(Nak::invalid_request);
}

TEST_F(ForgedTest, LengthThatIsNotTheRequests) {
    headers.reth.length = 20;
    inject(Opcode::rc_write_only, pattern(16, 1));
    expect_refused(Nak::invalid_request);
}

TEST_F(ForgedTest, MoreThanTheRequestSaid) {
    headers.reth.length = 1100;
    headers.bth.ack_request = false;
    inject(Opcode::rc_write_first, pattern(1024, 1));
    memory.write(0, Buffer(1024, TestNic::poison));
    headers.bth.psn = 101;
    inject(Opcode::rc_write_middle, pattern(1024, 1));
    expect_refused(Nak::invalid_request, 101);
    EXPECT_EQ(memory.read(1024, 64), Buffer(64, TestNic::poison));
}

TEST_F(ForgedTest, MessageLongerThanAllowed) {
    headers.reth.length = 0x80000001U;
    inject(Opcode::rc_read_request);
    expect_refused(Nak::invalid_request);
}

TEST_F(ForgedTest, ReadBeyondTheRegion) {
    headers.reth.length = 1U << 17;
    inject(Opcode::rc_read_request);
    expect_refused(Nak::remote_access);
}

TEST_F(ForgedTest, ZeroLengthNeedsNoKey) {
    headers.reth = {0xdead, 0xbad, 0};
    inject(Opcode::rc_write_only);
    EXPECT_EQ(answer(100), syndrome_ack);
    headers.bth.psn = 101;
    inject(Opcode::rc_read_request);
    ASSERT_EQ(wire.frames.size(), 1U);
    Packet packet;
    ASSERT_EQ(parse(wire.frames[0].view(), packet), Fault::none);
    EXPECT_EQ(packet.op->opcode, Opcode::rc_read_response_only);
    EXPECT_EQ(packet.payload_bytes, 0U);
}

TEST_F(ForgedTest, DuplicateReadsAskForNothingElse) {
    headers.reth.length = 3000;
    inject(Opcode::rc_read_request);
    EXPECT_EQ(wire.frames.size(), 3U);
    wire.frames.clear();
    const Reth honest = headers.reth;
    const auto silent = [&](const Reth& reth, std::uint32_t psn) {
        headers.reth = reth;
        headers.bth.psn = psn;
        inject(Opcode::rc_read_request);
        EXPECT_TRUE(wire.frames.empty());
    };
    silent({honest.address + 1, honest.rkey, 3000}, 100);
    silent({honest.address, honest.rkey, 3001}, 100);
    silent({honest.address, honest.rkey ^ 1U, 3000}, 100);
    silent({honest.address, honest.rkey, 3000}, 101);
    headers.reth = {honest.address + 1024, honest.rkey, 3000 - 1024};
    headers.bth.psn = 101;
    inject(Opcode::rc_read_request);
    EXPECT_EQ(wire.frames.size(), 2U);
    Packet packet;
    ASSERT_EQ(parse(wire.frames[0].view(), packet), Fault::none);
    EXPECT_EQ(packet.op->opcode, Opcode::rc_read_response_first);
    EXPECT_EQ(packet.headers.bth.psn, 101U);
}

TEST_F(ForgedTest, AtomicsAreNotExecutedTwice) {
    memory.set_word(8, 5);
    headers.atomic = {memory.iova(8), memory.key, 3, 0};
    for (int i = 0; i < 3; ++i) {
        inject(Opcode::rc_fetch_add);
        ASSERT_EQ(wire.frames.size(), 1U);
        Packet packet;
        ASSERT_EQ(parse(wire.frames[0].view(), packet), Fault::none);
        EXPECT_EQ(packet.op->opcode, Opcode::rc_atomic_acknowledge);
        EXPECT_EQ(packet.headers.atomic_result, 5U);
        EXPECT_EQ(memory.word(8), 8U);
        wire.frames.clear();
    }
}

TEST_F(ForgedTest, AnswersToNothing) {
    headers.bth.psn = 99;
    for (const unsigned syndrome : {0x1f, 0x00, 0x2c, 0x60, 0x61, 0x63, 0x40, 0x7f, 0xff}) {
        headers.aeth.syndrome = static_cast<std::uint8_t>(syndrome);
        for (const std::uint32_t psn : {99U, 100U, 101U, 0x800100U}) {
            headers.bth.psn = psn;
            inject(Opcode::rc_acknowledge);
            inject(Opcode::rc_atomic_acknowledge);
            inject(Opcode::rc_read_response_only, pattern(8, 1));
            inject(Opcode::rc_read_response_middle, pattern(1024, 1));
        }
    }
    EXPECT_EQ(qp.state(), hw::MO_QPS_RTS);
    EXPECT_TRUE(wire.frames.empty());
    // The connection still works.
    headers.bth.psn = 100;
    headers.reth.length = 16;
    inject(Opcode::rc_write_only, pattern(16, 1));
    EXPECT_EQ(answer(100), syndrome_ack);
}

TEST_F(ForgedTest, AnswersThatDoNotFit) {
    Region local(nic, 8192);
    const auto post = [&](hw::mo_wr opcode, std::uint32_t length) {
        qp.post({.opcode = opcode,
                 .sges = {{local.iova(), length, local.key}},
                 .remote_address = 0x1000,
                 .rkey = 0x100});
        (void)nic.poll();
        EXPECT_EQ(wire.frames.size(), 1U);
        wire.frames.clear();
    };
    post(hw::MO_WR_READ, 3000);
    headers.aeth.syndrome = syndrome_ack;
    inject(Opcode::rc_read_response_first, pattern(1024, 1));
    EXPECT_EQ(local.read(0, 1024), pattern(1024, 1));
    // An ACK of the READ's own numbers is no answer to it.
    headers.bth.psn = 101;
    inject(Opcode::rc_acknowledge);
    EXPECT_FALSE(qp.send_cq.next());
    wire.frames.clear();
    inject(Opcode::rc_read_response_middle, pattern(1000, 1));
    const auto cqe = qp.send_cq.next();
    ASSERT_TRUE(cqe);
    EXPECT_EQ(cqe->status, hw::MO_WC_BAD_RESP_ERR);
    EXPECT_EQ(cqe->error, hw::MO_QPE_RESPONSE);
    EXPECT_EQ(local.read(1024, 100), Buffer(100, TestNic::poison));
}

/// Valid headers in any order with any field: only the region of the key may change.
TEST_F(ForgedTest, RandomPackets) {
    std::mt19937 random(3);
    const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
    Region receive(nic, 4096, {.access = MO_ACCESS_LOCAL_WRITE, .iova = 0x9000});
    const Buffer guard(4096, std::byte{0x3c});
    const std::uint64_t beside = nic.allocate(4096, 4096);
    std::memcpy(nic.at(beside), guard.data(), guard.size());
    for (int round = 0; round < 30'000; ++round) {
        if (round % 50 == 0) {
            ASSERT_EQ(qp.to(hw::MO_QPS_ERR), hw::MO_ST_OK);
            (void)nic.poll();
            ASSERT_EQ(qp.to(hw::MO_QPS_RESET), hw::MO_ST_OK);
            while (qp.recv_cq.next() || qp.send_cq.next()) {
            }
            const Connection connection{.rd_atomic = 2, .sq_psn = 100};
            ASSERT_EQ(qp.to_init(connection), hw::MO_ST_OK);
            ASSERT_EQ(qp.to_rtr(connection, Pair::av_to(peer, index_ipv4), 0x77, 100),
                      hw::MO_ST_OK);
            ASSERT_EQ(qp.to_rts(connection), hw::MO_ST_OK);
            for (int i = 0; i < 4; ++i) {
                qp.post_receive({{receive.iova(), 2000, receive.key}});
            }
            qp.post({.opcode = hw::MO_WR_READ,
                     .sges = {{receive.iova(), 2000, receive.key}},
                     .remote_address = 1,
                     .rkey = 2});
        }
        const OpcodeInfo* op = nullptr;
        while (op == nullptr) {
            op = find_opcode(static_cast<std::uint8_t>(below(256)));
        }
        headers.bth.psn = psn_add(qp.query().rq_psn, static_cast<int>(below(5)) - 2);
        if (op->response()) {
            headers.bth.psn = 100 + below(4);
        }
        headers.bth.dest_qp = below(20) == 0 ? random() & psn_mask : qp.number;
        headers.bth.ack_request = below(2) == 0;
        headers.reth = {below(4) == 0 ? random() : memory.iova(below(1U << 16)),
                        below(8) == 0 ? static_cast<std::uint32_t>(random()) : memory.key,
                        below(4) == 0 ? static_cast<std::uint32_t>(random()) : below(4000)};
        headers.atomic = {headers.reth.address & ~(std::uint64_t{below(2)} * 7), headers.reth.rkey,
                          random(), random()};
        headers.aeth.syndrome = static_cast<std::uint8_t>(below(128));
        headers.invalidate = memory.key;
        const std::uint32_t size = !op->payload ? 0 : (below(2) == 0 ? 1024 : below(2000));
        inject(op->opcode, Buffer(size, std::byte{0x55}));
        wire.frames.clear();
        nic.events.clear();
    }
    EXPECT_EQ(std::memcmp(nic.at(beside), guard.data(), guard.size()), 0);
    EXPECT_TRUE(nic.faults.empty());
}

/// Nothing but what was asked for goes out: the memory beside it is poisoned.
TEST_F(ForgedTest, NothingElseIsOnTheWire) {
    Region local(nic, 30000);
    local.write(0, Buffer(30000, TestNic::poison));
    const auto clean = [&] {
        for (auto& frame : wire.frames) {
            for (const std::byte byte : frame.bytes()) {
                ASSERT_NE(byte, TestNic::poison);
            }
        }
        wire.frames.clear();
    };
    headers.bth.psn = 100;
    for (std::uint32_t size = 1; size < 5000; size = size * 3 / 2 + 1) {
        memory.write(0, Buffer(1U << 16, TestNic::poison));
        memory.write(777, Buffer(size, std::byte{0x11}));
        headers.reth = {memory.iova(777), memory.key, size};
        inject(Opcode::rc_read_request);
        headers.bth.psn += packets_of(size, 1024);
        EXPECT_FALSE(wire.frames.empty());
        clean();
    }
    const std::uint32_t psn = 100;
    local.write(333, Buffer(5000, std::byte{0x22}));
    qp.post({.opcode = hw::MO_WR_WRITE,
             .sges = {{local.iova(333), 4999, local.key}},
             .remote_address = 0x1000,
             .rkey = 0x100});
    (void)nic.poll();
    EXPECT_EQ(wire.frames.size(), 5U);
    clean();
    (void)psn;
}

} // namespace
} // namespace mo::nic::rdma::test
