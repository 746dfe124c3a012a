// SPDX-License-Identifier: GPL-2.0-or-later
#include "pcie/function.hpp"

#include <algorithm>
#include <linux/pci_regs.h>

#include "common/log.hpp"

namespace mo::pcie {

namespace {

constexpr std::uint64_t all_ones = ~std::uint64_t{0};

std::uint64_t truncate(std::uint64_t value, unsigned size) noexcept {
    return size >= 8 ? value : value & ((std::uint64_t{1} << (8 * size)) - 1);
}

std::uint64_t load_little_endian(std::span<const std::byte> bytes) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
    }
    return value;
}

void store_little_endian(std::span<std::byte> bytes, std::uint64_t value) noexcept {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<std::byte>(value >> (8 * i));
    }
}

/// The largest naturally aligned access at `offset` that fits into `remaining` bytes.
unsigned piece_size(std::uint64_t offset, std::size_t remaining) noexcept {
    unsigned size = 8;
    while (size > remaining || offset % size != 0) {
        size /= 2;
    }
    return size;
}

bool valid_access(std::uint64_t offset, unsigned size) noexcept {
    return (size == 1 || size == 2 || size == 4 || size == 8) && offset % size == 0;
}

} // namespace

Function::Function(const FunctionSpec& spec)
    : spec_(spec), capabilities_(build_config_space(spec, config_)),
      msix_(spec.msix ? spec.msix_vectors : 0) {
    if (spec.msix) {
        msix_table_.resize(std::size_t{spec.msix_vectors} * PCI_MSIX_ENTRY_SIZE);
    }
    reset_msix_table();
}

Function::~Function() = default;

std::uint64_t Function::bar_size(unsigned bar) const noexcept {
    if (bar >= spec_.bars.size()) {
        return 0;
    }
    return spec_.msix && bar == spec_.msix_bar ? spec_.msix_bar_size : spec_.bars[bar].size;
}

void Function::set_present(bool present) noexcept {
    Presence absent = Presence::absent;
    if (!present) {
        presence_.store(Presence::absent);
        // Also what arrives from the wire reaches no memory: the host takes it back now.
        dma_.set_bus_master(false);
    } else {
        presence_.compare_exchange_strong(absent, Presence::arriving);
    }
}

/// Before every access: is there a card? The reset is the control thread's, so a card that has come
/// waits for it here; until then it does nothing, as any card that nobody has configured.
bool Function::answers() {
    Presence arriving = Presence::arriving;
    if (presence_.compare_exchange_strong(arriving, Presence::present)) {
        reset(ResetKind::plugged_in);
    }
    return present();
}

void Function::config_read(std::uint64_t offset, std::span<std::byte> out) {
    counters_.config_reads.add();
    if (!answers()) {
        std::fill(out.begin(), out.end(), std::byte{0xff});
        return;
    }
    config_.read(static_cast<std::size_t>(offset), out);
}

void Function::config_write(std::uint64_t offset, std::span<const std::byte> data) {
    counters_.config_writes.add();
    if (!answers()) {
        return;
    }
    const std::size_t power = capabilities_.power_management + PCI_PM_CTRL;
    const std::size_t device_control = capabilities_.pci_express + PCI_EXP_DEVCTL;
    const std::uint64_t power_before = config_.get(power, 2);
    config_.write(static_cast<std::size_t>(offset), data);

    if ((config_.get(device_control, 2) & PCI_EXP_DEVCTL_BCR_FLR) != 0) {
        reset(ResetKind::function_level);
        return;
    }
    const std::uint64_t state = config_.get(power, 2) & PCI_PM_CTRL_STATE_MASK;
    constexpr std::uint64_t d0 = 0, d3hot = 3;
    if (state != d0 && state != d3hot) {
        config_.set(power, 2, power_before); // an absent state: the write is discarded (7.5.2.2)
    }
    apply_command_and_power();
}

std::uint64_t Function::config_read(std::uint64_t offset, unsigned size) {
    std::array<std::byte, 8> bytes{};
    const auto used = std::span(bytes).first(std::min(size, 8U));
    config_read(offset, used);
    return load_little_endian(used);
}

void Function::config_write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    std::array<std::byte, 8> bytes{};
    const auto used = std::span(bytes).first(std::min(size, 8U));
    store_little_endian(used, value);
    config_write(offset, std::span<const std::byte>(used));
}

void Function::apply_command_and_power() {
    const std::uint64_t command = config_.get(PCI_COMMAND, 2);
    const bool d0 = (config_.get(capabilities_.power_management + PCI_PM_CTRL, 2) &
                     PCI_PM_CTRL_STATE_MASK) == 0;
    memory_enabled_ = d0 && (command & PCI_COMMAND_MEMORY) != 0;
    const bool may_initiate = d0 && (command & PCI_COMMAND_MASTER) != 0;
    if (may_initiate == may_initiate_) {
        return;
    }
    may_initiate_ = may_initiate;
    dma_.set_bus_master(may_initiate);
    msix_.set_enabled(may_initiate);
    if (device_ != nullptr) {
        device_->bus_master_changed(may_initiate);
    }
}

