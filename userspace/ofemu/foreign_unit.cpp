// SPDX-License-Identifier: GPL-2.0-or-later
#include "foreign_unit.hpp"

#include "common/random.hpp"
#include "yaml_reader.hpp"

namespace mo::ofemu {

namespace {

/// While the engine is busy it looks at the socket so often; each look is a system call.
constexpr std::uint64_t look_period_ns = 5'000;

std::shared_ptr<NodeEntry> parse(const YAML::Node& node, yaml::Used& used) {
    auto entry = std::make_shared<ForeignEntry>();
    yaml::walk(
        node, "a foreign peer",
        {{"name", [&](const YAML::Node& value) { entry->name = yaml::name_of(value, "name"); }},
         {"socket",
          [&](const YAML::Node& value) {
              entry->socket = yaml::socket_path(value, "socket");
              used.once(value, "socket", entry->socket);
          }}},
        {"name", "socket"});
    return entry;
}

Result<std::unique_ptr<Node>> build(Workshop& workshop, const NodeEntry& entry) {
    return std::unique_ptr<Node>(std::make_unique<ForeignUnit>(
        workshop.config, static_cast<const ForeignEntry&>(entry), workshop.engine));
}

} // namespace

const NodeKind foreign_kind{"foreign", "foreign peer", false, parse, nullptr, build};

ForeignUnit::ForeignUnit(const Config& config, const ForeignEntry& entry, engine::Engine& engine)
    : entry_(entry), engine_(engine),
      converter_(entry.name + "-M", seed_of(config.seed, entry.name), engine) {
    engine_.add(*this);
}

ForeignUnit::~ForeignUnit() {
    engine_.remove(*this);
}

Result<void> ForeignUnit::join(unsigned /*port*/, LinkUnit& link, fabric::End end) {
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

Json ForeignUnit::describe(std::uint64_t /*now_ns*/) {
    Json out = Json::object();
    out.set("name", name()).set("socket", entry_.socket);
    out.set("peer", stream_ != nullptr && stream_->connected());
    return out;
}

Json ForeignUnit::counters() {
    Json out = Json::object();
    if (stream_ != nullptr) {
        const fabric::StreamCounters& counters = stream_->counters();
#define X(name, text) out.set(#name, counters.name);
        MO_STREAM_COUNTERS(X)
#undef X
    }
    return out;
}

} // namespace mo::ofemu
