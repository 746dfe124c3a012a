// SPDX-License-Identifier: GPL-2.0-or-later
// A hostile host: commands, entries, records and doorbells that are garbage, while frames of the
// peer are damaged. Nothing crashes or loops, nothing is written that no key opens, and a
// connection beside it goes on. Meant for the sanitizers as well.
#include <gtest/gtest.h>

#include <random>

#include "nic/rdma/tests/harness.hpp"

namespace mo::nic::rdma::test {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr int rounds = 2'000;
#else
constexpr int rounds = 10'000;
#endif

class GarbageTest : public testing::TestWithParam<std::uint64_t> {
  protected:
    std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); }
    bool one_in(std::uint32_t n) { return below(n) == 0; }

    using Words = std::array<hw::__le64, 6>;

    template <typename Body>
    static Words words_of(const Body& body) {
        Words words{};
        static_assert(sizeof body <= sizeof words);
        std::memcpy(static_cast<void*>(words.data()), &body, sizeof body);
        return words;
    }
    std::uint32_t any_of(const std::vector<std::uint32_t>& list) {
        return list.empty() ? below(1U << 24U) : list[list.size() - 1 - below(8) % list.size()];
    }
    /// The body of a command as a good driver would write it.
    Words honest(hw::mo_cmd opcode, std::uint64_t scratch) {
        const std::uint64_t somewhere = scratch + (below(1U << 15) & ~7U);
        switch (opcode) {
        case hw::MO_CMD_RDMA_CAPS: {
            hw::mo_cmd_dma body{};
            body.addr = somewhere;
            body.len = sizeof(hw::mo_rdma_caps);
            return words_of(body);
        }
        case hw::MO_CMD_GID_SET: {
            hw::mo_cmd_gid body{};
            body.gid[0] = 0x20;
            body.gid[15] = static_cast<std::uint8_t>(below(256));
            body.flags = static_cast<std::uint16_t>(below(4));
            return words_of(body);
        }
        case hw::MO_CMD_MCAST_ATTACH:
        case hw::MO_CMD_MCAST_DETACH: {
            hw::mo_cmd_mcast body{};
            body.gid[0] = 0xff;
            body.gid[15] = static_cast<std::uint8_t>(below(4));
            body.qp = one_in(2) ? ud.number : any_of(qps);
            return words_of(body);
        }
        case hw::MO_CMD_MR_CREATE: {
            hw::mo_cmd_mr body{};
            body.kind = static_cast<std::uint8_t>(below(3));
            body.pages = body.kind == hw::MO_MR_DMA ? 0 : 1 + below(3);
            body.page_shift = body.kind == hw::MO_MR_DMA ? 0 : 12;
            if (body.kind == hw::MO_MR_USER) {
                body.length = std::uint64_t{body.pages} << 12U;
                body.count = below(body.pages + 1);
                body.list = somewhere;
            }
            body.access = static_cast<std::uint8_t>(below(16));
            return words_of(body);
        }
        case hw::MO_CMD_MR_PAGES: {
            hw::mo_cmd_mr_pages body{};
            body.list = somewhere;
            body.key = any_of(keys);
            body.offset = below(2);
            body.count = 1;
            return words_of(body);
        }
        case hw::MO_CMD_MR_DESTROY: {
            hw::mo_cmd_key body{};
            body.key = any_of(keys);
            return words_of(body);
        }
        case hw::MO_CMD_QP_CREATE: {
            hw::mo_cmd_qp body = good_a.body;
            body.type = static_cast<std::uint8_t>(below(3));
            return words_of(body);
        }
        case hw::MO_CMD_QP_DESTROY: {
            hw::mo_cmd_object body{};
            body.object = any_of(qps);
            return words_of(body);
        }
        default: {
            hw::mo_cmd_qp_attr body{};
            body.addr = somewhere;
            body.qp = any_of(qps);
            auto& attr = pair.a.object<hw::mo_qp_attr>(somewhere);
            attr = {};
            attr.mask = one_in(2) ? hw::MO_QPA_STATE | hw::MO_QPA_PKEY | hw::MO_QPA_ACCESS
                                  : below(1U << 16U);
            attr.state = static_cast<std::uint8_t>(below(7));
            attr.path_mtu = 1024;
            return words_of(body);
        }
        }
    }

    std::vector<std::uint32_t> qps, keys;

    /// Some entries, of which one or the other has wrong bits.
    void post(HostQp& qp, const Region& from, const Region& to) {
        const std::uint32_t first = qp.tail;
        const std::uint32_t count = 1 + below(8);
        for (std::uint32_t i = 0; i < count; ++i) {
            SendWr wr;
            wr.opcode = static_cast<hw::mo_wr>(below(11));
            wr.flags = static_cast<std::uint8_t>(below(8));
            const std::uint32_t length = is_atomic(wr.opcode) ? 8 : below(5000);
            if (!is_local(wr.opcode)) {
                wr.sges = {{from.iova(below(1000)), length, from.key}};
            }
            wr.remote_address = to.iova(std::size_t{below(100)} * 8);
            wr.rkey = to.key;
            wr.imm = from.key;
            wr.ud.av = Pair::av_to(pair.b, static_cast<std::uint16_t>(below(3)));
            wr.ud.dest_qp = one_in(2) ? peer_ud.number : below(1U << 24U);
            wr.ud.qkey = 0x11111111;
            wr.reg.list = from.pages().front();
            wr.reg.count = below(2000);
            wr.reg.key = below(1U << 20U);
            wr.reg.page_shift = static_cast<std::uint8_t>(below(40));
            qp.write_send(wr);
        }
        if (one_in(6)) {
            std::byte* const at = qp.entry(false, first + below(count));
            for (std::uint32_t i = 0; i < 1 + below(4); ++i) {
                at[below(128)] ^= static_cast<std::byte>(1U << below(8));
            }
        }
        for (std::uint32_t i = 0; i < 4; ++i) {
            qp.write_receive({{from.iova(20000 + below(1000)), below(6000), from.key}});
            if (one_in(30)) {
                qp.entry(true, qp.rq_tail - 1)[below(32)] ^= static_cast<std::byte>(random());
            }
        }
    }
    void ring(HostQp& qp) {
        if (one_in(40)) {
            qp.record(one_in(2)).tail = static_cast<std::uint32_t>(random());
        }
        qp.ring(true);
        qp.ring();
        if (one_in(40)) {
            pair.a.block.doorbell(one_in(2) ? hw::MO_DB_SQ : hw::MO_DB_RQ,
                                  one_in(2) ? qp.number : qp.rq_object,
                                  static_cast<std::uint32_t>(random()));
        }
    }
    static void drain(HostQp& qp) {
        while (qp.send_cq.next()) {
        }
        while (qp.recv_cq.next()) {
        }
    }

    std::mt19937_64 random{11};
    Pair pair{GetParam(), 64U << 20};
    HostQp good_a{pair.a}, good_b{pair.b};
    HostQp x{pair.a, {.flags = MO_QPF_KERNEL, .cq_log = 12}}, y{pair.b, {.cq_log = 12}};
    HostQp ud{pair.a, {.type = hw::MO_QPT_UD, .cq_log = 12}};
    HostQp peer_ud{pair.b, {.type = hw::MO_QPT_UD, .cq_log = 12}};
    Region at_a{pair.a, 1U << 16, {.iova = 0x10000}}, at_b{pair.b, 1U << 16, {.iova = 0x20000}};
};

