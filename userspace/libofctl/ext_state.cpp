// SPDX-License-Identifier: LGPL-2.1-or-later
// Words for ethtool's extended link states, as numbered in <linux/ethtool.h>.
#include "libofctl/ethtool.hpp"

#include <array>

#include <linux/ethtool.h>

namespace mo::ofctl {

namespace {

constexpr std::array states = {
    "Autoneg",
    "Link training failure",
    "Logical mismatch",
    "Bad signal integrity",
    "No cable",
    "Cable issue",
    "EEPROM issue",
    "Calibration failure",
    "Power budget exceeded",
    "Overheat",
    "Module",
    "OTP speed violation",
    "BMC request down",
};

struct Substate {
    std::uint64_t state;
    std::uint64_t substate;
    const char* text;
};

constexpr std::array substates = {
    Substate{ETHTOOL_LINK_EXT_STATE_LINK_TRAINING_FAILURE,
             ETHTOOL_LINK_EXT_SUBSTATE_LT_KR_FRAME_LOCK_NOT_ACQUIRED, "KR frame lock not acquired"},
    Substate{ETHTOOL_LINK_EXT_STATE_LINK_TRAINING_FAILURE,
             ETHTOOL_LINK_EXT_SUBSTATE_LT_KR_LINK_INHIBIT_TIMEOUT, "KR link inhibit timeout"},
    Substate{ETHTOOL_LINK_EXT_STATE_LINK_TRAINING_FAILURE,
             ETHTOOL_LINK_EXT_SUBSTATE_LT_KR_LINK_PARTNER_DID_NOT_SET_RECEIVER_READY,
             "partner did not set receiver ready"},
    Substate{ETHTOOL_LINK_EXT_STATE_LINK_TRAINING_FAILURE,
             ETHTOOL_LINK_EXT_SUBSTATE_LT_REMOTE_FAULT, "remote fault"},
    Substate{ETHTOOL_LINK_EXT_STATE_LINK_LOGICAL_MISMATCH,
             ETHTOOL_LINK_EXT_SUBSTATE_LLM_PCS_DID_NOT_ACQUIRE_BLOCK_LOCK,
             "PCS did not acquire block lock"},
    Substate{ETHTOOL_LINK_EXT_STATE_LINK_LOGICAL_MISMATCH,
             ETHTOOL_LINK_EXT_SUBSTATE_LLM_PCS_DID_NOT_ACQUIRE_AM_LOCK,
             "PCS did not acquire alignment marker lock"},
    Substate{ETHTOOL_LINK_EXT_STATE_LINK_LOGICAL_MISMATCH,
             ETHTOOL_LINK_EXT_SUBSTATE_LLM_PCS_DID_NOT_GET_ALIGN_STATUS,
             "PCS did not get align status"},
    Substate{ETHTOOL_LINK_EXT_STATE_LINK_LOGICAL_MISMATCH,
             ETHTOOL_LINK_EXT_SUBSTATE_LLM_FC_FEC_IS_NOT_LOCKED, "FC FEC is not locked"},
    Substate{ETHTOOL_LINK_EXT_STATE_LINK_LOGICAL_MISMATCH,
             ETHTOOL_LINK_EXT_SUBSTATE_LLM_RS_FEC_IS_NOT_LOCKED, "RS FEC is not locked"},
    Substate{ETHTOOL_LINK_EXT_STATE_BAD_SIGNAL_INTEGRITY,
             ETHTOOL_LINK_EXT_SUBSTATE_BSI_LARGE_NUMBER_OF_PHYSICAL_ERRORS,
             "large number of physical errors"},
    Substate{ETHTOOL_LINK_EXT_STATE_BAD_SIGNAL_INTEGRITY,
             ETHTOOL_LINK_EXT_SUBSTATE_BSI_UNSUPPORTED_RATE, "unsupported rate"},
    Substate{ETHTOOL_LINK_EXT_STATE_BAD_SIGNAL_INTEGRITY,
             ETHTOOL_LINK_EXT_SUBSTATE_BSI_SERDES_REFERENCE_CLOCK_LOST,
             "SerDes reference clock lost"},
    Substate{ETHTOOL_LINK_EXT_STATE_BAD_SIGNAL_INTEGRITY, ETHTOOL_LINK_EXT_SUBSTATE_BSI_SERDES_ALOS,
             "SerDes analog loss of signal"},
    Substate{ETHTOOL_LINK_EXT_STATE_CABLE_ISSUE, ETHTOOL_LINK_EXT_SUBSTATE_CI_UNSUPPORTED_CABLE,
             "unsupported cable"},
    Substate{ETHTOOL_LINK_EXT_STATE_CABLE_ISSUE, ETHTOOL_LINK_EXT_SUBSTATE_CI_CABLE_TEST_FAILURE,
             "cable test failure"},
    Substate{ETHTOOL_LINK_EXT_STATE_MODULE, ETHTOOL_LINK_EXT_SUBSTATE_MODULE_CMIS_NOT_READY,
             "CMIS module is not ready"},
};

} // namespace

std::optional<std::string> ext_state_text(std::uint64_t state) {
    if (state >= states.size()) {
        return "state " + std::to_string(state);
    }
    return states[state];
}

std::optional<std::string> ext_substate_text(std::uint64_t state, std::uint64_t substate) {
    for (const auto& entry : substates) {
        if (entry.state == state && entry.substate == substate) {
            return entry.text;
        }
    }
    return "substate " + std::to_string(substate);
}

} // namespace mo::ofctl
