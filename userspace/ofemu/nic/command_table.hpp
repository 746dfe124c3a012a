// SPDX-License-Identifier: GPL-2.0-or-later
// Admin commands of a datapath block: the table of those it executes, their bodies and results
// (driver/hw/cmd.h: a command's fields, zeroes behind them; a result of at most 48 bytes).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <span>

#include "common/hw.hpp"
#include "nic/queue_env.hpp"

namespace mo::nic {

/// One command that a block executes.
template <typename Block>
struct CommandRow {
    hw::mo_cmd opcode;
    hw::mo_status (Block::*handler)(const hw::mo_cmd_desc&, CommandResult);
};

/// The row of an opcode, or null.
template <typename Block>
const CommandRow<Block>* find_command(std::span<const CommandRow<Block>> table,
                                      std::uint16_t opcode) {
    const auto row = std::ranges::find_if(
        table, [&](const CommandRow<Block>& each) { return each.opcode == opcode; });
    return row != table.end() ? &*row : nullptr;
}

/// The command's body as a `Body`; false: what follows it is not zero.
template <typename Body>
bool take_body(const hw::mo_cmd_desc& desc, Body& body) {
    static_assert(sizeof(Body) <= sizeof desc.body);
    std::memcpy(&body, static_cast<const void*>(desc.body), sizeof body);
    return std::all_of(std::begin(desc.body) + sizeof body, std::end(desc.body),
                       [](std::uint8_t byte) { return byte == 0; });
}

template <typename T>
void give_result(CommandResult result, const T& value) {
    static_assert(sizeof(T) <= CommandResult::extent);
    std::memcpy(result.data(), &value, sizeof value);
}

} // namespace mo::nic
