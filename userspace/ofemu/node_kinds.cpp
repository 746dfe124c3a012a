// SPDX-License-Identifier: GPL-2.0-or-later
// The kinds of nodes that there are.
#include <array>

#include "foreign_unit.hpp"
#include "nic_unit.hpp"
#include "node.hpp"

namespace mo::ofemu {

std::span<const NodeKind* const> node_kinds() {
    static constexpr std::array kinds{&nic_kind, &foreign_kind};
    return kinds;
}

} // namespace mo::ofemu
