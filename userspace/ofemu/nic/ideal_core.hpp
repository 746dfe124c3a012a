// SPDX-License-Identifier: GPL-2.0-or-later
// IdealCore: MgmtCore of an ideal port. No processor runs firmware here, and there are no module,
// laser and lanes that it would look after: the mailbox is answered in C++, and the link is up as
// soon as both ends are switched on and the fibre between them is whole. It costs next to nothing,
// so a process can have hundreds, and it boots in no time.
//
// What there is none of is told as such: no module, no sensors, no flash, lanes without values;
// commands that need one are refused (MO_MB_ERR_NO_MODULE, MO_MB_ERR_UNSUPPORTED), and an image is
// one for another board (MO_FW_ERR_BOARD). Firmware of version 255.255.255 in the flash stands for
// "none is needed": a driver keeps what is newer than its file.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "fabric/ideal_port.hpp"
#include "nic/mgmt_core.hpp"

namespace mo::nic {

/// Version that an ideal port reports.
inline constexpr std::uint32_t ideal_version = 0xffffff;

class IdealCore final : public MgmtCore, public fabric::IdealPort {
  public:
    /// `board` is MO_BOARD_*; `host` outlives this. Off until power_on().
    IdealCore(std::uint32_t board, unsigned lanes, mgmt::SocHost& host);

    // fabric::IdealPort
    void see(const Signal& received, bool seen) override;

    // MgmtCore
    void power_on(std::uint64_t now_ns) override;
    void reset(std::uint32_t cause, std::uint32_t boot_source, std::uint64_t now_ns) override;
    Result<void> stage_write(std::uint32_t offset, std::span<const std::uint8_t> bytes) override;
    void stage_length(std::uint32_t /*length*/) override {}
    [[nodiscard]] bool mailbox_submit(std::span<const std::uint8_t> request) override;
    mgmt::RunResult run(std::uint64_t now_ns, std::uint64_t max_insns) override;
    [[nodiscard]] std::uint64_t next_run_ns(std::uint64_t now_ns) override;
    [[nodiscard]] MgmtSnapshot snapshot() const override;

  private:
    static constexpr std::size_t recorder_depth = 64;

    void start_over(std::uint64_t now_ns);
    void set_state(hw::mo_mgmt_state state, hw::mo_fw_error error, std::uint64_t now_ns);
    void put_on_line(const Signal& signal);
    void choose();
    void settle(std::uint64_t now_ns);
    void record(std::uint8_t from, std::uint64_t now_ns);
    void publish_optics(std::uint64_t now_ns);
    void answer(std::uint64_t now_ns);
    [[nodiscard]] hw::mo_mb_status execute(hw::mo_mb_cmd command, std::span<const std::uint8_t> in,
                                           std::span<std::uint8_t> out, std::uint64_t now_ns);
    [[nodiscard]] hw::mo_mb_status set_link(const hw::mo_mb_link_set& set);
    [[nodiscard]] hw::mo_mb_version version() const;
    [[nodiscard]] hw::mo_mb_link_caps capabilities() const;
    [[nodiscard]] hw::mo_mb_lanes lanes(std::uint64_t now_ns) const;
    [[nodiscard]] hw::mo_mb_records records(std::uint64_t from) const;

    std::uint32_t board_;
    unsigned lanes_;
    mgmt::SocHost& host_;
    hw::mo_mgmt_state state_ = hw::MO_MGMT_RESET;
    std::uint32_t heartbeat_ = 0;
    Signal received_;
    bool seen_ = false;
    std::uint32_t want_modes_ = 0;
    std::uint8_t want_fec_ = 0;
    hw::mo_link_state link_{}; ///< as published
    bool unsettled_ = false;   ///< something that link_ follows from has changed
    std::uint64_t next_beat_ns_ = 0;
    std::vector<std::uint8_t> request_; ///< under way, or empty
    std::deque<hw::mo_mb_record> recorder_;
    std::uint64_t next_record_ = 1;
};

} // namespace mo::nic
