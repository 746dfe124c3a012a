// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/result.hpp"

#include <system_error>

namespace mo {

std::string Error::message() const {
    return text + ": " + std::generic_category().message(code);
}

} // namespace mo
