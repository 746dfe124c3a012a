// SPDX-License-Identifier: GPL-2.0-or-later
#include "nic/registers.hpp"

#include <array>
#include <map>
#include <string_view>
#include <utility>

namespace mo::nic {

namespace {

constexpr std::uint32_t all_bits = ~0U;
constexpr unsigned version_shift = 16;

struct Block {
    std::string_view name;
    std::uint32_t type, version, offset;
};

constexpr std::array blocks{
#define X(name, type, version, offset, text) Block{#name, type, version, offset},
    MO_REG_BLOCKS(X)
#undef X
};

constexpr std::uint32_t writable(std::string_view access) noexcept {
    return access == "RW" ? all_bits : 0;
}

pcie::RegisterSpec row(const char* block, const char* name, std::uint32_t address,
                       std::string_view access, std::uint32_t reset) {
    pcie::RegisterSpec spec;
    spec.name = std::string(block) + "_" + name;
    spec.offset = address;
    spec.reset = reset;
    spec.writable = writable(access);
    return spec;
}

pcie::RegisterSpace make_space(const ControlRegisters::Identity& identity) {
    std::map<std::uint32_t, std::uint32_t> resets{
        {reg::DEV_BOARD, identity.board},
        {reg::DEV_FEATURES_LO, static_cast<std::uint32_t>(identity.features)},
        {reg::DEV_FEATURES_HI, static_cast<std::uint32_t>(identity.features >> 32U)},
        {reg::DEV_PORTS, identity.ports},
        {reg::DEV_VECTORS, identity.vectors},
    };
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        const Block& block = blocks[i];
        resets[block.offset] = block.type | (block.version << version_shift);
        resets[block.offset + hw::MO_DEV_NEXT] = i + 1 < blocks.size() ? blocks[i + 1].offset : 0;
    }
    pcie::RegisterSpace space("control registers", MO_BAR_CTRL_SIZE);
    const auto add = [&](pcie::RegisterSpec spec) {
        const auto found = resets.find(spec.offset);
        if (found != resets.end()) {
            spec.reset = found->second;
        }
        space.add(std::move(spec));
    };
#define X(block, name, offset, access, reset, text)                                                \
    add(row(#block, #name, reg::block##_##name, #access, reset));
    MO_REGS(X)
#undef X
    return space;
}

} // namespace

ControlRegisters::ControlRegisters(const Identity& identity) : space_(make_space(identity)) {}

std::uint64_t ControlRegisters::read(std::uint64_t offset, unsigned size) {
    const std::lock_guard lock(mutex_);
    return space_.read(offset, size);
}

void ControlRegisters::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    const std::lock_guard lock(mutex_);
    space_.write(offset, size, value);
}

std::uint32_t ControlRegisters::get(std::uint32_t address) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::uint32_t>(space_.get(address));
}

void ControlRegisters::set(std::uint32_t address, std::uint32_t value) {
    const std::lock_guard lock(mutex_);
    space_.set(address, value);
}

void ControlRegisters::reset() {
    const std::lock_guard lock(mutex_);
    space_.reset();
}

void ControlRegisters::for_each(const std::function<void(const Row&)>& visit) const {
    const std::lock_guard lock(mutex_);
    space_.for_each([&](const pcie::RegisterSpec& spec, std::uint64_t value,
                        const pcie::RegisterCounts& counts) {
        visit({spec.name, spec.offset, value, counts.reads, counts.writes});
    });
}

std::uint64_t ControlRegisters::unknown_accesses() const {
    const std::lock_guard lock(mutex_);
    return space_.unknown_accesses();
}

} // namespace mo::nic
