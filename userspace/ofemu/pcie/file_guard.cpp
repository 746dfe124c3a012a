// SPDX-License-Identifier: GPL-2.0-or-later
#include "pcie/file_guard.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <linux/magic.h>
#include <mutex>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <utility>

namespace mo::pcie {

namespace {

/// A guarded mapping as the handler finds it. Whoever has an address inside of it holds the mapping
/// for that long, so the handler's own slot stands still; all others may change while it looks.
struct Slot {
    std::atomic<std::uintptr_t> begin; ///< 0: free; set last, cleared first
    std::atomic<std::uintptr_t> end;
    std::atomic<std::size_t> page;
    std::atomic<std::atomic<bool>*> lost;
};

constexpr std::size_t capacity = 16384;
constinit std::array<Slot, capacity> slots{}; // the handler can neither allocate nor lock
constinit std::atomic<std::size_t> used{0};   // slots from here on were never taken
static_assert(std::atomic<std::uintptr_t>::is_always_lock_free &&
              std::atomic<std::atomic<bool>*>::is_always_lock_free);

std::mutex writer;
bool installed = false; // under `writer`
struct sigaction previous{};

/// By the system call itself: a sanitizer's mmap() is no function for a signal handler.
bool put_empty_memory(std::uintptr_t begin, std::size_t size) noexcept {
    const long place = ::syscall(SYS_mmap, begin, size, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0L);
    return static_cast<std::uintptr_t>(place) == begin;
}

/// False: the address is in no mapping that is guarded, or nothing can be done about it.
bool replace(std::uintptr_t address) noexcept {
    const std::size_t count = used.load();
    for (std::size_t i = 0; i < count; ++i) {
        const Slot& slot = slots[i];
        const std::uintptr_t begin = slot.begin.load();
        const std::uintptr_t end = slot.end.load();
        const std::size_t page = slot.page.load();
        if (begin == 0 || address < begin || address >= end || slot.begin.load() != begin) {
            continue;
        }
        slot.lost.load()->store(true);
        // All of it, if the process may have no further mapping.
        return put_empty_memory(address - (address - begin) % page, page) ||
               put_empty_memory(begin, end - begin);
    }
    return false;
}

void on_sigbus(int signal, siginfo_t* info, void* /*context*/) {
    const int error = errno;
    const bool by_access = info->si_code > 0; // not sent by a process
    if (!by_access || !replace(reinterpret_cast<std::uintptr_t>(info->si_addr))) {
        (void)::sigaction(signal, &previous, nullptr);
        if (!by_access) {
            (void)::raise(signal); // comes when this returns; an access is simply repeated then
        }
    }
    errno = error;
}

Result<void> install() {
    struct sigaction action{};
    action.sa_sigaction = on_sigbus;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    (void)::sigemptyset(&action.sa_mask);
    if (::sigaction(SIGBUS, &action, &previous) != 0) {
        return fail(errno, "cannot handle SIGBUS");
    }
    installed = true;
    return {};
}

/// What the kernel replaces in a mapping of the file: whole huge pages only.
Result<std::size_t> page_size_of(int fd) {
    struct statfs system{};
    if (::fstatfs(fd, &system) != 0) {
        return fail(errno, "cannot examine a file's file system");
    }
    return static_cast<std::size_t>(system.f_type == HUGETLBFS_MAGIC ? system.f_bsize
                                                                     : ::sysconf(_SC_PAGESIZE));
}

} // namespace

Result<FileGuard> FileGuard::guard(const Mapping& mapping, int fd, std::atomic<bool>& lost) {
    const auto page = page_size_of(fd);
    if (!page) {
        return Unexpected{page.error()};
    }
    const std::lock_guard lock(writer);
    if (!installed) {
        if (auto done = install(); !done) {
            return Unexpected{std::move(done).error()};
        }
    }
    const auto free = std::find_if(slots.begin(), slots.end(),
                                   [](const Slot& slot) { return slot.begin.load() == 0; });
    if (free == slots.end()) {
        return fail(ENOSPC, "too many files are mapped");
    }
    const auto place = static_cast<std::size_t>(free - slots.begin());
    const auto begin = reinterpret_cast<std::uintptr_t>(mapping.data());
    free->end.store(begin + (mapping.size() + *page - 1) / *page * *page);
    free->page.store(*page);
    free->lost.store(&lost);
    free->begin.store(begin);
    used.store(std::max(used.load(), place + 1));
    return FileGuard(place);
}

FileGuard::FileGuard(FileGuard&& other) noexcept : slot_(std::exchange(other.slot_, nowhere)) {}

FileGuard::~FileGuard() {
    if (slot_ != nowhere) {
        slots[slot_].begin.store(0); // alone decides whether the slot is taken
    }
}

} // namespace mo::pcie
