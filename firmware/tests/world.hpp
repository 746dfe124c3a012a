// SPDX-License-Identifier: GPL-2.0-or-later
// Two chips with modules and a fibre between them, in virtual time.
#pragma once

#include <cstring>
#include <functional>
#include <vector>

#include "chip.hpp"

namespace mo::fwtest {

inline constexpr std::uint64_t us = 1'000;
inline constexpr std::uint64_t ms = 1'000'000;
inline constexpr std::uint64_t second = 1'000'000'000;

/// Answer to a mailbox request.
struct Answer {
    hw::mo_mb_hdr hdr{};
    std::vector<std::uint8_t> body;
    /// The body as a struct; bytes beyond it are zero.
    template <typename T>
    [[nodiscard]] T as() const {
        T value{};
        if (!body.empty()) {
            std::memcpy(&value, body.data(), std::min(sizeof(value), body.size()));
        }
        return value;
    }
};

class World {
  public:
    explicit World(optics::FibreConfig fibre = {}, unsigned lanes_a = 8, unsigned lanes_b = 8);

    /// Firmware starts at both ends, modules are in.
    void boot();
    void run_for(std::uint64_t duration_ns);
    /// Until `done` or the time is up; true when done. Looks after every event.
    bool run_until(std::uint64_t duration_ns, const std::function<bool()>& done);
    Answer request(Chip& chip, std::uint16_t command, const std::vector<std::uint8_t>& body = {},
                   std::uint8_t port = 0);
    template <typename T>
    Answer request_with(Chip& chip, std::uint16_t command, const T& body) {
        std::vector<std::uint8_t> bytes(sizeof(body));
        std::memcpy(bytes.data(), &body, sizeof(body));
        return request(chip, command, bytes);
    }
    Answer set_link(Chip& chip, bool up, std::uint32_t modes = 0, std::uint8_t fec = 0);
    /// FLASH_WRITE or FLASH_SELECT and its job: how that ended.
    hw::mo_mb_flash_job flash(Chip& chip, hw::mo_mb_cmd command, std::uint8_t slot);
    /// What the slots hold, once all are known.
    hw::mo_mb_flash_info flash_info(Chip& chip);
    /// Both ends up, carrier at both; false when that takes more than 2 s.
    bool bring_up();

    [[nodiscard]] std::uint64_t now() const { return now_ns_; }
    [[nodiscard]] bool both_up() const { return a.gate_open() && b.gate_open(); }

    optics::Port port_a;
    optics::Port port_b;
    optics::Fibre fibre;
    Chip a;
    Chip b;

  private:
    std::uint64_t now_ns_ = 0;
};

} // namespace mo::fwtest
