// SPDX-License-Identifier: Apache-2.0
#include "config/secret_reader.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace causeway::config {
namespace {

namespace fs = std::filesystem;

class system_secret_reader_test : public testing::Test {
protected:
  system_secret_reader_test() {
    auto pattern = (fs::temp_directory_path() / "causeway-secret-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~system_secret_reader_test() override { fs::remove_all(folder_); }

  fs::path write(std::string_view content, fs::perms rights) const {
    const auto file = folder_ / "secret";
    std::ofstream{file, std::ios::binary} << content;
    fs::permissions(file, rights);
    return file;
  }

  fs::path folder_;
  system_secret_reader subject_;
};

TEST_F(system_secret_reader_test, reads_a_file_and_tells_who_can) {
  const auto closed = subject_.read(write("hush\n", fs::perms::owner_read));
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->content.reveal(), "hush\n");
  EXPECT_FALSE(closed->others_can_read);
  fs::remove(folder_ / "secret");
  EXPECT_TRUE(subject_.read(write("hush", fs::perms::owner_read | fs::perms::others_read))->others_can_read);
}

TEST_F(system_secret_reader_test, names_the_file_that_it_cannot_read) {
  for (const auto& file : {folder_ / "missing", folder_}) {
    const auto read = subject_.read(file);
    ASSERT_FALSE(read) << file;
    EXPECT_EQ(read.fault().code(), errc::secret_unreadable);
    EXPECT_TRUE(read.fault().detail().starts_with(file.string() + ": "));
  }
  EXPECT_FALSE(subject_.read(write(std::string(65 * 1024, 'x'), fs::perms::owner_all)));
}

TEST_F(system_secret_reader_test, reads_the_environment) {
  ::setenv("CAUSEWAY_TEST_SECRET", "hush", 1);
  EXPECT_EQ(subject_.variable("CAUSEWAY_TEST_SECRET")->reveal(), "hush");
  ::unsetenv("CAUSEWAY_TEST_SECRET");
  EXPECT_FALSE(subject_.variable("CAUSEWAY_TEST_SECRET"));
}

} // namespace
} // namespace causeway::config
