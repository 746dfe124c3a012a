// SPDX-License-Identifier: GPL-2.0-or-later
// Bus: how the test driver reaches a NIC: in this process with a clock of its own, or by
// vfio-user. What is mapped for DMA is one block of memory.
#pragma once

#include <chrono>
#include <cstring>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>
#include <unistd.h>

#include "nic/engine.hpp"
#include "nic/nic.hpp"
#include "pcie/in_process.hpp"
#include "vfio_user/client.hpp"

namespace mo::nic::test {

class Bus {
  public:
    static constexpr std::uint64_t ram_base = 0x10000;

    virtual ~Bus() = default;
    virtual std::uint32_t read32(unsigned bar, std::uint64_t offset) = 0;
    virtual void write32(unsigned bar, std::uint64_t offset, std::uint32_t value) = 0;
    virtual void write64(unsigned bar, std::uint64_t offset, std::uint64_t value) = 0;
    /// Lets the device work: a settled engine, or a short wait.
    virtual void progress() = 0;
    [[nodiscard]] virtual std::uint64_t interrupts(std::uint32_t vector) = 0;
    [[nodiscard]] virtual std::span<std::byte> ram() = 0;
    /// COMMAND: memory space and bus mastering, after a reset.
    virtual void enable() = 0;

    [[nodiscard]] std::uint64_t allocate(std::size_t size, std::size_t alignment = 4096) {
        next_ = (next_ + alignment - 1) / alignment * alignment;
        const std::uint64_t place = next_;
        next_ += size;
        if (next_ - ram_base > ram().size()) {
            throw std::runtime_error("test memory is used up");
        }
        std::memset(&at<std::byte>(place), 0, size);
        return place;
    }
    void free_all() { next_ = ram_base; }

    template <typename T>
    [[nodiscard]] T& at(std::uint64_t address) {
        return *reinterpret_cast<T*>(ram().data() + (address - ram_base));
    }

  private:
    std::uint64_t next_ = ram_base;
};

/// In process: in virtual time, or beside an engine that runs as a thread; with `serving` writes
/// are batches, after which the caller serves the engine as a control thread does.
class LocalBus final : public Bus {
  public:
    enum class Running : std::uint8_t { settled, threaded, serving };

    LocalBus(Nic& nic, Engine& engine, Running running = Running::settled,
             std::size_t size = 8U << 20)
        : engine_(engine), running_(running), host_(nic.function(), size, ram_base) {}

    std::uint32_t read32(unsigned bar, std::uint64_t offset) override {
        return host_.read32(bar, offset);
    }
    void write32(unsigned bar, std::uint64_t offset, std::uint32_t value) override {
        host_.write32(bar, offset, value);
    }
    void write64(unsigned bar, std::uint64_t offset, std::uint64_t value) override {
        if (running_ != Running::serving) {
            host_.write64(bar, offset, value);
            return;
        }
        host_.function().begin_batch();
        host_.write64(bar, offset, value);
        host_.function().end_batch(true);
    }
    void progress() override {
        if (running_ == Running::settled) {
            (void)engine_.settle();
        } else {
            std::this_thread::yield();
        }
    }
    std::uint64_t interrupts(std::uint32_t vector) override { return host_.interrupts(vector); }
    std::span<std::byte> ram() override { return host_.ram(); }
    void enable() override { host_.enable(); }
    [[nodiscard]] pcie::InProcessHost& host() noexcept { return host_; }

  private:
    Engine& engine_;
    Running running_;
    pcie::InProcessHost host_;
};

/// By vfio-user, in real time, with an eventfd for each of the first vectors.
class WireBus final : public Bus {
  public:
    static constexpr std::uint32_t vectors = 8;

    explicit WireBus(const std::string& path, std::size_t size = 8U << 20)
        : client_(must(vfio_user::Client::connect(path))),
          memory_(must(vfio_user::GuestMemory::create(size))) {
        (void)must(client_.negotiate());
        const pcie::DmaRegion region{ram_base, size, 0, pcie::Access::read_write};
        check(client_.dma_map(region, memory_.fd()));
        std::vector<int> fds;
        for (std::uint32_t i = 0; i < vectors; ++i) {
            eventfds_.push_back(must(make_eventfd()));
            fds.push_back(eventfds_.back().get());
        }
        check(client_.bind_vectors(0, fds));
        counts_.resize(vectors);
        enable();
    }

    std::uint32_t read32(unsigned bar, std::uint64_t offset) override {
        return must(client_.read<std::uint32_t>(bar, offset));
    }
    void write32(unsigned bar, std::uint64_t offset, std::uint32_t value) override {
        check(client_.write_posted<std::uint32_t>(bar, offset, value));
    }
    void write64(unsigned bar, std::uint64_t offset, std::uint64_t value) override {
        check(client_.write_posted<std::uint64_t>(bar, offset, value));
    }
    void progress() override { std::this_thread::sleep_for(std::chrono::microseconds(20)); }
    std::uint64_t interrupts(std::uint32_t vector) override {
        std::uint64_t count = 0;
        if (read(eventfds_.at(vector).get(), &count, sizeof(count)) == sizeof(count)) {
            counts_.at(vector) += count;
        }
        return counts_.at(vector);
    }
    /// Sleeps until `vector` fires. False: it did not within the time.
    bool wait_interrupt(std::uint32_t vector, int timeout_ms) {
        pollfd fd{eventfds_.at(vector).get(), POLLIN, 0};
        return poll(&fd, 1, timeout_ms) == 1;
    }
    std::span<std::byte> ram() override { return memory_.bytes(); }
    void enable() override { check(client_.enable()); }
    [[nodiscard]] vfio_user::Client& client() noexcept { return client_; }

    template <typename T>
    static T must(Result<T> result) {
        if (!result) {
            throw std::runtime_error(result.error().message());
        }
        return std::move(*result);
    }
    static void check(const Result<void>& result) {
        if (!result) {
            throw std::runtime_error(result.error().message());
        }
    }

  private:
    vfio_user::Client client_;
    vfio_user::GuestMemory memory_;
    std::vector<Fd> eventfds_;
    std::vector<std::uint64_t> counts_;
};

} // namespace mo::nic::test
