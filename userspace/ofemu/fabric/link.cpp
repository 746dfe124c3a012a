// SPDX-License-Identifier: GPL-2.0-or-later
#include "fabric/link.hpp"

#include <algorithm>
#include <utility>

#include "fabric/capture.hpp"
#include "fabric/ecn.hpp"
#include "fabric/segmenter.hpp"

namespace mo::fabric {

Link::Link(std::string name) : name_(std::move(name)) {}

Link::~Link() = default;

void Link::attach(End end, Endpoint* endpoint) {
    flush(other(end));
    direction(other(end)).receiver = endpoint;
}

void Link::set_delay(End from, std::uint64_t delay_ns) noexcept {
    direction(from).delay_ns = delay_ns;
}

std::uint64_t Link::delay(End from) const noexcept {
    return direction(from).delay_ns;
}

void Link::set_impairment(End from, const ImpairmentConfig& config) {
    direction(from).impairer.configure(config);
}

const ImpairmentConfig& Link::impairment(End from) const noexcept {
    return direction(from).impairer.config();
}

void Link::set_capture(std::unique_ptr<Capture> capture) {
    capture_ = std::move(capture);
}

const LinkCounters& Link::counters(End from) const noexcept {
    return direction(from).counters;
}

void Link::send(End from, const Frame& frame, std::uint64_t now_ns) {
    Direction& way = direction(from);
    const std::uint32_t packets = frame.wire_packets();
    way.counters.packets += packets;
    way.counters.bytes += frame.wire_bytes();
    const PathState path = path_ != nullptr ? path_->state(from) : PathState{};
    if (!path.open) {
        way.counters.lost_closed += packets;
        return;
    }
    pass(way, frame, path.hazard(frame.longest_packet()), now_ns);
    if (path_ != nullptr && next_deadline_ns() != no_deadline) {
        path_->under_way();
    }
}

void Link::pass(Direction& way, const Frame& frame, double hazard, std::uint64_t now_ns) {
    if (clear_way(way, frame, hazard)) {
        way.counters.bursts += static_cast<std::uint64_t>(frame.is_burst());
        forward(way, frame, now_ns);
    } else if (!frame.is_burst()) {
        send_packet(way, frame, hazard, now_ns);
    } else {
        ++way.counters.bursts_cut;
        Segmenter segmenter(frame);
        for (Frame packet; segmenter.next(packet);) {
            send_packet(way, packet, hazard, now_ns);
        }
    }
}

/// True if nothing happens to any packet of the frame; then their verdicts are used up. If false,
/// send_packet() draws the same ones again.
bool Link::clear_way(Direction& way, const Frame& frame, double hazard) const noexcept {
    if (way.held) {
        return false;
    }
    const std::uint32_t packets = frame.wire_packets();
    if (!way.impairer.active()) {
        return way.impairer.spares(hazard * packets);
    }
    Impairer trial = way.impairer;
    for (std::uint32_t i = 0; i < packets; ++i) {
        if (trial.next(hazard).any()) {
            return false;
        }
    }
    way.impairer = trial;
    return true;
}

void Link::send_packet(Direction& way, const Frame& packet, double hazard, std::uint64_t now_ns) {
    const Verdict verdict = way.impairer.next(hazard);
    if (verdict.lost || verdict.drop) {
        ++(verdict.lost ? way.counters.lost_fec : way.counters.dropped);
        return;
    }
    const bool mark = verdict.mark && can_mark_congestion(packet.head);
    const bool alter = verdict.alter && packet.length > ethernet_header;
    SharedFrame changed;
    if (mark || verdict.corrupt || alter) {
        changed = pool_.keep_changed(packet, [&](OwnedFrame& copy) {
            if (mark) {
                // The sender's checksum stays known: it does not cover the ECN field.
                mark_congestion(copy.bytes());
                ++way.counters.marked;
            }
            if (verdict.corrupt || alter) {
                damage(way, copy, verdict.corrupt, alter);
            }
        });
    }
    const Frame& frame = changed ? changed.view() : packet;
    if (verdict.reorder && !way.held) {
        ++way.counters.reordered;
        way.held = pool_.keep(frame);
        way.held_until_ns = now_ns + reorder_hold_ns;
        return;
    }
    forward(way, frame, now_ns);
    if (verdict.duplicate) {
        ++way.counters.duplicated;
        forward(way, frame, now_ns);
    }
    release_held(way, now_ns);
}

/// Flips a bit.
void Link::damage(Direction& way, OwnedFrame& copy, bool corrupt, bool alter) noexcept {
    copy.forget_checksum();
    // A flipped address would only test filters, so an alteration spares the header.
    const std::size_t first = alter ? ethernet_header : 0;
    const std::uint64_t bit = way.impairer.pick((copy.size() - first) * 8);
    copy.bytes()[first + bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    if (corrupt) {
        copy.mark_bad_fcs();
    }
    ++(corrupt ? way.counters.corrupted : way.counters.altered);
}

void Link::release_held(Direction& way, std::uint64_t now_ns) {
    if (!way.held) {
        return;
    }
    const SharedFrame held = std::exchange(way.held, {});
    way.held_until_ns = no_deadline;
    forward(way, held.view(), now_ns);
}

void Link::forward(Direction& way, const Frame& frame, std::uint64_t now_ns) {
    if (way.delay_ns == 0 && way.under_way.empty()) {
        deliver(way, frame, now_ns);
        return;
    }
    if (way.under_way_bytes + frame.length > in_flight_limit) {
        way.counters.lost_overflow += frame.wire_packets();
        return;
    }
    // A shorter delay than before does not overtake: a fibre keeps the order.
    std::uint64_t due = now_ns + way.delay_ns;
    if (!way.under_way.empty()) {
        due = std::max(due, way.under_way.back().due_ns);
    }
    way.under_way_bytes += frame.length;
    way.under_way.push_back({due, pool_.keep(frame)});
}

void Link::deliver(Direction& way, const Frame& frame, std::uint64_t now_ns) {
    if (capture_) {
        capture_->write(frame, now_ns);
    }
    if (way.receiver == nullptr) {
        way.counters.lost_unattached += frame.wire_packets();
        return;
    }
    way.counters.delivered += frame.wire_packets();
    way.receiver->receive(frame, now_ns);
}

void Link::advance(std::uint64_t now_ns) {
    for (Direction& way : directions_) {
        if (way.held_until_ns <= now_ns) {
            release_held(way, now_ns);
        }
        while (!way.under_way.empty() && way.under_way.front().due_ns <= now_ns) {
            const Delayed next = std::move(way.under_way.front());
            way.under_way.pop_front();
            way.under_way_bytes -= next.frame.view().length;
            deliver(way, next.frame.view(), next.due_ns);
        }
    }
    if (capture_ && capture_->flush_deadline_ns() <= now_ns) {
        capture_->flush(now_ns);
    }
}

std::uint64_t Link::next_deadline_ns() const noexcept {
    std::uint64_t deadline = capture_ ? capture_->flush_deadline_ns() : no_deadline;
    for (const Direction& way : directions_) {
        deadline = std::min(deadline, way.held_until_ns);
        if (!way.under_way.empty()) {
            deadline = std::min(deadline, way.under_way.front().due_ns);
        }
    }
    return deadline;
}

void Link::flush(End from) {
    Direction& way = direction(from);
    for (const Delayed& delayed : way.under_way) {
        way.counters.lost_unattached += delayed.frame.view().wire_packets();
    }
    way.under_way.clear();
    way.under_way_bytes = 0;
    if (way.held) {
        ++way.counters.lost_unattached;
        way.held = {};
        way.held_until_ns = no_deadline;
    }
}

} // namespace mo::fabric
