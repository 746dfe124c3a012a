// SPDX-License-Identifier: GPL-2.0-or-later
// Dispatcher's part for interrupts: MSI-X by eventfds. The other indexes have no vectors; ERR above
// all, with which QEMU would stop the guest for good.
#include <cerrno>

#include "vfio_user/dispatch.hpp"

namespace mo::vfio_user {

std::uint32_t Dispatcher::irq_info(Payload payload, ByteWriter& reply) {
    auto info = decode<IrqInfo>(payload);
    if (!info || info->index >= irq_count) {
        return EINVAL;
    }
    const std::uint32_t count = info->index == irq_msix ? function_.msix().count() : 0;
    info->argsz = sizeof(IrqInfo);
    // Not NORESIZE: QEMU would take all vectors down for each new one.
    info->flags = count != 0 ? irq_flag_eventfd : 0;
    info->count = count;
    reply.object(*info);
    return 0;
}

std::uint32_t Dispatcher::set_irqs(Payload payload, std::span<Fd> fds) {
    const auto message = decode_set_irqs(payload);
    if (!message) {
        return EINVAL;
    }
    const SetIrqs& request = message->request;
    const std::uint32_t vectors = request.index == irq_msix ? function_.msix().count() : 0;
    if (request.index >= irq_count || request.start > vectors ||
        request.count > vectors - request.start) {
        return EINVAL;
    }
    const bool booleans = request.flags == (irq_data_bool | irq_action_trigger);
    if (message->data.size() != (booleans ? request.count.value() : 0U)) {
        return EINVAL;
    }
    if (request.flags == (irq_data_eventfd | irq_action_trigger)) {
        return bind_irqs(request, fds);
    }
    if (!fds.empty()) {
        return EINVAL;
    }
    if (request.flags == (irq_data_none | irq_action_trigger)) {
        if (request.count == 0) {
            if (vectors != 0) {
                function_.msix().unbind_all();
            }
            return 0;
        }
        for (std::uint32_t i = 0; i < request.count; ++i) {
            function_.msix().raise(request.start + i);
        }
        return 0;
    }
    if (booleans) {
        for (std::uint32_t i = 0; i < request.count; ++i) {
            if (message->data[i] != std::byte{0}) {
                function_.msix().raise(request.start + i);
            }
        }
        return 0;
    }
    return EINVAL; // masking is the client's part
}

std::uint32_t Dispatcher::bind_irqs(const SetIrqs& request, std::span<Fd> fds) {
    if (fds.empty()) {
        const auto unbound = function_.msix().unbind(request.start, request.count);
        return unbound ? 0 : static_cast<std::uint32_t>(unbound.error().code);
    }
    if (fds.size() != request.count) {
        return EINVAL;
    }
    for (std::uint32_t i = 0; i < request.count; ++i) {
        const auto bound = function_.msix().bind(request.start + i, std::move(fds[i]));
        if (!bound) {
            return static_cast<std::uint32_t>(bound.error().code);
        }
    }
    return 0;
}

} // namespace mo::vfio_user
