// SPDX-License-Identifier: GPL-2.0-or-later
// A device that records what its function tells it; and a specification for tests.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pcie/device_model.hpp"
#include "pcie/function.hpp"

namespace mo::pcie {

inline FunctionSpec example_spec() {
    FunctionSpec spec;
    spec.vendor_id = 0x1234;
    spec.device_id = 0x5678;
    spec.subsystem_vendor_id = 0xaaaa;
    spec.subsystem_id = 0xbbbb;
    spec.revision = 3;
    spec.bars[0] = {.size = 0x10000};
    spec.bars[2] = {.size = 0x20000};
    spec.link_speed = LinkSpeed::gt_32;
    spec.link_width = 8;
    spec.serial_number = 0x0011223344556677;
    return spec;
}

/// Reads give the last value written to the BAR (0 before); calls are written down as text.
class FakeDevice : public DeviceModel {
  public:
    std::uint64_t bar_read(unsigned bar, std::uint64_t offset, unsigned size) override {
        calls.push_back("read " + std::to_string(bar) + " " + std::to_string(offset) + " " +
                        std::to_string(size));
        return last_value;
    }
    void bar_write(unsigned bar, std::uint64_t offset, unsigned size,
                   std::uint64_t value) override {
        calls.push_back("write " + std::to_string(bar) + " " + std::to_string(offset) + " " +
                        std::to_string(size) + " " + std::to_string(value));
        last_value = value;
    }
    void reset(ResetKind kind) override {
        calls.push_back(std::string("reset ") + name_of(kind));
        last_value = 0;
    }
    void bus_master_changed(bool enabled) override {
        calls.push_back(enabled ? "bus master on" : "bus master off");
    }
    void dma_unmapping(std::uint64_t iova, std::uint64_t size) override {
        calls.push_back("unmapping " + std::to_string(iova) + " " + std::to_string(size));
    }
    void begin_batch() override { calls.emplace_back("begin"); }
    void end_batch(bool /*idle*/) override { calls.emplace_back("end"); }

    std::vector<std::string> take() { return std::exchange(calls, {}); }

    std::vector<std::string> calls;
    std::uint64_t last_value = 0;
};

using Calls = std::vector<std::string>;

} // namespace mo::pcie
