// SPDX-License-Identifier: GPL-2.0-or-later
#include "pcie/in_process.hpp"

#include <linux/pci_regs.h>

#include "common/result.hpp"

namespace mo::pcie {

InProcessHost::InProcessHost(Function& function, std::size_t ram_size, std::uint64_t ram_base)
    : function_(function), base_(ram_base), next_free_(ram_base), ram_(ram_size) {
    const auto mapped = function_.dma().map_memory(ram_base, ram_);
    if (!mapped) {
        throw FatalError(mapped.error().message());
    }
    function_.msix().set_callback([](std::uint32_t) {});
    enable();
}

InProcessHost::~InProcessHost() {
    function_.reset(ResetKind::connection_lost);
    function_.msix().set_callback({});
}

std::byte* InProcessHost::checked(std::uint64_t iova, std::size_t size) {
    if (iova < base_ || iova - base_ > ram_.size() || size > ram_.size() - (iova - base_)) {
        throw FatalError("guest memory has no " + std::to_string(size) + " bytes at " +
                         std::to_string(iova));
    }
    return ram_.data() + (iova - base_);
}

std::uint64_t InProcessHost::allocate(std::size_t size, std::size_t alignment) {
    const std::uint64_t place = (next_free_ + alignment - 1) & ~(std::uint64_t{alignment} - 1);
    (void)checked(place, size);
    next_free_ = place + size;
    return place;
}

std::uint32_t InProcessHost::read32(unsigned bar, std::uint64_t offset) {
    return static_cast<std::uint32_t>(function_.mmio_read(bar, offset, 4));
}

std::uint64_t InProcessHost::read64(unsigned bar, std::uint64_t offset) {
    return function_.mmio_read(bar, offset, 8);
}

void InProcessHost::write32(unsigned bar, std::uint64_t offset, std::uint32_t value) {
    function_.mmio_write(bar, offset, 4, value);
}

void InProcessHost::write64(unsigned bar, std::uint64_t offset, std::uint64_t value) {
    function_.mmio_write(bar, offset, 8, value);
}

void InProcessHost::enable(bool on) {
    function_.config_write(PCI_COMMAND, 2, on ? PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER : 0);
}

void InProcessHost::function_level_reset() {
    auto offset = function_.config_read(PCI_CAPABILITY_LIST, 1);
    constexpr int longest = 48;
    for (int i = 0; i < longest && function_.config_read(offset, 1) != PCI_CAP_ID_EXP; ++i) {
        offset = function_.config_read(offset + PCI_CAP_LIST_NEXT, 1);
    }
    const auto control = function_.config_read(offset + PCI_EXP_DEVCTL, 2);
    function_.config_write(offset + PCI_EXP_DEVCTL, 2, control | PCI_EXP_DEVCTL_BCR_FLR);
}

std::uint64_t InProcessHost::interrupts(std::uint32_t vector) const noexcept {
    return function_.msix().delivered(vector);
}

} // namespace mo::pcie
