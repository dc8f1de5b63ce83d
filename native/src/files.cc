// Files mapped into memory, as ArrayBuffers.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <memory>

#include "functions.h"

namespace hilum {

namespace {

struct Mapping {
  void* data = MAP_FAILED;
  size_t length = 0;
  ~Mapping() {
    if (data != MAP_FAILED) munmap(data, length);
  }
};

struct File {
  int descriptor;
  ~File() {
    if (descriptor >= 0) close(descriptor);
  }
};

std::runtime_error failed(const std::string& path, const std::string& reason) {
  return std::runtime_error(path + ": " + reason);
}

// Mapped pages are the system's to give back. Counted as memory of JavaScript's, gigabytes of them would have V8 collect
// garbage all the time.
void unmap(napi_env env, void*, void* hint) {
  auto* mapping = static_cast<Mapping*>(hint);
  int64_t total;
  napi_adjust_external_memory(env, static_cast<int64_t>(mapping->length), &total);
  delete mapping;
}

// mapFile(path, bytes): an ArrayBuffer over the file's first bytes. A write to it stays in this process. The map is
// taken down when the ArrayBuffer is collected.
napi_value mapFile(const Arguments& a) {
  const std::string path = a.string(0);
  const double bytes = a.number(1);
  if (!(bytes >= 1 && bytes <= 9007199254740992.0) || bytes != std::floor(bytes)) {
    throw std::invalid_argument("mapFile: found " + std::to_string(bytes) + " bytes; expected a positive whole number");
  }
  const File file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat status;
  if (file.descriptor < 0 || fstat(file.descriptor, &status) != 0) throw failed(path, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) throw failed(path, "not a regular file");
  const auto length = static_cast<size_t>(bytes);
  if (static_cast<size_t>(status.st_size) < length) {
    throw failed(path, "a file of " + std::to_string(status.st_size) + " bytes");
  }
  auto mapping = std::make_unique<Mapping>();
  mapping->length = length;
  // Not reserved: pages that are only read need no room of their own, however large the file.
  mapping->data = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file.descriptor, 0);
  if (mapping->data == MAP_FAILED) throw failed(path, std::string("cannot be mapped (") + std::strerror(errno) + ")");
  napi_value buffer;
  check(a.env, napi_create_external_arraybuffer(a.env, mapping->data, length, unmap, mapping.get(), &buffer));
  mapping.release();
  int64_t total;
  check(a.env, napi_adjust_external_memory(a.env, -static_cast<int64_t>(length), &total));
  return buffer;
}

}  // namespace

void defineFiles(napi_env env, napi_value exports) { define<mapFile>(env, exports, "mapFile"); }

}  // namespace hilum
