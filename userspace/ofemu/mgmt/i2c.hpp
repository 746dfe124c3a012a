// SPDX-License-Identifier: GPL-2.0-or-later
// I2C block: the controller of the bus to the optical module. 400 kHz: each byte with its
// acknowledge takes 25 us, and no transfer ends earlier than the bus would.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "mgmt/peripheral.hpp"
#include "mgmt/phy.hpp"

namespace mo::mgmt {

class I2c : public Peripheral {
  public:
    static constexpr std::uint64_t byte_ns = 25'000;
    static constexpr std::uint32_t max_len = 128;

    explicit I2c(Phy& phy) : phy_(phy) {}

    std::uint32_t read(std::uint32_t offset, std::uint64_t now_ns) override;
    void write(std::uint32_t offset, std::uint32_t value, std::uint64_t now_ns) override;
    void reset(std::uint64_t now_ns) override;
    void advance(std::uint64_t now_ns) override;
    [[nodiscard]] std::uint64_t deadline_ns(std::uint64_t now_ns) override;
    [[nodiscard]] std::uint32_t irq_levels(std::uint64_t now_ns) override;

    [[nodiscard]] std::span<std::uint8_t> buffer_memory() { return buffer_; }
    [[nodiscard]] std::uint64_t transfers() const { return transfers_; }
    [[nodiscard]] std::uint64_t nacks() const { return nacks_; }

  private:
    void start(std::uint32_t command, std::uint64_t now_ns);

    Phy& phy_;
    std::array<std::uint8_t, MO_SOC_I2C_BUF_SIZE> buffer_{};
    std::array<std::uint8_t, max_len> data_{}; ///< of the transfer under way
    std::uint32_t target_ = 0x50;
    std::uint32_t offset_ = 0;
    std::uint32_t len_ = 0;
    std::uint32_t command_ = 0; ///< under way; 0: idle
    std::uint32_t count_ = 0;   ///< bytes of it
    std::uint64_t end_ns_ = 0;
    bool nack_ = false;
    bool done_ = false;
    std::uint64_t transfers_ = 0;
    std::uint64_t nacks_ = 0;
};

} // namespace mo::mgmt
