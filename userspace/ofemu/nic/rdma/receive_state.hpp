// SPDX-License-Identifier: GPL-2.0-or-later
// ReceiveState: what a responder knows: the packet that it expects, the message that is under way,
// and what it owes the peer (IBA volume 1, 9.7.4 and 9.7.5).
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "common/hw.hpp"
#include "nic/rdma/cnp.hpp"
#include "nic/rdma/memory.hpp"
#include "nic/rdma/psn_window.hpp"
#include "nic/rdma/receive_source.hpp"

namespace mo::nic::rdma {

/// A READ or atomic that was accepted; kept after its answer for duplicates.
struct FetchResource {
    std::uint32_t first_psn = 0;
    std::uint32_t packets = 0;
    std::uint64_t address = 0;
    std::uint32_t rkey = 0;
    std::uint32_t length = 0;
    std::uint64_t result = 0; ///< atomics: former value
    std::uint32_t msn = 0;
    std::uint32_t start = 0; ///< packet number at which the present answer began
    std::uint32_t next = 0;  ///< packet number that is sent next
    bool atomic = false;
    bool pending = false;  ///< has packets to be sent
    bool answered = false; ///< has been answered once: what is pending is for a duplicate
};

struct ReceiveState {
    /// Packets that are taken: one, whatever comes behind it is asked for again.
    static constexpr std::uint32_t go_back_n = 1;

    enum class Message : std::uint8_t { none, send, write };

    void start(std::uint32_t psn, std::uint32_t fetch_slots) {
        expected.start(psn, go_back_n);
        resources.assign(fetch_slots, {});
        fetch_end = fetch_next = 0;
    }
    /// From here on so many READs and atomics may be under way. Those that were accepted stay, for
    /// their peer waits: the memory never becomes less.
    void have_slots(std::uint32_t count) {
        if (count <= resources.size()) {
            return;
        }
        std::vector<FetchResource> more(count);
        const std::uint64_t kept = std::min<std::uint64_t>(fetch_end, resources.size());
        for (std::uint64_t number = fetch_end - kept; number != fetch_end; ++number) {
            more[number % count] = resource(number);
        }
        resources = std::move(more);
    }
    void reset() { *this = {}; }

    /// Number of the packet that is expected.
    [[nodiscard]] std::uint32_t epsn() const noexcept { return expected.first(); }

    [[nodiscard]] FetchResource& resource(std::uint64_t number) noexcept {
        return resources[number % resources.size()];
    }

    PsnWindow expected;    ///< request packets that are taken next
    std::uint32_t msn = 0; ///< messages completed, 24 bits

    // The message that is under way.
    Message message = Message::none;
    ReceiveEntry entry; ///< in use
    SgCursor place;
    std::uint32_t received = 0; ///< bytes of it so far
    std::uint64_t address = 0;  ///< WRITE: of the next packet
    std::uint32_t rkey = 0;
    std::uint32_t left = 0;  ///< WRITE: bytes that are still to come
    std::uint32_t total = 0; ///< WRITE: bytes of the message

    // READs and atomics, numbered since the start.
    std::vector<FetchResource> resources;
    std::uint64_t fetch_end = 0;  ///< number of the next one
    std::uint64_t fetch_next = 0; ///< none before it is pending

    // What the peer is owed.
    bool ack_due = false;
    bool nak_due = false;
    bool out_of_sequence = false; ///< was said; nothing more until the expected packet comes
    bool failed = false;          ///< the NAK that is due ends the QP
    bool cnp_due = false;
    std::uint8_t nak_syndrome = 0;
    std::uint32_t nak_psn = 0;
    hw::mo_qp_error error = hw::MO_QPE_NONE; ///< with `failed`
    bool established = false;                ///< MO_EVENT_QP_ESTABLISHED was raised
    CnpPacer cnp;
};

} // namespace mo::nic::rdma
