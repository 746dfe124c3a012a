// SPDX-License-Identifier: GPL-2.0-or-later
#include "system.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>

namespace mo::ofemu {

namespace {

constexpr std::uint64_t ns_per_us = 1000;

Result<std::vector<std::uint8_t>> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return fail(errno, path);
    }
    return std::vector<std::uint8_t>(std::istreambuf_iterator<char>(file), {});
}

} // namespace

System::System(const Config& config)
    : config_(config), engine_(clock_, config.spin_us ? *config.spin_us * ns_per_us
                                                      : engine::Engine::default_spin_ns) {
    if (config.idle_poll_us) {
        engine_.idle_poll().set_hold(*config.idle_poll_us * ns_per_us);
    }
}

System::~System() {
    stop();
    for (const auto& node : nodes_) {
        node->leave(); // the links end first
    }
    for (const auto& link : links_) {
        link->disconnect();
    }
}

Result<std::unique_ptr<System>> System::create(const Config& config) {
    std::unique_ptr<System> system(new System(config));
    const auto built = system->build();
    if (!built) {
        return Unexpected{built.error()};
    }
    return system;
}

Result<void> System::build() {
    Workshop workshop{config_, engine_, {}};
    if (!config_.rom.empty()) {
        auto image = read_file(config_.rom);
        if (!image) {
            return Unexpected{image.error()};
        }
        workshop.rom = std::move(*image);
    }
    for (const auto& entry : config_.nodes) {
        auto node = entry->kind->build(workshop, *entry);
        if (!node) {
            return Unexpected{node.error()};
        }
        nodes_.push_back(std::move(*node));
    }
    for (const LinkEntry& entry : config_.links) {
        links_.push_back(std::make_unique<LinkUnit>(config_, entry, engine_));
        const auto connected = connect(*links_.back());
        if (!connected) {
            return connected;
        }
    }
    return {};
}

Result<void> System::connect(LinkUnit& link) {
    std::array<bool, 2> ideal{};
    for (const fabric::End end : {fabric::End::a, fabric::End::b}) {
        const PortRef& port = link.entry().ends[static_cast<std::size_t>(end)];
        Node* const node = find_node(port.node);
        if (node == nullptr || port.port >= node->entry().ports()) {
            return fail(EINVAL, link.name() + " ends at no port: " + port.node);
        }
        ideal[static_cast<std::size_t>(end)] = node->entry().ideal();
        const auto joined = node->join(port.port, link, end);
        if (!joined) {
            return joined;
        }
    }
    if (ideal[0] != ideal[1]) {
        return fail(EINVAL, link.name() + " joins an ideal port and an optical one");
    }
    return {};
}

void System::start() {
    engine_.start();
    for (const auto& node : nodes_) {
        node->start();
    }
}

void System::stop() {
    for (const auto& node : nodes_) {
        node->stop();
    }
    engine_.stop();
}

Node* System::find_node(std::string_view name) noexcept {
    const auto found =
        std::ranges::find_if(nodes_, [name](const auto& node) { return node->name() == name; });
    return found != nodes_.end() ? found->get() : nullptr;
}

LinkUnit* System::find_link(std::string_view name) noexcept {
    const auto found =
        std::ranges::find_if(links_, [name](const auto& link) { return link->name() == name; });
    return found != links_.end() ? found->get() : nullptr;
}

} // namespace mo::ofemu
