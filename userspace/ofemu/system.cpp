// SPDX-License-Identifier: GPL-2.0-or-later
#include "system.hpp"

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

template <typename Units>
auto* find(const Units& units, std::string_view name) noexcept {
    for (const auto& unit : units) {
        if (unit->name() == name) {
            return unit.get();
        }
    }
    return static_cast<decltype(units.front().get())>(nullptr);
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
    for (const auto& unit : nics_) {
        unit->mac().connect(nullptr, fabric::End::a); // the links end first
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
    std::vector<std::uint8_t> rom;
    if (!config_.rom.empty()) {
        auto image = read_file(config_.rom);
        if (!image) {
            return Unexpected{image.error()};
        }
        rom = std::move(*image);
    }
    for (const NicEntry& entry : config_.nics) {
        nics_.push_back(std::make_unique<NicUnit>(config_, entry, rom, engine_));
        const auto listening = nics_.back()->listen();
        if (!listening) {
            return listening;
        }
    }
    for (const ForeignEntry& entry : config_.foreign) {
        foreign_.push_back(std::make_unique<ForeignUnit>(config_, entry, engine_));
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
    for (const fabric::End end : {fabric::End::a, fabric::End::b}) {
        const std::string& name = link.entry().ends[static_cast<std::size_t>(end)];
        if (NicUnit* const unit = find_nic(name); unit != nullptr) {
            unit->mac().connect(&link.link(), end);
            link.connect(end, unit->port(), &unit->nic().port(0));
        } else if (ForeignUnit* const peer = find(foreign_, name); peer != nullptr) {
            const auto joined = peer->join(link, end);
            if (!joined) {
                return joined;
            }
        }
    }
    return {};
}

void System::start() {
    engine_.start();
    for (const auto& unit : nics_) {
        unit->start();
    }
}

void System::stop() {
    for (const auto& unit : nics_) {
        unit->stop();
    }
    engine_.stop();
}

NicUnit* System::find_nic(std::string_view name) noexcept {
    return find(nics_, name);
}

LinkUnit* System::find_link(std::string_view name) noexcept {
    return find(links_, name);
}

} // namespace mo::ofemu
