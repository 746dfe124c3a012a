// SPDX-License-Identifier: GPL-2.0-or-later
// Version of the JSON that ofctl prints. Raised when a key changes its meaning or goes away; new
// keys do not raise it. The keys stand in Documentation/user/ofctl.schema.json.
#pragma once

namespace mo::ofctl {

inline constexpr int schema_version = 1;

} // namespace mo::ofctl
