// SPDX-License-Identifier: GPL-2.0-or-later
// What a NIC may ask of the outside: the engine's Host, under the name that the NIC's files use.
// The NIC's function (configuration space, DMA map, vectors) is pcie::Function, which it owns.
#pragma once

#include "engine/host.hpp"

namespace mo::nic {

using engine::EnginePause;
using engine::Host;

} // namespace mo::nic
