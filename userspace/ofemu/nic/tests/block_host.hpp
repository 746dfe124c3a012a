// SPDX-License-Identifier: GPL-2.0-or-later
// BlockHost: what stands around one datapath block in its tests: guest memory, completion queues,
// and the core of the NIC as far as a block asks it. Virtual time, one thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "nic/completion_queue.hpp"
#include "nic/event_sink.hpp"
#include "nic/queue_env.hpp"
#include "nic/tests/guest_ram.hpp"

namespace mo::nic::test {

class BlockHost : public QueueEnv, public EventSink {
  public:
    static constexpr std::uint64_t ram_base = 0x1'0000'0000;

    /// Guest memory of `ram_size` bytes; its beginning is mapped as a whole.
    BlockHost(std::size_t ram_size, std::uint64_t features, std::uint64_t now_ns)
        : ram(ram_size), now(now_ns), features_(features) {
        if (!map.map_memory(ram_base, ram.bytes())) {
            throw std::runtime_error("cannot map");
        }
        map.set_bus_master(true);
    }
    BlockHost(const BlockHost&) = delete;
    BlockHost& operator=(const BlockHost&) = delete;

    // Guest memory.
    std::uint64_t allocate(std::size_t size, std::size_t alignment = 64) {
        if (guarded_) {
            alignment = std::max(alignment, GuestRam::page);
            size = GuestRam::round(size);
        }
        next_ = (next_ + alignment - 1) & ~(alignment - 1);
        const std::uint64_t at = ram_base + next_;
        next_ += size;
        if (next_ > ram.size()) {
            throw std::runtime_error("test memory is too small");
        }
        if (guarded_) {
            pieces.add(at, size);
        }
        return at;
    }
    /// Memory that was allocated after keep() is free again.
    void keep() { kept_ = next_; }
    void release() {
        if (kept_ == 0) {
            keep();
        }
        next_ = kept_;
    }
    /// From here on each allocation is a piece of pages of its own, mapped by itself, and nothing
    /// else is mapped.
    void guard() {
        map.unmap_all();
        guarded_ = true;
    }
    /// As a host that takes the piece that begins at `at` back: it may not be touched afterwards.
    void unmap(std::uint64_t at) {
        const auto [start, size] = pieces.piece(at);
        datapath().dma_unmapping(start, size);
        end_round();
        pieces.remove(start);
    }
    std::byte* at(std::uint64_t iova) { return ram.data() + (iova - ram_base); }
    template <typename T>
    T& object(std::uint64_t iova) {
        return *reinterpret_cast<T*>(at(iova));
    }

    // What the core does.
    template <typename Body>
    hw::mo_status command(hw::mo_cmd opcode, const Body& body, void* result = nullptr,
                          std::size_t result_size = 0, std::uint8_t trailing = 0) {
        hw::mo_cmd_desc desc{};
        desc.hdr.opcode = static_cast<std::uint16_t>(opcode);
        static_assert(sizeof body < sizeof desc.body);
        std::memcpy(static_cast<void*>(desc.body), &body, sizeof body);
        desc.body[sizeof desc.body - 1] = trailing;
        std::array<std::byte, 48> out{};
        const auto status = datapath().command(desc, out, now);
        if (result != nullptr) {
            std::memcpy(result, out.data(), result_size);
        }
        end_round();
        return status;
    }
    bool poll(unsigned budget) {
        const bool worked = datapath().poll(now, budget);
        end_round();
        return worked;
    }
    void end_round() {
        datapath().finish_round(now);
        std::erase_if(flushes_, [this](CompletionQueue* queue) {
            queue->flush(now);
            return queue->deadline_ns() == ~std::uint64_t{0};
        });
        dma_.end_round();
    }
    /// A function reset. Memory stays.
    void reset() {
        dma_.end_round();
        flushes_.clear();
        cqs.clear();
        datapath().reset();
        dma_.end_round();
    }

    // QueueEnv
    DmaAccess& dma() override { return dma_; }
    CompletionQueue* cq(std::uint32_t number) override {
        const auto found = cqs.find(number);
        return found == cqs.end() ? nullptr : found->second.get();
    }
    std::uint32_t db_pages() const override { return 16; }
    void dma_fault(std::uint32_t number, const pcie::DmaFault& fault) override {
        faults.emplace_back(number, fault.iova);
    }
    std::uint64_t features() const override { return features_; }
    bool working() override { return !stopped && dma_.allowed(); }
    const PortState& port(std::uint8_t /*number*/) const override { return gate; }
    NicCounters& counters() override { return nic_counters; }

    GuestRam ram;
    pcie::DmaMap map;
    GuestPieces pieces{ram, ram_base, map};
    std::uint64_t now;
    bool stopped = false; ///< by a fatal error
    PortState gate{{.receive = true, .transmit = true}, {}, 800000};
    NicCounters nic_counters;
    std::map<std::uint32_t, std::unique_ptr<CompletionQueue>> cqs;
    std::map<std::uint32_t, CompletionQueueConfig> cq_configs;
    std::vector<std::pair<std::uint32_t, std::uint64_t>> faults;
    std::uint64_t comp_events = 0;

  protected:
    ~BlockHost() = default;

    [[nodiscard]] virtual DatapathBlock& datapath() = 0;

    /// A completion queue of this number, in memory of its own.
    void add_cq(std::uint32_t number, std::uint8_t size_log, std::uint8_t entry_log) {
        const std::size_t size = std::size_t{1} << (size_log + entry_log);
        CompletionQueueConfig config;
        config.ring = {allocate(size, 4096), size_log, entry_log};
        config.record = allocate(sizeof(hw::mo_arm_rec));
        config.object = number;
        std::memset(at(config.ring.base), 0, size);
        std::memset(at(config.record), 0, sizeof(hw::mo_arm_rec));
        cq_configs[number] = config;
        cqs[number] = std::make_unique<CompletionQueue>(std::move(config), dma_, *this);
    }

  private:
    void completion_event(std::uint32_t /*eq*/, std::uint32_t /*cq*/) override { ++comp_events; }
    void report_dma_fault(std::uint32_t number, const pcie::DmaFault& fault) override {
        dma_fault(number, fault);
    }
    void fatal(hw::mo_fatal /*why*/) override {}
    void wants_flush(CompletionQueue& queue) override { flushes_.insert(&queue); }
    void twist_completion(std::span<std::byte> /*entry*/) override {}
    void twist_event(hw::mo_eqe& /*event*/) override {}
    NicCounters& event_counters() override { return nic_counters; }

    std::size_t next_ = 4096;
    std::size_t kept_ = 0;
    bool guarded_ = false;
    std::uint64_t features_;
    DmaAccess dma_{map};
    std::set<CompletionQueue*> flushes_;
};

} // namespace mo::nic::test
