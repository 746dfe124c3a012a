// SPDX-License-Identifier: GPL-2.0-or-later
// UnixListener: what it replaces, what it leaves alone, what it removes.
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

#include "common/unix_socket.hpp"

namespace mo {
namespace {

class UnixListenerTest : public ::testing::Test {
  protected:
    UnixListenerTest() : folder_(::testing::TempDir() + "listener-XXXXXX") {
        EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
        path_ = folder_ + "/socket";
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] bool there() const {
        return std::filesystem::exists(std::filesystem::symlink_status(path_));
    }
    void write(const std::string& text) const { std::ofstream(path_) << text; }
    [[nodiscard]] std::string content() const {
        std::string text;
        std::ifstream(path_) >> text;
        return text;
    }
    [[nodiscard]] int error() const {
        const auto made = UnixListener::listen(path_, 1);
        return made ? 0 : made.error().code;
    }

    std::string folder_, path_;
};

TEST_F(UnixListenerTest, IsThereAsLongAsItLives) {
    {
        auto listener = UnixListener::listen(path_, 1);
        ASSERT_TRUE(listener);
        const UnixListener moved = std::move(*listener);
        EXPECT_EQ(moved.path(), path_);
        const Fd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::connect(client.get(), generic(*unix_address(path_)), sizeof(sockaddr_un)), 0);
    }
    EXPECT_FALSE(there());
}

TEST_F(UnixListenerTest, FilesOfOthersStay) {
    write("precious");
    EXPECT_EQ(error(), EEXIST);
    EXPECT_EQ(content(), "precious");
    std::filesystem::remove(path_);
    std::filesystem::create_symlink("elsewhere", path_);
    EXPECT_EQ(error(), EEXIST);
    EXPECT_TRUE(there());
}

TEST_F(UnixListenerTest, ServedOnesAreRefusedAndDeadOnesReplaced) {
    {
        auto first = UnixListener::listen(path_, 1);
        ASSERT_TRUE(first);
        EXPECT_EQ(error(), EADDRINUSE);
        // As after the end of a process that could not clean up: the name stays, and leads nowhere.
        std::filesystem::rename(path_, path_ + "2");
    }
    std::filesystem::rename(path_ + "2", path_);
    EXPECT_EQ(error(), 0);
}

TEST_F(UnixListenerTest, ASuccessorsFileStays) {
    {
        auto first = UnixListener::listen(path_, 1);
        ASSERT_TRUE(first);
        std::filesystem::remove(path_);
        write("successor");
    }
    EXPECT_EQ(content(), "successor");
}

TEST_F(UnixListenerTest, LongPathsAreRefused) {
    path_ = std::string(200, 'x');
    EXPECT_EQ(error(), ENAMETOOLONG);
    path_.clear();
    EXPECT_EQ(error(), ENAMETOOLONG);
}

} // namespace
} // namespace mo
