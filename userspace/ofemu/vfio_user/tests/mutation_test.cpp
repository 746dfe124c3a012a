// SPDX-License-Identifier: GPL-2.0-or-later
// The fuzzer's body on seeded mutations of a valid conversation: the same in every run.
#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <random>
#include <vector>

#include "common/bytes.hpp"
#include "vfio_user/fuzz/message_fuzz.hpp"
#include "vfio_user/message.hpp"

namespace mo::vfio_user {
namespace {

class Conversation {
  public:
    template <typename... Parts>
    void add(Command command, const Parts&... parts) {
        const std::size_t size = sizeof(Header) + (std::size_t{0} + ... + sizeof(Parts));
        const std::size_t start = bytes_.size();
        starts_.push_back(start);
        bytes_.resize(start + size);
        ByteWriter writer{std::span(bytes_).subspan(start)};
        writer.object(Header{.message_id = static_cast<std::uint16_t>(starts_.size()),
                             .command = static_cast<std::uint16_t>(command),
                             .size = static_cast<std::uint32_t>(size),
                             .flags = 0U,
                             .error = 0U});
        (writer.object(parts), ...);
    }

    std::vector<std::byte> bytes_;
    std::vector<std::size_t> starts_;
};

Conversation valid_conversation() {
    Conversation talk;
    talk.add(Command::version, Version{.major = version_major, .minor = version_minor});
    talk.add(Command::device_get_info,
             DeviceInfo{.argsz = 16U, .flags = 0U, .regions = 0U, .irqs = 0U});
    RegionInfo region{};
    region.argsz = 32U;
    region.index = region_config;
    talk.add(Command::device_get_region_info, region);
    talk.add(Command::device_get_irq_info,
             IrqInfo{.argsz = 16U, .flags = 0U, .index = 2U, .count = 0U});
    talk.add(
        Command::dma_map,
        DmaMapRequest{.argsz = 32U, .flags = 3U, .offset = 0U, .iova = 0x1000U, .size = 0x1000U});
    talk.add(Command::device_set_irqs,
             SetIrqs{.argsz = 20U, .flags = 0x21U, .index = 2U, .start = 0U, .count = 4U});
    talk.add(Command::region_write,
             RegionAccess{.offset = 4U, .region = region_config, .count = 2U},
             Le<std::uint16_t>(6));
    talk.add(Command::region_read,
             RegionAccess{.offset = 0U, .region = region_config, .count = 4096U});
    talk.add(Command::region_write, RegionAccess{.offset = 8U, .region = 2U, .count = 8U},
             Le<std::uint64_t>(77));
    talk.add(Command::region_read, RegionAccess{.offset = 1U, .region = 0U, .count = 100U});
    talk.add(Command::region_write_multi, Le<std::uint64_t>(2),
             WriteMultiEntry{.offset = 0U, .region = 2U, .count = 4U, .data = {}},
             WriteMultiEntry{.offset = 8U, .region = 0U, .count = 8U, .data = {}});
    talk.add(Command::dma_unmap,
             DmaUnmapRequest{.argsz = 24U, .flags = 0U, .iova = 0x1000U, .size = 0x1000U});
    talk.add(Command::device_reset);
    return talk;
}

constexpr std::array<std::uint8_t, 8> interesting{0x00, 0x01, 0x7f, 0x80, 0xff, 0xfe, 0x10, 0x20};

TEST(MessageMutations, TheConversationItselfParses) {
    const Conversation talk = valid_conversation();
    std::span<const std::byte> rest = talk.bytes_;
    std::size_t messages = 0;
    while (!rest.empty()) {
        const Frame frame = parse_frame(rest);
        ASSERT_EQ(frame.state, FrameState::complete);
        rest = rest.subspan(frame.size);
        ++messages;
    }
    EXPECT_EQ(messages, talk.starts_.size());
    fuzz_messages(talk.bytes_);
}

TEST(MessageMutations, EveryTruncationIsIncomplete) {
    const Conversation talk = valid_conversation();
    for (std::size_t size = 0; size < talk.bytes_.size(); size += 3) {
        fuzz_messages(std::span(talk.bytes_).first(size));
    }
    EXPECT_EQ(parse_frame(std::span(talk.bytes_).first(19)).state, FrameState::incomplete);
}

TEST(MessageMutations, EveryByteTakesInterestingValues) {
    Conversation talk = valid_conversation();
    for (std::size_t i = 0; i < talk.bytes_.size(); ++i) {
        const std::byte original = talk.bytes_[i];
        for (const std::uint8_t value : interesting) {
            talk.bytes_[i] = static_cast<std::byte>(value);
            fuzz_messages(talk.bytes_);
        }
        talk.bytes_[i] = original;
    }
}

TEST(MessageMutations, SeededStormsOfChanges) {
    const Conversation talk = valid_conversation();
    std::mt19937 random(20240607); // NOLINT(cert-msc51-cpp): the same in every run
    for (int round = 0; round < 3000; ++round) {
        std::vector<std::byte> bytes = talk.bytes_;
        const unsigned changes = 1 + random() % 8;
        for (unsigned i = 0; i < changes; ++i) {
            const std::size_t place = random() % bytes.size();
            switch (random() % 4) {
            case 0:
                bytes[place] ^= static_cast<std::byte>(1U << (random() % 8));
                break;
            case 1:
                bytes[place] = static_cast<std::byte>(interesting[random() % interesting.size()]);
                break;
            case 2: // a message's head over another place
                std::copy_n(talk.bytes_.begin() + static_cast<std::ptrdiff_t>(
                                                      talk.starts_[random() % talk.starts_.size()]),
                            std::min<std::size_t>(16, bytes.size() - place),
                            bytes.begin() + static_cast<std::ptrdiff_t>(place));
                break;
            default:
                bytes.resize(std::max<std::size_t>(1, place));
                break;
            }
        }
        fuzz_messages(bytes);
    }
}

} // namespace
} // namespace mo::vfio_user
