// SPDX-License-Identifier: GPL-2.0-or-later
#include "foreign_unit.hpp"

#include "common/random.hpp"

namespace mo::ofemu {

namespace {

/// While the engine is busy it looks at the socket so often; each look is a system call.
constexpr std::uint64_t look_period_ns = 5'000;

} // namespace

ForeignUnit::ForeignUnit(const Config& config, const ForeignEntry& entry, engine::Engine& engine)
    : entry_(entry), engine_(engine),
      converter_(entry.name + "-M", seed_of(config.seed, entry.name), engine) {
    engine_.add(*this);
}

ForeignUnit::~ForeignUnit() {
    engine_.remove(*this);
}

Result<void> ForeignUnit::join(LinkUnit& link, fabric::End end) {
    auto stream = fabric::StreamEndpoint::listen(entry_.socket, link.link(), end);
    if (!stream) {
        return Unexpected{stream.error()};
    }
    stream_ = std::move(*stream);
    link.link().attach(end, stream_.get());
    link.connect(end, converter_.port(), nullptr);
    return {};
}

bool ForeignUnit::poll(std::uint64_t now_ns, unsigned budget) {
    if (stream_ == nullptr || now_ns < next_look_ns_) {
        return false;
    }
    next_look_ns_ = now_ns + look_period_ns;
    const bool more = stream_->service(now_ns, budget);
    if (more) {
        next_look_ns_ = now_ns;
    }
    return more;
}

void ForeignUnit::finish_round(std::uint64_t /*now_ns*/) {
    if (stream_ != nullptr) {
        stream_->flush();
    }
}

void ForeignUnit::add_wait_fds(std::vector<pollfd>& fds) const {
    if (stream_ != nullptr) {
        fds.push_back({stream_->poll_fd(), POLLIN, 0});
    }
}

} // namespace mo::ofemu
