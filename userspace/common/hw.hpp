// SPDX-License-Identifier: GPL-2.0-or-later
// The hardware interface (driver/hw) for C++: the one place where these C headers are included.
// They land in namespace mo::hw with their __le fields as mo::Le, so a field can be read only
// through its byte order.
#pragma once

// Everything of the standard library that driver/hw may include has to be included here first:
// inside the namespace below it would be too late.
#include <cstddef>
#include <cstdint>

#include "common/le.hpp"

#define MO_HW_CXX 1

namespace mo::hw {

// The names are the kernel's.
// NOLINTBEGIN(bugprone-reserved-identifier)
using __u8 = std::uint8_t;
using __u16 = std::uint16_t;
using __u32 = std::uint32_t;
using __u64 = std::uint64_t;
using __s8 = std::int8_t;
using __s16 = std::int16_t;
using __s32 = std::int32_t;
using __s64 = std::int64_t;
using __le16 = mo::Le<std::uint16_t>;
using __le32 = mo::Le<std::uint32_t>;
using __le64 = mo::Le<std::uint64_t>;
using __be16 = mo::Be<std::uint16_t>;
using __be32 = mo::Be<std::uint32_t>;
using __be64 = mo::Be<std::uint64_t>;
// NOLINTEND(bugprone-reserved-identifier)

#include "hw/cmd.h"
#include "hw/cmis.h"
#include "hw/db.h"
#include "hw/eth.h"
#include "hw/event.h"
#include "hw/fwimg.h"
#include "hw/ids.h"
#include "hw/link.h"
#include "hw/mbox.h"
#include "hw/rdma.h"
#include "hw/regs.h"
#include "hw/soc.h"
#include "hw/stats.h"
#include "hw/status.h"

} // namespace mo::hw
