// SPDX-License-Identifier: GPL-2.0-or-later
// MBOX block: one request and one response between host and firmware, and events to the host.
#pragma once

#include <array>
#include <span>

#include "mgmt/peripheral.hpp"
#include "mgmt/soc.hpp"

namespace mo::mgmt {

class Mailbox : public Peripheral {
  public:
    explicit Mailbox(SocHost& host) : host_(host) {}

    std::uint32_t read(std::uint32_t offset, std::uint64_t now_ns) override;
    void write(std::uint32_t offset, std::uint32_t value, std::uint64_t now_ns) override;
    void reset(std::uint64_t now_ns) override;
    [[nodiscard]] std::uint32_t irq_levels(std::uint64_t now_ns) override;

    /// @return false: a request is under way, or its size is out of range
    [[nodiscard]] bool submit(std::span<const std::uint8_t> request);
    [[nodiscard]] bool busy() const { return request_len_ != 0; }

    [[nodiscard]] std::span<std::uint8_t> request_memory() { return request_; }
    [[nodiscard]] std::span<std::uint8_t> response_memory() { return response_; }

    [[nodiscard]] std::uint64_t requests() const { return requests_; }
    [[nodiscard]] std::uint64_t responses() const { return responses_; }
    [[nodiscard]] std::uint64_t events() const { return events_; }

  private:
    void finish();

    SocHost& host_;
    std::array<std::uint8_t, MO_SOC_MBOX_SIZE> request_{};
    std::array<std::uint8_t, MO_SOC_MBOX_SIZE> response_{};
    std::uint32_t request_len_ = 0; ///< 0: none under way
    std::uint32_t response_len_ = 0;
    std::uint64_t requests_ = 0;
    std::uint64_t responses_ = 0;
    std::uint64_t events_ = 0;
};

} // namespace mo::mgmt
