// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/mapping.hpp"

#include <cerrno>
#include <sys/mman.h>
#include <utility>

namespace mo {

Mapping::Mapping(Mapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
}

Mapping::~Mapping() {
    if (data_ != nullptr) {
        ::munmap(data_, size_);
    }
}

Result<Mapping> Mapping::map(int fd, std::uint64_t offset, std::size_t size, bool writable) {
    const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    void* const address =
        ::mmap(nullptr, size, protection, MAP_SHARED, fd, static_cast<off_t>(offset));
    if (address == MAP_FAILED) {
        return fail(errno, "cannot map a file");
    }
    return Mapping(static_cast<std::byte*>(address), size);
}

} // namespace mo
