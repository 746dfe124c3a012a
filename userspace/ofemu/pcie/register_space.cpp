// SPDX-License-Identifier: GPL-2.0-or-later
#include "pcie/register_space.hpp"

#include <algorithm>
#include <utility>

#include "common/result.hpp"

namespace mo::pcie {

namespace {

/// Bits of bytes [first, first + size) of a register.
std::uint64_t lanes(unsigned first, unsigned size) noexcept {
    const std::uint64_t ones = size >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * size)) - 1;
    return ones << (8 * first);
}

} // namespace

RegisterSpace::RegisterSpace(std::string name, std::uint64_t size)
    : name_(std::move(name)), size_(size) {}

void RegisterSpace::add(RegisterSpec spec) {
    const std::string subject = name_ + ": register " + spec.name;
    if (spec.width != 1 && spec.width != 2 && spec.width != 4 && spec.width != 8) {
        throw FatalError(subject + " is " + std::to_string(spec.width) + " bytes wide");
    }
    if (spec.offset % spec.width != 0 || spec.offset + std::uint64_t{spec.width} > size_) {
        throw FatalError(subject + " at " + std::to_string(spec.offset) +
                         " is misaligned or does not fit");
    }
    const std::uint64_t bits = lanes(0, spec.width);
    if ((spec.writable & spec.write_1_clear) != 0 ||
        ((spec.writable | spec.write_1_clear | spec.reset) & ~bits) != 0) {
        throw FatalError(subject + " has masks that contradict each other or its width");
    }
    const auto next = std::lower_bound(
        registers_.begin(), registers_.end(), spec.offset,
        [](const Register& reg, std::uint32_t offset) { return reg.spec.offset < offset; });
    if (next != registers_.end() && next->spec.offset < spec.offset + spec.width) {
        throw FatalError(subject + " overlaps " + next->spec.name);
    }
    if (next != registers_.begin()) {
        const RegisterSpec& before = std::prev(next)->spec;
        if (before.offset + before.width > spec.offset) {
            throw FatalError(subject + " overlaps " + before.name);
        }
    }
    Register reg;
    reg.value = spec.reset;
    reg.spec = std::move(spec);
    registers_.insert(next, std::move(reg));
}

void RegisterSpace::add(std::span<const RegisterSpec> table) {
    for (const RegisterSpec& spec : table) {
        add(spec);
    }
}

RegisterSpace::Register* RegisterSpace::at(std::uint64_t offset) {
    auto next = std::upper_bound(
        registers_.begin(), registers_.end(), offset,
        [](std::uint64_t place, const Register& reg) { return place < reg.spec.offset; });
    if (next == registers_.begin()) {
        return nullptr;
    }
    Register& reg = *std::prev(next);
    return offset < std::uint64_t{reg.spec.offset} + reg.spec.width ? &reg : nullptr;
}

RegisterSpace::Register& RegisterSpace::exactly_at(std::uint32_t offset) {
    Register* const reg = at(offset);
    if (reg == nullptr || reg->spec.offset != offset) {
        throw FatalError(name_ + ": no register at " + std::to_string(offset));
    }
    return *reg;
}

const RegisterSpace::Register& RegisterSpace::exactly_at(std::uint32_t offset) const {
    const auto reg = std::lower_bound(
        registers_.begin(), registers_.end(), offset,
        [](const Register& known, std::uint32_t place) { return known.spec.offset < place; });
    if (reg == registers_.end() || reg->spec.offset != offset) {
        throw FatalError(name_ + ": no register at " + std::to_string(offset));
    }
    return *reg;
}

void RegisterSpace::on_read(std::uint32_t offset, ReadCallback callback) {
    exactly_at(offset).read = std::move(callback);
}

void RegisterSpace::on_write(std::uint32_t offset, WriteCallback callback) {
    exactly_at(offset).write = std::move(callback);
}

std::uint64_t RegisterSpace::read(std::uint64_t offset, unsigned size) {
    std::uint64_t result = 0;
    bool missed = false;
    for (unsigned done = 0; done < size;) {
        Register* const reg = at(offset + done);
        if (reg == nullptr) {
            missed = true;
            ++done;
            continue;
        }
        const auto first = static_cast<unsigned>(offset + done - reg->spec.offset);
        const unsigned part = std::min(size - done, reg->spec.width - first);
        result |= read_part(*reg, first, part) << (8 * done);
        done += part;
    }
    unknown_ += missed ? 1 : 0;
    return result;
}

std::uint64_t RegisterSpace::read_part(Register& reg, unsigned first, unsigned size) {
    ++reg.counts.reads;
    const bool half = reg.spec.width == 8 && size == 4;
    if (half && first == 4 && std::exchange(reg.upper_is_held, false)) {
        return reg.held_upper;
    }
    const std::uint64_t value = reg.read ? reg.read() : reg.value;
    if (half && first == 0) {
        reg.held_upper = value >> 32;
        reg.upper_is_held = true;
    }
    return (value & lanes(first, size)) >> (8 * first);
}

void RegisterSpace::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    bool missed = false;
    for (unsigned done = 0; done < size;) {
        Register* const reg = at(offset + done);
        if (reg == nullptr) {
            missed = true;
            ++done;
            continue;
        }
        const auto first = static_cast<unsigned>(offset + done - reg->spec.offset);
        const unsigned part = std::min(size - done, reg->spec.width - first);
        write_part(*reg, first, part, value >> (8 * done));
        done += part;
    }
    unknown_ += missed ? 1 : 0;
}

void RegisterSpace::write_part(Register& reg, unsigned first, unsigned size, std::uint64_t value) {
    ++reg.counts.writes;
    const std::uint64_t touched = lanes(first, size);
    const std::uint64_t bus = (value << (8 * first)) & touched;
    const std::uint64_t taken = reg.spec.writable & touched;
    reg.value = (reg.value & ~taken) | (bus & taken);
    reg.value &= ~(bus & reg.spec.write_1_clear);
    reg.pending = (reg.pending & ~touched) | bus;
    if (reg.spec.width == 8 && first + size < 8) {
        return; // the upper half is still to come
    }
    const std::uint64_t written = std::exchange(reg.pending, 0);
    if (reg.write) {
        reg.write(reg.value, written);
    }
}

std::uint64_t RegisterSpace::get(std::uint32_t offset) const {
    return exactly_at(offset).value;
}

void RegisterSpace::set(std::uint32_t offset, std::uint64_t value) {
    Register& reg = exactly_at(offset);
    reg.value = value & lanes(0, reg.spec.width);
}

void RegisterSpace::reset() {
    for (Register& reg : registers_) {
        reg.value = reg.spec.reset;
        reg.pending = 0;
        reg.upper_is_held = false;
    }
}

const RegisterSpec* RegisterSpace::find(std::string_view name) const {
    const auto reg = std::find_if(registers_.begin(), registers_.end(),
                                  [&](const Register& known) { return known.spec.name == name; });
    return reg == registers_.end() ? nullptr : &reg->spec;
}

RegisterCounts RegisterSpace::counts(std::uint32_t offset) const {
    return exactly_at(offset).counts;
}

void RegisterSpace::for_each(const std::function<void(const RegisterSpec&, std::uint64_t,
                                                      const RegisterCounts&)>& visit) const {
    for (const Register& reg : registers_) {
        visit(reg.spec, reg.value, reg.counts);
    }
}

} // namespace mo::pcie
