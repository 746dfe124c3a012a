// SPDX-License-Identifier: GPL-2.0-or-later
// A NIC in this process with an engine in virtual time, and a datapath block whose queues do
// nothing but complete what they are given.
#pragma once

#include <gtest/gtest.h>

#include <map>

#include "tests/driver.hpp"

namespace mo::nic::test {

/// A block with transmit queues that post one completion for each tail step.
class EchoBlock final : public DatapathBlock {
  public:
    explicit EchoBlock(QueueEnv& env) : env_(env) {}

    struct Queue {
        std::uint64_t record = 0;
        std::uint32_t cq = 0;
        std::uint32_t head = 0;
        std::uint32_t tail = 0;
        std::uint32_t published = ~0U;
        bool solicited = false;
    };
    std::map<std::uint32_t, Queue> queues;
    unsigned doorbells = 0;
    unsigned resets = 0;

    hw::mo_status command(const hw::mo_cmd_desc& desc, CommandResult result,
                          std::uint64_t /*now_ns*/) override {
        if (desc.hdr.opcode == hw::MO_CMD_TXQ_DESTROY) {
            const auto body = body_of<hw::mo_cmd_object>(desc);
            const auto found = queues.find(body.object);
            if (found == queues.end()) {
                return hw::MO_ST_BAD_OBJECT;
            }
            env_.cq(found->second.cq)->detach();
            queues.erase(found);
            env_.destroy_object(body.object);
            return hw::MO_ST_OK;
        }
        const auto body = body_of<hw::mo_cmd_queue>(desc);
        CompletionQueue* const cq = env_.cq(body.cq);
        if (cq == nullptr) {
            return hw::MO_ST_BAD_OBJECT;
        }
        const auto object = env_.create_object(hw::MO_DB_SQ, body.db_page);
        if (!object) {
            return hw::MO_ST_NO_RESOURCE;
        }
        cq->attach();
        queues[*object] = {body.rec, body.cq, 0, 0, ~0U, body.buf_len != 0};
        put_result(result, hw::mo_res_create{*object});
        return hw::MO_ST_OK;
    }
    bool handles(std::uint16_t opcode) const override {
        return opcode == hw::MO_CMD_TXQ_CREATE || opcode == hw::MO_CMD_TXQ_DESTROY;
    }
    void doorbell(hw::mo_doorbell /*kind*/, std::uint32_t object, std::uint32_t index) override {
        ++doorbells;
        if (!env_.shadow_doorbells()) {
            queues.at(object).tail = index;
        }
    }
    bool load(Queue& queue) {
        const auto tail = env_.dma()->load_acquire<Le<std::uint32_t>>(queue.record);
        const bool changed = tail && tail->value() != queue.tail;
        if (changed) {
            queue.tail = tail->value();
        }
        return changed;
    }
    bool poll(std::uint64_t /*now_ns*/, unsigned budget) override {
        bool any = false;
        for (auto& [object, queue] : queues) {
            if (env_.shadow_doorbells()) {
                (void)load(queue);
            }
            for (unsigned i = 0; i < budget && queue.head != queue.tail; ++i) {
                any = true;
                hw::mo_eth_cqe cqe{};
                cqe.type = MO_CQE_TX;
                cqe.index = ++queue.head;
                if (!env_.cq(queue.cq)->post(std::as_bytes(std::span(&cqe, 1)), queue.solicited)) {
                    env_.queue_error(object, 0, hw::MO_QERR_CQ);
                    queue.head = queue.tail;
                }
            }
        }
        return any;
    }
    void publish_events() override {
        for (auto& [object, queue] : queues) {
            if (queue.published != queue.tail) {
                queue.published = queue.tail;
                (void)env_.dma()->store_release(queue.record + offsetof(hw::mo_db_rec, event),
                                                Le<std::uint32_t>(queue.tail));
            }
        }
    }
    bool work_arrived() override {
        bool any = false;
        for (auto& [object, queue] : queues) {
            any |= load(queue);
        }
        return any;
    }
    std::uint64_t next_deadline_ns() const override { return ~std::uint64_t{0}; }
    void reset() override {
        ++resets;
        queues.clear();
    }
    void port_changed(std::uint8_t /*number*/, std::uint64_t /*now_ns*/) override {}
    void dma_unmapping(std::uint64_t /*iova*/, std::uint64_t /*size*/) override {}
    void identify(hw::mo_identify& out) const override { out.max_txq = 77; }
    void read_stats(std::uint8_t /*port*/, hw::mo_port_stats& out) const override {
        out.tx_frames = 123;
    }

  private:
    QueueEnv& env_;
};

inline NicConfig test_config() {
    NicConfig config;
    config.name = "test";
    config.mac = {2, 0, 0, 0, 0, 1};
    config.serial = "MO-TEST";
    return config;
}

inline constexpr std::uint64_t all_features = hw::MO_F_SHADOW_DB | hw::MO_F_MGMT | hw::MO_F_ETH;
inline constexpr std::uint64_t plain_features = hw::MO_F_MGMT | hw::MO_F_ETH;

/// Tests with the parameter: MO_F_* that the driver accepts.
class NicTest : public testing::TestWithParam<std::uint64_t> {
  protected:
    NicTest() {
        nic_.attach(block_, hw::MO_F_ETH);
        engine_.add(nic_);
        driver_.bring_up(GetParam());
    }

    /// A transmit queue of the echo block; its record is `record`.
    std::uint32_t create_queue(std::uint32_t cq, std::uint64_t record, std::uint32_t page = 0,
                               bool solicited = false) {
        hw::mo_cmd_queue body{};
        body.cq = cq;
        body.rec = record;
        body.db_page = page;
        body.buf_len = solicited ? 1U : 0U;
        const auto done = driver_.call(hw::MO_CMD_TXQ_CREATE, body);
        EXPECT_EQ(done.status, hw::MO_ST_OK);
        return Driver::result<hw::mo_res_create>(done).object;
    }
    /// Moves a queue's tail as a driver does.
    void advance(std::uint32_t object, std::uint64_t record, std::uint32_t tail,
                 std::uint32_t old) {
        auto& rec = bus_.at<hw::mo_db_rec>(record);
        rec.tail = tail;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (!driver_.shadow() || hw::mo_db_needed(rec.event, tail, old) != 0) {
            driver_.doorbell(hw::MO_DB_SQ, object, tail);
        }
        bus_.progress();
    }

    ManualClock clock_;
    Engine engine_{clock_, 0};
    Nic nic_{test_config(), engine_};
    EchoBlock block_{nic_};
    LocalBus bus_{nic_, engine_};
    Driver driver_{bus_};
};

inline std::string mode_name(const testing::TestParamInfo<std::uint64_t>& info) {
    return (info.param & hw::MO_F_SHADOW_DB) != 0 ? "shadow" : "mmio";
}

} // namespace mo::nic::test
