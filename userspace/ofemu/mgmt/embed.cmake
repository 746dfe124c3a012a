# SPDX-License-Identifier: GPL-2.0-or-later
# cmake -DINPUT=file -DOUTPUT=file.cpp -P embed.cmake: makes builtin_rom() from a binary file.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x[0-9a-f][0-9a-f],){16})" "\\1\n    " bytes "${bytes}")
file(WRITE ${OUTPUT} "// Made from mo-rom.bin by embed.cmake.
#include \"mgmt/builtin_rom.hpp\"

namespace mo::mgmt {
namespace {

constexpr std::uint8_t rom[] = {
    ${bytes}
};

} // namespace

std::span<const std::uint8_t> builtin_rom() { return rom; }

} // namespace mo::mgmt
")
