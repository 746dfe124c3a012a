// SPDX-License-Identifier: LGPL-2.1-or-later
#include "common/result.hpp"

#include <system_error>

namespace mo {

std::string Error::message() const {
    return text + ": " + std::generic_category().message(code);
}

} // namespace mo
