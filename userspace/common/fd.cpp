// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/fd.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

namespace mo {

void Fd::reset(int fd) noexcept {
    if (fd_ >= 0) {
        const int saved = errno;
        ::close(fd_);
        errno = saved;
    }
    fd_ = fd;
}

Result<Fd> Fd::duplicate() const {
    Fd copy(::fcntl(fd_, F_DUPFD_CLOEXEC, 0));
    if (!copy) {
        return fail(errno, "cannot duplicate a file descriptor");
    }
    return copy;
}

Result<Fd> make_memfd(const char* name, std::size_t size) {
    Fd fd(::memfd_create(name, MFD_CLOEXEC));
    if (!fd) {
        return fail(errno, "cannot make a memory file");
    }
    if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
        return fail(errno, "cannot size a memory file");
    }
    return fd;
}

Result<Fd> make_eventfd() {
    Fd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!fd) {
        return fail(errno, "cannot make an eventfd");
    }
    return fd;
}

} // namespace mo
