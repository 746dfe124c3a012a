// SPDX-License-Identifier: GPL-2.0-or-later
// The fields of a module's management memory (driver/hw/cmis.h) as values: cmis::p11_DP_STATE is
// where the field DP_STATE of page 11h stands, cmis::pLOW_TEMP one of the lower half.
#pragma once

#include "common/hw.hpp"

namespace mo::cmis {

struct Field {
    unsigned page;
    unsigned byte;  ///< address of the first, as the specification counts: 0..255
    unsigned bytes; ///< how many
    unsigned mask;  ///< bits of the byte that are the field
    unsigned shift; ///< of its lowest bit
};

#define X(page, name, byte, bytes, high, low, access, text)                                        \
    inline constexpr Field p##page##_##name{                                                       \
        hw::MO_CMIS_PAGE_##page, hw::MO_CMIS_##page##_##name, hw::MO_CMIS_##page##_##name##_LEN,   \
        hw::MO_CMIS_##page##_##name##_MASK, hw::MO_CMIS_##page##_##name##_SHIFT};
MO_CMIS_FIELDS(X)
#undef X

} // namespace mo::cmis
