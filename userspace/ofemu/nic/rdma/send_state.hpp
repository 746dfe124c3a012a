// SPDX-License-Identifier: GPL-2.0-or-later
// SendState: what a requester knows of its requests: which entries have begun, which packet
// sequence numbers they have, how far they were sent and how far answered (IBA volume 1, 9.7).
//
//   sq.head            cursor             begun            sq.tail
//      |--- under way ---|--- to be sent ---|--- not begun ---|
// outstanding.first()  cursor_psn         next_psn
//
// Go-back-N puts the cursor back to the oldest unanswered packet. Entries are not kept: one that is
// sent again is read from the ring again and has to be what it was.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "common/hw.hpp"
#include "nic/rdma/memory.hpp"
#include "nic/rdma/psn_window.hpp"
#include "nic/rdma/retry.hpp"
#include "nic/rdma/wqe.hpp"

namespace mo::nic::rdma {

/// A WQE that has begun and not completed.
struct SendRecord {
    std::uint32_t first_psn = 0;
    std::uint32_t packets = 0; ///< sequence numbers that it takes; 0: stays in the device
    std::uint32_t length = 0;
    hw::mo_wr opcode = hw::MO_WR_NOP;
    std::uint8_t flags = 0;
    hw::mo_wc status = hw::MO_WC_SUCCESS;
    hw::mo_qp_error error = hw::MO_QPE_NONE; ///< with a status
    std::uint8_t syndrome = 0;               ///< of the NAK behind the status

    [[nodiscard]] std::uint32_t end_psn() const noexcept { return psn_add(first_psn, packets); }
};

struct SendState {
    /// Entries that may have begun and not completed.
    static constexpr std::uint32_t max_records = 512;
    /// Request packets that may be unanswered; a READ counts as one.
    static constexpr std::uint32_t window = 256;

    void start(std::uint32_t psn) {
        if (records == nullptr) {
            records = std::make_unique<std::array<SendRecord, max_records>>();
        }
        next_psn = cursor_psn = psn & psn_mask;
        outstanding.start(psn, 0);
    }
    void reset() { *this = {}; }

    [[nodiscard]] SendRecord& record(std::uint32_t index) const noexcept {
        return (*records)[index % max_records];
    }
    /// Oldest unanswered packet.
    [[nodiscard]] std::uint32_t una() const noexcept { return outstanding.first(); }
    /// Request packets that wait for an answer.
    [[nodiscard]] std::uint32_t in_flight() const noexcept {
        return psn_offset(cursor_psn, una()) - read_extra;
    }
    /// All that has been sent is answered.
    [[nodiscard]] bool idle() const noexcept { return cursor_psn == una(); }
    /// Sends again from the oldest unanswered packet on; `head` is its entry.
    void go_back(std::uint32_t head) noexcept {
        cursor = head;
        cursor_psn = una();
        read_extra = 0;
    }

    std::unique_ptr<std::array<SendRecord, max_records>> records; ///< by WQE index
    std::uint32_t begun = 0;      ///< index of the entry that begins next
    std::uint32_t cursor = 0;     ///< index of the entry that is sent next
    std::uint32_t next_psn = 0;   ///< of the entry that begins next
    PsnWindow outstanding;        ///< sent, and not answered
    std::uint32_t cursor_psn = 0; ///< packet that is sent next
    std::uint32_t read_extra = 0; ///< of in_flight(), what READs take beyond one
    std::uint32_t fetches = 0;    ///< READs and atomics that have begun and not completed

    std::uint64_t deadline_ns = never_ns; ///< of an answer
    std::uint64_t rnr_until_ns = 0;       ///< the peer asked to wait until then
    std::uint8_t retries = 0;             ///< used up since the last progress
    std::uint8_t rnr_retries = 0;
    bool went_back = false; ///< for una(), because an answer implied a loss
    bool stopped = false;   ///< an entry has failed here: nothing behind it begins
    bool blocked = false;   ///< the next entry waits for answers of earlier ones
    bool notify = false;    ///< MO_EVENT_SQ_DRAINED is asked for

    std::uint32_t resent = 0;  ///< packets sent again since the last timeout
    std::uint32_t suspect = 0; ///< the same of a recovery that is over

    // The entry at the cursor, or the one that wants to begin.
    bool wqe_valid = false;
    std::uint32_t wqe_index = 0;
    Wqe wqe;
    SgCursor place;
    // The entry whose READ responses arrive.
    bool fetch_valid = false;
    std::uint32_t fetch_index = 0;
    Wqe fetch_wqe;
    SgCursor fetch_place;
};

} // namespace mo::nic::rdma
