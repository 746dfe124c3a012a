// SPDX-License-Identifier: GPL-2.0-or-later
#include "mgmt/peripheral.hpp"

#include <string>

#include "common/result.hpp"

namespace mo::mgmt {
namespace {

enum class Access : std::uint8_t { none, RO, RW, WO, W1C };

constexpr std::size_t words_per_block = MO_SOC_PERIPH_SIZE / 4;

using AccessMap = std::array<Access, block_count * words_per_block>;

struct Row {
    hw::mo_soc_reg reg;
    Access access;
    std::uint32_t reset;
};

constexpr std::array rows{
#define X(block, name, offset, access, reset, text)                                                \
    Row{hw::MO_SOC_##block##_##name, Access::access, reset},
    MO_SOC_REGS(X)
#undef X
};

constexpr bool has_lanes(std::size_t block) {
    return block == hw::MO_SOC_SERDES || block == hw::MO_SOC_LASER || block == hw::MO_SOC_PCS;
}

/// Access by word of the peripheral space: the table, lane registers and histogram bins repeated.
constexpr AccessMap make_access_map() {
    AccessMap map{};
    const auto put = [&](std::size_t block, std::size_t offset, Access access) {
        map[block * words_per_block + offset / 4] = access;
    };
    for (const Row& row : rows) {
        const std::size_t block =
            (static_cast<std::size_t>(row.reg) - MO_SOC_PERIPH_BASE) / MO_SOC_PERIPH_SIZE;
        const std::size_t offset = block_offset(row.reg);
        if (has_lanes(block) && offset >= MO_SOC_LANE_BASE) {
            for (std::size_t lane = 0; lane < MO_MAX_LANES; ++lane) {
                put(block, offset + lane * MO_SOC_LANE_STRIDE, row.access);
            }
        } else if (row.reg == hw::MO_SOC_PCS_BIN0_LO || row.reg == hw::MO_SOC_PCS_BIN0_HI) {
            for (std::size_t bin = 0; bin < MO_FEC_BINS; ++bin) {
                put(block, offset + bin * 8, row.access);
            }
        } else {
            put(block, offset, row.access);
        }
    }
    return map;
}

constexpr AccessMap access_map = make_access_map();

} // namespace

std::uint32_t reset_value(hw::mo_soc_reg reg) {
    for (const Row& row : rows) {
        if (row.reg == reg) {
            return row.reset;
        }
    }
    return 0;
}

void PeripheralSpace::attach(hw::mo_soc_block index, Peripheral& block) {
    Peripheral*& place = blocks_.at(index);
    if (place != nullptr) {
        throw FatalError("soc: peripheral block " + std::to_string(index) + " is attached twice");
    }
    place = &block;
}

std::optional<std::uint32_t> PeripheralSpace::mmio_read(std::uint32_t offset,
                                                        std::uint64_t now_ns) {
    const Access access = access_map[offset / 4];
    Peripheral* block = blocks_[offset / MO_SOC_PERIPH_SIZE];
    if (access == Access::none || access == Access::WO || block == nullptr) {
        return {};
    }
    return block->read(offset % MO_SOC_PERIPH_SIZE, now_ns);
}

bool PeripheralSpace::mmio_write(std::uint32_t offset, std::uint32_t value, std::uint64_t now_ns) {
    const Access access = access_map[offset / 4];
    Peripheral* block = blocks_[offset / MO_SOC_PERIPH_SIZE];
    if (access == Access::none || access == Access::RO || block == nullptr) {
        return false;
    }
    block->write(offset % MO_SOC_PERIPH_SIZE, value, now_ns);
    return true;
}

} // namespace mo::mgmt
