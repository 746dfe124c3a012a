// SPDX-License-Identifier: GPL-2.0-or-later
// The engine, which knows nothing of NICs, under the names that the NIC's files use.
#pragma once

#include "engine/engine.hpp"
#include "nic/host.hpp"

namespace mo::nic {

using engine::DeviceClock;
using engine::Engine;
using engine::EngineCounters;
using engine::ManualClock;
using engine::RealClock;
using engine::Worker;

} // namespace mo::nic
