// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/fault.hpp"

#include <algorithm>
#include <cstring>

namespace mo::nic {

namespace {

constexpr std::uint32_t far_index = 0x7fffff00;
constexpr std::uint32_t far_length = 0x00ffffff;
constexpr std::uint8_t unknown_type = 0xee;
constexpr std::uint16_t unknown_status = 0xdead;
constexpr std::uint16_t tag_bits = 0xa5a5;
constexpr std::uint8_t phase_bit = 1;

} // namespace

std::optional<Lie> find_lie(std::string_view option) {
    const auto* const found =
        std::find_if(lie_names.begin(), lie_names.end(),
                     [option](const LieName& name) { return name.option == option; });
    if (found == lie_names.end()) {
        return std::nullopt;
    }
    return found->lie;
}

void Liar::set(Lie lie, std::uint32_t every) noexcept {
    every_.store(std::max(every, 1U), std::memory_order_relaxed);
    seen_.store(0, std::memory_order_relaxed);
    mode_.store(lie, std::memory_order_relaxed);
}

bool Liar::due() noexcept {
    const std::uint32_t seen = seen_.fetch_add(1, std::memory_order_relaxed) + 1;
    if (seen % every_.load(std::memory_order_relaxed) != 0) {
        return false;
    }
    told_.add();
    return true;
}

void Liar::change_completion(std::span<std::byte> entry) noexcept {
    hw::mo_eth_cqe cqe;
    if (entry.size() != sizeof(cqe)) {
        return;
    }
    std::memcpy(&cqe, entry.data(), sizeof(cqe));
    const bool receive = cqe.type == MO_CQE_RX;
    switch (mode()) {
    case Lie::cqe_index:
        if (due()) {
            cqe.index = cqe.index.value() + far_index;
        }
        break;
    case Lie::cqe_length:
        if (receive && due()) {
            cqe.length = far_length;
        }
        break;
    case Lie::cqe_segments:
        if (receive && due()) {
            cqe.nseg = cqe.index.value() % 2 == 0 ? 0xff : 0;
        }
        break;
    case Lie::cqe_type:
        if (due()) {
            cqe.type = unknown_type;
        }
        break;
    case Lie::cqe_phase:
        if (due()) {
            cqe.phase ^= phase_bit;
        }
        break;
    default:
        return;
    }
    std::memcpy(entry.data(), &cqe, sizeof(cqe));
}

void Liar::change_event(hw::mo_eqe& event) noexcept {
    if (mode() == Lie::event_object && due()) {
        event.object = MO_DB_OBJECT;
    } else if (mode() == Lie::event_type && due()) {
        event.type = unknown_type;
    }
}

pcie::MsixVectors::Fate Liar::change_interrupt() noexcept {
    using Fate = pcie::MsixVectors::Fate;
    switch (mode()) {
    case Lie::irq_lost:
        return due() ? Fate::lost : Fate::raised;
    case Lie::irq_doubled:
        return due() ? Fate::doubled : Fate::raised;
    case Lie::irq_vector:
        return due() ? Fate::elsewhere : Fate::raised;
    default:
        return Fate::raised;
    }
}

void Liar::change_admin(hw::mo_cmd_cqe& entry) noexcept {
    switch (mode()) {
    case Lie::admin_tag:
        if (due()) {
            entry.tag = static_cast<std::uint16_t>(entry.tag.value() ^ tag_bits);
        }
        break;
    case Lie::admin_status:
        if (due()) {
            entry.status = unknown_status;
        }
        break;
    case Lie::admin_result:
        if (due()) {
            std::memset(entry.result, 0xff, sizeof(entry.result));
        }
        break;
    case Lie::admin_phase:
        if (due()) {
            entry.phase ^= phase_bit;
        }
        break;
    default:
        break;
    }
}

} // namespace mo::nic
