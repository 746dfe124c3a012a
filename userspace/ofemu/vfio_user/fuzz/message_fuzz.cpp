// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio_user/fuzz/message_fuzz.hpp"

#include <array>
#include <cstdlib>
#include <memory>
#include <vector>

#include "common/bytes.hpp"
#include "pcie/function.hpp"
#include "vfio_user/dispatch.hpp"
#include "vfio_user/message.hpp"

namespace mo::vfio_user {

namespace {

class Sink : public pcie::DeviceModel {
  public:
    explicit Sink(const pcie::Function& function) : function_(function) {}
    std::uint64_t bar_read(unsigned bar, std::uint64_t offset, unsigned size) override {
        check(bar, offset, size);
        return offset;
    }
    void bar_write(unsigned bar, std::uint64_t offset, unsigned size, std::uint64_t) override {
        check(bar, offset, size);
    }
    void reset(pcie::ResetKind) override {}
    void bus_master_changed(bool) override {}
    void dma_unmapping(std::uint64_t, std::uint64_t) override {}

  private:
    /// What DeviceModel promises to a device.
    void check(unsigned bar, std::uint64_t offset, unsigned size) const {
        const bool valid_size = size == 1 || size == 2 || size == 4 || size == 8;
        if (!valid_size || offset % size != 0 || offset + size > function_.bar_size(bar)) {
            std::abort();
        }
    }
    const pcie::Function& function_;
};

pcie::FunctionSpec spec() {
    pcie::FunctionSpec made;
    made.bars[0] = {.size = 0x10000};
    made.bars[2] = {.size = 0x10000};
    return made;
}

} // namespace

void fuzz_messages(std::span<const std::byte> stream) {
    static const auto reply_memory = std::make_unique_for_overwrite<std::byte[]>(max_message);
    pcie::Function function(spec());
    Sink sink(function);
    function.attach(sink);
    Dispatcher dispatcher(function);
    for (;;) {
        const Frame request = parse_frame(stream);
        if (request.state != FrameState::complete) {
            return;
        }
        if (request.size > stream.size() ||
            request.payload.size() + sizeof(Header) != request.size) {
            std::abort();
        }
        (void)Dispatcher::is_posted_write(request);
        ByteWriter reply(std::span(reply_memory.get(), max_message).subspan(sizeof(Header)));
        std::array<Fd, 1> no_fd; // an owner of nothing: what a client's bad descriptor looks like
        const std::size_t fds = request.header.message_id % 2U;
        const std::uint32_t error = dispatcher.handle(request, std::span(no_fd).first(fds), reply);
        const Header answer = reply_header(request.header, reply.size(), error);
        if (!reply.ok() || answer.size > max_message || error > 4095) {
            std::abort();
        }
        stream = stream.subspan(request.size);
    }
}

} // namespace mo::vfio_user