TEST_P(GarbageTest, EntriesRecordsAndDoorbells) {
    Pair::connect(good_a, good_b);
    const std::uint64_t beside_a = pair.a.allocate(4096, 4096);
    const std::uint64_t beside_b = pair.b.allocate(4096, 4096);
    std::memset(pair.a.at(beside_a), 0x3c, 4096);
    std::memset(pair.b.at(beside_b), 0x3c, 4096);
    const Buffer guard(4096, std::byte{0x3c});
    const Connection connection{.timeout = 5, .retry_cnt = 1, .rnr_retry = 1, .min_rnr_timer = 1};
    std::uint32_t failures = 0;
    std::uint32_t sent = 0;
    for (int round = 0; round < rounds; ++round) {
        if (x.state() != hw::MO_QPS_RTS || y.state() != hw::MO_QPS_RTS || round % 200 == 0) {
            ++failures;
            for (HostQp* const qp : {&x, &y}) {
                ASSERT_EQ(qp->to(hw::MO_QPS_ERR), hw::MO_ST_OK);
            }
            pair.run();
            for (HostQp* const qp : {&x, &y}) {
                ASSERT_EQ(qp->to(hw::MO_QPS_RESET), hw::MO_ST_OK);
                drain(*qp);
            }
            Pair::connect(x, y, connection);
        }
        for (HostQp* const qp : {&ud, &peer_ud}) {
            if (qp->state() != hw::MO_QPS_RTS) {
                ASSERT_EQ(qp->to(hw::MO_QPS_ERR), hw::MO_ST_OK);
                pair.run();
                ASSERT_EQ(qp->to(hw::MO_QPS_RESET), hw::MO_ST_OK);
                drain(*qp);
                ASSERT_EQ(qp->to_init(connection), hw::MO_ST_OK);
                ASSERT_EQ(qp->to_rtr(connection, {}, 0, 0), hw::MO_ST_OK);
                ASSERT_EQ(qp->to_rts(connection), hw::MO_ST_OK);
            }
        }
        post(x, at_a, at_b);
        post(y, at_b, at_a);
        post(ud, at_a, at_b);
        ring(x);
        y.ring(true);
        y.ring();
        ring(ud);
        if (round % 64 == 0) {
            good_a.post({.opcode = hw::MO_WR_WRITE,
                         .sges = {{at_a.iova(), 3000, at_a.key}},
                         .remote_address = at_b.iova(),
                         .rkey = at_b.key});
            ++sent;
        }
        pair.link.set_impairment(fabric::End::a, {.alter = one_in(4) ? 0.1 : 0, .seed = random()});
        ASSERT_LT(pair.run(20'000), 20'000U) << "does not come to rest";
        pair.link.set_impairment(fabric::End::a, {});
        pair.run_until(pair.a.now + 2'000'000);
        for (HostQp* const qp : {&x, &y, &ud, &peer_ud}) {
            drain(*qp);
        }
        pair.a.events.clear();
        pair.b.events.clear();
        pair.a.faults.clear();
        pair.b.faults.clear();
        while (const auto cqe = good_a.send_cq.next()) {
            ASSERT_EQ(cqe->status, hw::MO_WC_SUCCESS);
            --sent;
        }
        pair.a.release(); // what the driver allocated in the round
        pair.b.release();
    }
    pair.run_until(pair.a.now + 1'000'000'000);
    while (const auto cqe = good_a.send_cq.next()) {
        ASSERT_EQ(cqe->status, hw::MO_WC_SUCCESS);
        --sent;
    }
    EXPECT_EQ(sent, 0U);
    EXPECT_GT(failures, 20U);
    EXPECT_EQ(std::memcmp(pair.a.at(beside_a), guard.data(), 4096), 0);
    EXPECT_EQ(std::memcmp(pair.b.at(beside_b), guard.data(), 4096), 0);
}

TEST_P(GarbageTest, Commands) {
    Pair::connect(good_a, good_b);
    constexpr std::array opcodes{
        hw::MO_CMD_RDMA_CAPS, hw::MO_CMD_GID_SET,  hw::MO_CMD_MCAST_ATTACH, hw::MO_CMD_MCAST_DETACH,
        hw::MO_CMD_MR_CREATE, hw::MO_CMD_MR_PAGES, hw::MO_CMD_MR_DESTROY,   hw::MO_CMD_QP_CREATE,
        hw::MO_CMD_QP_MODIFY, hw::MO_CMD_QP_QUERY, hw::MO_CMD_QP_DESTROY};
    const std::uint64_t scratch = pair.a.allocate(1U << 16, 4096);
    std::uint32_t accepted = 0;
    for (int round = 0; round < rounds * 4; ++round) {
        // A command that may be right, with some bits wrong.
        const auto opcode = opcodes[below(opcodes.size())];
        Words body = honest(opcode, scratch);
        for (std::uint32_t wrong = below(3); wrong != 0; --wrong) {
            hw::__le64& word = body[below(static_cast<std::uint32_t>(body.size()))];
            word = one_in(3) ? random() : word ^ (std::uint64_t{1} << below(64));
        }
        if (opcode == hw::MO_CMD_GID_SET) {
            body[3] = (body[3] & ~std::uint64_t{0xffff}) | (8 + below(200)); // the others are used
        }
        for (int i = 0; i < 16; ++i) {
            pair.a.object<hw::__le64>(scratch + (below(1U << 16) & ~7U)) =
                one_in(2) ? scratch & ~std::uint64_t{4095} : random() & random();
        }
        hw::mo_res_qp result{};
        const auto status = pair.a.command(opcode, body, &result, sizeof result);
        accepted += status == hw::MO_ST_OK ? 1U : 0U;
        if (status == hw::MO_ST_OK && opcode == hw::MO_CMD_QP_CREATE) {
            qps.push_back(result.qp);
        } else if (status == hw::MO_ST_OK && opcode == hw::MO_CMD_MR_CREATE) {
            keys.push_back(result.qp); // the first word of either result
        }
        (void)pair.round();
        pair.a.events.clear();
        pair.a.faults.clear();
    }
    EXPECT_GT(accepted, static_cast<std::uint32_t>(rounds / 4));
    good_a.post({.opcode = hw::MO_WR_WRITE,
                 .sges = {{at_a.iova(), 3000, at_a.key}},
                 .remote_address = at_b.iova(),
                 .rkey = at_b.key});
    pair.run();
    const auto cqe = good_a.send_cq.next();
    EXPECT_TRUE(cqe && cqe->status == hw::MO_WC_SUCCESS);
}

INSTANTIATE_TEST_SUITE_P(Modes, GarbageTest, testing::Values(all_features, plain_features),
                         [](const auto& mode) {
                             return mode.param == all_features ? "shadow" : "mmio";
                         });

} // namespace
} // namespace mo::nic::rdma::test
