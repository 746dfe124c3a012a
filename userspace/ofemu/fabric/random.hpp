// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "common/random.hpp"

namespace mo::fabric {

using mo::Random;

} // namespace mo::fabric
