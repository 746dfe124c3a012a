// SPDX-License-Identifier: GPL-2.0-or-later
// What admin command handlers work with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "common/hw.hpp"

namespace mo::nic {

class AreaSet;
class DmaAccess;
class EventSink;
class MgmtBridge;
class QueueSet;

/// Names a command that is still under way; one of an earlier life of the queue is recognised.
struct AdminTag {
    std::uint32_t generation = 0;
    std::uint16_t tag = 0;
};

/// Result field of a completion; zeroed before a handler sees it.
inline constexpr std::size_t admin_result_size = sizeof(hw::mo_cmd_cqe::result);
using AdminResult = std::span<std::byte, admin_result_size>;

/// The parts of a NIC that admin commands act on.
struct AdminContext {
    DmaAccess& dma;
    EventSink& events;
    QueueSet& queues;
    AreaSet& areas;
    MgmtBridge& mgmt;
    hw::mo_identify identity;   ///< what IDENTIFY tells, but for the time
    std::uint64_t features = 0; ///< accepted by the driver
    std::uint64_t now_ns = 0;
    AdminTag tag; ///< of the command that is being executed
};

/// A handler's answer: a status, or nothing yet (the completion follows).
using AdminAnswer = std::optional<hw::mo_status>;

/// The body of a command as one of its structures. A structure is at most as long as the body.
template <typename T>
[[nodiscard]] T body_of(const hw::mo_cmd_desc& desc) noexcept {
    static_assert(sizeof(T) <= sizeof(desc.body));
    T body;
    std::memcpy(static_cast<void*>(&body), desc.body, sizeof(T));
    return body;
}

template <typename T>
void put_result(AdminResult result, const T& value) noexcept {
    static_assert(sizeof(T) <= admin_result_size);
    std::memcpy(result.data(), &value, sizeof(T));
}

} // namespace mo::nic
