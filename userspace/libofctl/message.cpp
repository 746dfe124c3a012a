// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libofctl/message.hpp"

#include <algorithm>

namespace mo::ofctl {

namespace {

constexpr std::size_t align4(std::size_t value) {
    return (value + 3) & ~std::size_t{3};
}

template <typename Unsigned>
std::uint64_t load(std::span<const std::byte> data) {
    Unsigned value{};
    std::memcpy(&value, data.data(), sizeof value);
    return value;
}

std::optional<std::uint64_t> unsigned_of(std::span<const std::byte> data) {
    switch (data.size()) {
    case 1:
        return load<std::uint8_t>(data);
    case 2:
        return load<std::uint16_t>(data);
    case 4:
        return load<std::uint32_t>(data);
    case 8:
        return load<std::uint64_t>(data);
    default:
        return std::nullopt;
    }
}

} // namespace

Attributes::Attributes(std::span<const std::byte> data) {
    while (data.size() >= sizeof(nlattr)) {
        nlattr head{};
        std::memcpy(&head, data.data(), sizeof head);
        if (head.nla_len < sizeof head || head.nla_len > data.size()) {
            return;
        }
        const auto type = static_cast<std::uint16_t>(head.nla_type & NLA_TYPE_MASK);
        items_.emplace_back(type, data.subspan(sizeof head, head.nla_len - sizeof head));
        data = data.subspan(std::min(data.size(), align4(head.nla_len)));
    }
}

const std::span<const std::byte>* Attributes::first(std::uint16_t type) const {
    const auto found =
        std::find_if(items_.begin(), items_.end(), [&](const auto& i) { return i.first == type; });
    return found == items_.end() ? nullptr : &found->second;
}

std::optional<std::uint64_t> Attributes::integer(std::uint16_t type) const {
    const auto* data = first(type);
    return data == nullptr ? std::nullopt : unsigned_of(*data);
}

std::optional<std::int64_t> Attributes::signed_integer(std::uint16_t type) const {
    const auto* data = first(type);
    const auto value = data == nullptr ? std::nullopt : unsigned_of(*data);
    if (!value) {
        return std::nullopt;
    }
    const auto unused = 64 - 8 * data->size();
    return static_cast<std::int64_t>(*value << unused) >> unused;
}

std::optional<std::string> Attributes::text(std::uint16_t type) const {
    const auto* data = first(type);
    if (data == nullptr) {
        return std::nullopt;
    }
    std::string value(data->size(), '\0');
    std::memcpy(value.data(), data->data(), data->size());
    value.resize(std::min(value.find('\0'), value.size()));
    return value;
}

std::span<const std::byte> Attributes::bytes(std::uint16_t type) const {
    const auto* data = first(type);
    return data == nullptr ? std::span<const std::byte>{} : *data;
}

std::vector<std::span<const std::byte>> Attributes::all(std::uint16_t type) const {
    std::vector<std::span<const std::byte>> found;
    for (const auto& [item_type, data] : items_) {
        if (item_type == type) {
            found.push_back(data);
        }
    }
    return found;
}

Builder::Builder(std::uint16_t type, std::uint16_t flags) {
    nlmsghdr head{};
    head.nlmsg_type = type;
    head.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    append(&head, sizeof head);
}

void Builder::append(const void* data, std::size_t length) {
    const auto at = bytes_.size();
    bytes_.resize(at + align4(length));
    if (length > 0) {
        std::memcpy(bytes_.data() + at, data, length);
    }
}

Builder& Builder::put(std::uint16_t type, std::span<const std::byte> value) {
    nlattr head{};
    head.nla_type = type;
    head.nla_len = static_cast<std::uint16_t>(sizeof head + value.size());
    append(&head, sizeof head);
    append(value.data(), value.size());
    return *this;
}

Builder& Builder::put_text(std::uint16_t type, std::string_view value) {
    const std::string terminated(value);
    return put(type, std::as_bytes(std::span(terminated.c_str(), terminated.size() + 1)));
}

Builder& Builder::put_u8(std::uint16_t type, std::uint8_t value) {
    return put(type, std::as_bytes(std::span(&value, 1)));
}

Builder& Builder::put_u32(std::uint16_t type, std::uint32_t value) {
    return put(type, std::as_bytes(std::span(&value, 1)));
}

Builder& Builder::put_u64(std::uint16_t type, std::uint64_t value) {
    return put(type, std::as_bytes(std::span(&value, 1)));
}

Builder& Builder::begin(std::uint16_t type) {
    open_.push_back(bytes_.size());
    return put(static_cast<std::uint16_t>(type | NLA_F_NESTED), {});
}

Builder& Builder::end() {
    const auto at = open_.back();
    open_.pop_back();
    const auto length = static_cast<std::uint16_t>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at, &length, sizeof length);
    return *this;
}

Bytes Builder::finish() && {
    const auto length = static_cast<std::uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &length, sizeof length);
    return std::move(bytes_);
}

Attributes attributes_of(const Bytes& message, std::size_t header_size) {
    const auto start = NLMSG_HDRLEN + align4(header_size);
    if (message.size() <= start) {
        return Attributes{};
    }
    return Attributes(std::span(message).subspan(start));
}

} // namespace mo::ofctl
