#include <atomic>

#include "functions.h"

// The addon loads once in every JavaScript thread that asks for it; each gets an Environment of its own.
static napi_value initialize(napi_env env, napi_value exports) {
  static std::atomic<uint64_t> threads{0};
  auto* environment = new hilum::Environment(threads++ % 255 + 1);
  napi_set_instance_data(
      env, environment, [](napi_env, void* data, void*) { delete static_cast<hilum::Environment*>(data); }, nullptr);
  try {
    hilum::defineOperators(env, exports);
    hilum::defineTensors(env, exports);
    hilum::defineRuntime(env, exports);
    hilum::defineFiles(env, exports);
  } catch (const hilum::PendingException&) {
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return exports;
}

NAPI_MODULE(hilum, initialize)
