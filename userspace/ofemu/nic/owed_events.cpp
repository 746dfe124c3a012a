// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/owed_events.hpp"

#include <algorithm>
#include <bit>

#include "nic/object_table.hpp"

namespace mo::nic {

namespace {

// Nodes: the head of each event queue's list, one for each event of a port, one for the completions
// of each object (its event queue is another one than that of its errors) and one for its other
// events.
constexpr std::uint32_t ports = MO_MAX_VECTORS;
constexpr std::uint32_t port_events = 8;
constexpr std::uint32_t completions = ports + MO_MAX_PORTS * port_events;
constexpr std::uint32_t objects = completions + ObjectTable::capacity;
constexpr std::uint32_t all_nodes = objects + ObjectTable::capacity;

/// Kinds of events of an object, in the order in which it tells them: a cause before its effect.
enum Kind : std::uint8_t { dma_fault, qp_established, sq_drained, error, only = 0 };

} // namespace

OwedEvents::OwedEvents(std::size_t queues)
    : queues_(std::min<std::size_t>(queues, MO_MAX_VECTORS)), nodes_(all_nodes) {
    for (std::uint32_t list = 0; list < queues_; ++list) {
        nodes_[list].next = nodes_[list].prev = list;
    }
}

std::uint32_t OwedEvents::head(std::size_t queue) noexcept {
    return static_cast<std::uint32_t>(queue);
}

void OwedEvents::clear() noexcept {
    for (std::size_t queue = 0; queue < queues_; ++queue) {
        (void)drop(queue);
    }
}

OwedEvents::Place OwedEvents::place_of(const hw::mo_eqe& event) noexcept {
    const std::uint32_t object = objects + ObjectTable::index(event.object);
    const auto of_port = [&event](std::uint32_t number) {
        return Place{ports + event.port % MO_MAX_PORTS * port_events + number, only};
    };
    switch (static_cast<hw::mo_event>(event.type)) {
    case hw::MO_EVENT_COMP:
        return {completions + ObjectTable::index(event.object), only};
    case hw::MO_EVENT_DMA_FAULT:
        return {object, dma_fault};
    case hw::MO_EVENT_QP_ESTABLISHED:
        return {object, qp_established};
    case hw::MO_EVENT_SQ_DRAINED:
        return {object, sq_drained};
    case hw::MO_EVENT_QUEUE_ERROR:
    case hw::MO_EVENT_CQ_ERROR:
    case hw::MO_EVENT_QP_ERROR:
        return {object, error};
    case hw::MO_EVENT_LINK:
        return of_port(0);
    case hw::MO_EVENT_MGMT:
        return of_port(1);
    case hw::MO_EVENT_MODULE:
        return of_port(2);
    case hw::MO_EVENT_THERMAL:
        return of_port(3);
    case hw::MO_EVENT_LANE:
        return of_port(4);
    case hw::MO_EVENT_FATAL:
        return of_port(5);
    case hw::MO_EVENT_FLASH:
        return of_port(6);
    }
    return of_port(port_events - 1);
}

void OwedEvents::owe(std::size_t queue, const hw::mo_eqe& event) noexcept {
    const Place place = place_of(event);
    Node& node = nodes_[place.node];
    const auto bit = static_cast<std::uint8_t>(1U << place.kind);
    const bool lanes = event.type == hw::MO_EVENT_LANE && node.kinds != 0;
    if (node.kinds == 0) {
        link(place.node, nodes_[head(queue)].prev);
    }
    node.kinds = static_cast<std::uint8_t>(node.kinds | bit);
    node.port = event.port;
    node.object = event.object;
    if (place.node < completions ||
        place.kind == error) { // the others say nothing but that they are
        node.error = event.type;
        node.code = event.code;
        node.data = lanes ? node.data | event.data : event.data.value();
    }
}

hw::mo_eqe OwedEvents::front(std::size_t queue) const noexcept {
    const std::uint32_t at = nodes_[head(queue)].next;
    const Node& node = nodes_[at];
    hw::mo_eqe event{};
    event.port = node.port;
    event.object = node.object;
    const auto kind = std::countr_zero(node.kinds);
    if (at >= completions && at < objects) {
        event.type = hw::MO_EVENT_COMP;
    } else if (at < completions || kind == error) {
        event.type = node.error;
        event.code = node.code;
        event.data = node.data;
    } else {
        event.type = kind == dma_fault        ? hw::MO_EVENT_DMA_FAULT
                     : kind == qp_established ? hw::MO_EVENT_QP_ESTABLISHED
                                              : hw::MO_EVENT_SQ_DRAINED;
    }
    return event;
}

void OwedEvents::pop_front(std::size_t queue) noexcept {
    const std::uint32_t at = nodes_[head(queue)].next;
    Node& node = nodes_[at];
    node.kinds = static_cast<std::uint8_t>(node.kinds & (node.kinds - 1U));
    if (node.kinds == 0) {
        unlink(at);
    }
}

void OwedEvents::forget(std::uint32_t object) noexcept {
    const std::uint32_t index = ObjectTable::index(object);
    release(completions + index);
    release(objects + index);
}

std::size_t OwedEvents::drop(std::size_t queue) noexcept {
    std::size_t dropped = 0;
    while (!empty(queue)) {
        const std::uint32_t at = nodes_[head(queue)].next;
        dropped += static_cast<std::size_t>(std::popcount(nodes_[at].kinds));
        release(at);
    }
    return dropped;
}

void OwedEvents::link(std::uint32_t node, std::uint32_t behind) noexcept {
    Node& added = nodes_[node];
    added.prev = behind;
    added.next = nodes_[behind].next;
    nodes_[added.next].prev = node;
    nodes_[behind].next = node;
}

void OwedEvents::unlink(std::uint32_t node) noexcept {
    Node& gone = nodes_[node];
    nodes_[gone.prev].next = gone.next;
    nodes_[gone.next].prev = gone.prev;
    gone.next = gone.prev = node;
}

void OwedEvents::release(std::uint32_t node) noexcept {
    if (nodes_[node].kinds != 0) {
        nodes_[node].kinds = 0;
        unlink(node);
    }
}

} // namespace mo::nic
