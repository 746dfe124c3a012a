// SPDX-License-Identifier: GPL-2.0-or-later
// A served function with a recording device, and a client for it.
#pragma once

#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "common/clock.hpp"
#include "common/log.hpp"
#include "pcie/tests/fake_device.hpp"
#include "vfio_user/client.hpp"
#include "vfio_user/server.hpp"

namespace mo::vfio_user {

/// Waits until `condition` holds; false after ten seconds.
template <typename F>
[[nodiscard]] bool eventually(F&& condition) {
    const Nanoseconds deadline = monotonic_now() + std::chrono::seconds(10);
    while (!condition()) {
        if (monotonic_now() > deadline) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return true;
}

/// A device that may be looked at from the test's thread while the control thread calls it.
class RecordingDevice : public pcie::DeviceModel {
  public:
    std::uint64_t bar_read(unsigned, std::uint64_t offset, unsigned) override {
        return offset == last_value_register ? last_value_.load() : 0xa0000000 + offset;
    }
    void bar_write(unsigned bar, std::uint64_t offset, unsigned size,
                   std::uint64_t value) override {
        last_value_.store(value);
        note("write " + std::to_string(bar) + " " + std::to_string(offset) + " " +
             std::to_string(size) + " " + std::to_string(value));
    }
    void reset(pcie::ResetKind kind) override { note(std::string("reset ") + name_of(kind)); }
    void bus_master_changed(bool enabled) override {
        note(enabled ? "bus master on" : "bus master off");
    }
    void dma_unmapping(std::uint64_t iova, std::uint64_t size) override {
        note("unmapping " + std::to_string(iova) + " " + std::to_string(size));
    }
    void begin_batch() override { note("begin"); }
    void end_batch(bool /*idle*/) override { note("end"); }

    std::vector<std::string> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(calls_, {});
    }

    static constexpr std::uint64_t last_value_register = 0x800;

  private:
    void note(std::string text) {
        const std::lock_guard lock(mutex_);
        calls_.push_back(std::move(text));
    }

    std::mutex mutex_;
    std::vector<std::string> calls_;
    std::atomic<std::uint64_t> last_value_{0};
};

class ServedFunction : public testing::Test {
  protected:
    ServedFunction()
        : path_(testing::TempDir() + "mo-vfio-user-" + std::to_string(::getpid()) + ".sock") {
        log::set_level(log::Level::error);
        function_.attach(device_);
        auto server = Server::listen(path_, function_);
        if (!server) {
            ADD_FAILURE() << server.error().message();
            return;
        }
        server_ = std::move(*server);
        server_->start();
    }

    /// A client that has negotiated.
    Client connect() {
        auto client = Client::connect(path_);
        EXPECT_TRUE(client) << client.error().message();
        EXPECT_TRUE(client->negotiate());
        return std::move(*client);
    }

    /// A client that has mapped nothing, with memory space and bus mastering on.
    Client enabled() {
        Client client = connect();
        EXPECT_TRUE(client.enable());
        return client;
    }

    bool still_serves() {
        Client client = connect();
        const auto id = client.read<std::uint16_t>(region_config, 0);
        return id && *id == pcie::example_spec().vendor_id;
    }

    std::string path_;
    pcie::Function function_{pcie::example_spec()};
    RecordingDevice device_;
    std::unique_ptr<Server> server_;
};

} // namespace mo::vfio_user