bool Function::bar_accessible(unsigned bar, std::uint64_t offset, unsigned size) {
    const std::uint64_t limit = bar_size(bar);
    if (answers() && memory_enabled_ && valid_access(offset, size) && size <= limit &&
        offset <= limit - size) {
        return true;
    }
    counters_.refused.add();
    report_unsupported_request();
    return false;
}

// 6.2.3.1: a completer that cannot serve a request notes it as an unsupported request.
void Function::report_unsupported_request() noexcept {
    const std::size_t status = capabilities_.pci_express + PCI_EXP_DEVSTA;
    config_.set(status, 2, config_.get(status, 2) | PCI_EXP_DEVSTA_URD);
    const std::size_t errors = capabilities_.error_reporting + PCI_ERR_UNCOR_STATUS;
    config_.set(errors, 4, config_.get(errors, 4) | PCI_ERR_UNC_UNSUP);
}

std::uint64_t Function::mmio_read(unsigned bar, std::uint64_t offset, unsigned size) {
    if (!bar_accessible(bar, offset, size)) {
        return truncate(all_ones, size);
    }
    counters_.mmio_reads[bar].add();
    if (spec_.msix && bar == spec_.msix_bar) {
        return msix_bar_read(offset, size);
    }
    return truncate(device_ != nullptr ? device_->bar_read(bar, offset, size) : all_ones, size);
}

void Function::mmio_write(unsigned bar, std::uint64_t offset, unsigned size, std::uint64_t value) {
    if (!bar_accessible(bar, offset, size)) {
        return;
    }
    counters_.mmio_writes[bar].add();
    if (spec_.msix && bar == spec_.msix_bar) {
        msix_bar_write(offset, size, value);
    } else if (device_ != nullptr) {
        device_->bar_write(bar, offset, size, truncate(value, size));
    }
}

void Function::mmio_read(unsigned bar, std::uint64_t offset, std::span<std::byte> out) {
    while (!out.empty()) {
        const unsigned size = piece_size(offset, out.size());
        store_little_endian(out.first(size), mmio_read(bar, offset, size));
        out = out.subspan(size);
        offset += size;
    }
}

void Function::mmio_write(unsigned bar, std::uint64_t offset, std::span<const std::byte> data) {
    while (!data.empty()) {
        const unsigned size = piece_size(offset, data.size());
        mmio_write(bar, offset, size, load_little_endian(data.first(size)));
        data = data.subspan(size);
        offset += size;
    }
}

void Function::begin_batch() {
    if (device_ != nullptr) {
        device_->begin_batch();
    }
}

void Function::end_batch(bool idle) {
    if (device_ != nullptr) {
        device_->end_batch(idle);
    }
}

void Function::reset(ResetKind kind) {
    counters_.resets.add();
    log::print(log::Level::debug, "%s reset", name_of(kind));
    config_.reset();
    apply_command_and_power(); // refuses DMA and interrupts, waits for what is in flight
    reset_msix_table();
    if (device_ != nullptr) {
        device_->reset(kind);
    }
    if (kind == ResetKind::connection_lost) {
        dma_.unmap_all();
        msix_.unbind_all();
    }
}

Result<std::uint64_t> Function::dma_unmap(std::uint64_t iova, std::uint64_t size) {
    if (device_ != nullptr) {
        device_->dma_unmapping(iova, size);
    }
    return dma_.unmap(iova, size);
}

void Function::dma_unmap_all() {
    if (device_ != nullptr) {
        device_->dma_unmapping(0, all_ones);
    }
    dma_.unmap_all();
}

void Function::reset_msix_table() noexcept {
    std::fill(msix_table_.begin(), msix_table_.end(), std::byte{0});
    for (std::size_t entry = 0; entry < msix_table_.size(); entry += PCI_MSIX_ENTRY_SIZE) {
        msix_table_[entry + PCI_MSIX_ENTRY_VECTOR_CTRL] =
            static_cast<std::byte>(PCI_MSIX_ENTRY_CTRL_MASKBIT);
    }
}

std::uint64_t Function::msix_bar_read(std::uint64_t offset, unsigned size) const noexcept {
    const std::uint64_t place = offset - spec_.msix_table_offset;
    if (offset < spec_.msix_table_offset || place + size > msix_table_.size()) {
        return 0; // pending bits: nothing is ever held back here
    }
    return load_little_endian(std::span(msix_table_).subspan(place, size));
}

void Function::msix_bar_write(std::uint64_t offset, unsigned size, std::uint64_t value) noexcept {
    const std::uint64_t place = offset - spec_.msix_table_offset;
    if (offset >= spec_.msix_table_offset && place + size <= msix_table_.size()) {
        store_little_endian(std::span(msix_table_).subspan(place, size), value);
    }
}

} // namespace mo::pcie
