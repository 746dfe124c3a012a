// SPDX-License-Identifier: GPL-2.0-or-later
// The device model's ideal port, which runs no firmware, beside the firmware: whatever a host asks
// of a link, both choose the same mode and FEC.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <span>
#include <vector>

#include "host_app.h"
#include "nic/ideal_core.hpp"

namespace mo {
namespace {

class Host final : public mgmt::SocHost {
  public:
    void mgmt_state(hw::mo_mgmt_state /*state*/, hw::mo_fw_error /*error*/,
                    std::uint64_t /*now_ns*/) override {}
    void mailbox_done(std::span<const std::uint8_t> bytes) override {
        std::memcpy(static_cast<void*>(&answer), bytes.data(), sizeof(answer));
    }
    void host_event(std::uint8_t /*type*/, std::uint8_t /*code*/, std::uint16_t /*data*/) override {
    }
    void publish_link(std::span<const std::uint8_t> bytes) override {
        std::memcpy(static_cast<void*>(&link), bytes.data(), sizeof(link));
    }
    void publish_optics(std::span<const std::uint8_t> /*block*/) override {}
    void mac_gate(bool /*receive*/, bool /*transmit*/, std::uint32_t /*speed_mbps*/) override {}
    void log_char(char /*c*/) override {}
    mgmt::SensorValues sensors(std::uint64_t /*now_ns*/) override { return {}; }

    hw::mo_mb_hdr answer{};
    hw::mo_link_state link{};
};

TEST(IdealPort, ChoosesModeAndFecAsTheFirmwareDoes) {
    constexpr unsigned lanes = 8; // so many that the port has every mode
    std::uint32_t all_modes = 0;
#define X(name, bit, mbps, lanes, rate, fec) all_modes |= hw::MO_LM_##name;
    MO_LINK_MODES(X)
#undef X
    constexpr std::uint8_t all_fec =
        hw::MO_FEC_OFF | hw::MO_FEC_BASER | hw::MO_FEC_RS528 | hw::MO_FEC_RS544 | hw::MO_FEC_AUTO;
    Host host;
    nic::IdealCore core(MO_BOARD_DEVKIT_800G, lanes, host);
    core.power_on(0);
    unsigned taken = 0, refused = 0;
    for (std::uint32_t modes = 1; modes <= all_modes; ++modes) {
        for (unsigned fec = 1; fec <= all_fec; ++fec) {
            if ((fec & ~unsigned{all_fec}) != 0) {
                continue; // there is no such FEC
            }
            struct {
                hw::mo_mb_hdr header;
                hw::mo_mb_link_set body;
            } request{};
            request.header.cmd = hw::MO_MB_LINK_SET;
            request.header.len = sizeof(request.body);
            request.body.mask = MO_LINK_SET_ADMIN | MO_LINK_SET_MODES | MO_LINK_SET_FEC;
            request.body.admin_up = 1;
            request.body.modes = modes;
            request.body.fec = static_cast<std::uint8_t>(fec);
            std::array<std::uint8_t, sizeof(request)> bytes{};
            std::memcpy(bytes.data(), &request, sizeof(request));
            ASSERT_TRUE(core.mailbox_submit(bytes));
            (void)core.run(0, 0);
            const mo_host_choice wanted = mo_host_choose(modes, request.body.fec);
            SCOPED_TRACE(testing::Message() << "modes " << modes << ", FEC " << fec);
            if (wanted.mode == 0) {
                ASSERT_EQ(host.answer.status, hw::MO_MB_ERR_UNSUPPORTED);
                ++refused;
                continue;
            }
            ASSERT_EQ(host.answer.status, hw::MO_MB_OK);
            ASSERT_EQ(host.link.mode, wanted.mode);
            ASSERT_EQ(host.link.fec, wanted.fec);
            ++taken;
        }
    }
    EXPECT_GT(taken, 1000U);
    EXPECT_GT(refused, 50U);
}

} // namespace
} // namespace mo
