// The state of this thread that the dispatcher does not reach: gradient mode, autocast, random generators, threads,
// devices.
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>
#include <malloc.h>
#include <torch/version.h>

#include "functions.h"

#define TORCH_AT_LEAST(major, minor) \
  (TORCH_VERSION_MAJOR > (major) || (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

namespace hilum {

namespace {

// setGradEnabled(enabled): the state before.
napi_value setGradEnabled(const Arguments& a) {
  bool before = at::GradMode::is_enabled();
  at::GradMode::set_enabled(a.boolean(0));
  return jsBoolean(a.env, before);
}

// setAutocast(deviceType, dtype | null): casts matrix products to dtype from here on; null ends it and drops the casts
// that were kept of the weights.
napi_value setAutocast(const Arguments& a) {
  const c10::DeviceType type = c10::Device(a.string(0)).type();
  napi_valuetype kind;
  check(a.env, napi_typeof(a.env, a[1], &kind));
  const bool enabled = kind != napi_null;
  const at::ScalarType dtype = enabled ? dtypeFromName(a.string(1)) : at::kBFloat16;
#if TORCH_AT_LEAST(2, 4)
  at::autocast::set_autocast_enabled(type, enabled);
  if (enabled) at::autocast::set_autocast_dtype(type, dtype);
#else
  if (type == c10::DeviceType::CUDA) {
    at::autocast::set_enabled(enabled);
    if (enabled) at::autocast::set_autocast_gpu_dtype(dtype);
  } else {
    at::autocast::set_cpu_enabled(enabled);
    if (enabled) at::autocast::set_autocast_cpu_dtype(dtype);
  }
#endif
  if (!enabled) at::autocast::clear_cache();
  return nullptr;
}

// manualSeed(device, seed): seeds this thread's generator of the device.
napi_value manualSeed(const Arguments& a) {
  at::Generator& generator = a.environment.generator(c10::Device(a.string(0)));
  std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_current_seed(static_cast<uint64_t>(a.number(1)));
  return nullptr;
}

// generatorState(device): uint8 tensor.
napi_value generatorState(const Arguments& a) {
  at::Generator& generator = a.environment.generator(c10::Device(a.string(0)));
  std::lock_guard<std::mutex> lock(generator.mutex());
  return jsTensor(a.env, a.environment, at::Tensor::wrap_tensor_impl(generator.unsafeGetGeneratorImpl()->get_state()));
}

// setGeneratorState(device, tensor)
napi_value setGeneratorState(const Arguments& a) {
  at::Generator& generator = a.environment.generator(c10::Device(a.string(0)));
  std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_state(a.tensor(1));
  return nullptr;
}

napi_value setThreads(const Arguments& a) {
  at::get_num_threads();  // a thread that never asked would go back, at its first operator, to what any thread set last
  at::set_num_threads(static_cast<int>(a.number(0)));
  return nullptr;
}

napi_value threads(const Arguments& a) { return jsNumber(a.env, at::get_num_threads()); }

napi_value deviceCount(const Arguments& a) {
  return jsNumber(a.env, at::hasCUDA() ? at::detail::getCUDAHooks().getNumGPUs() : 0);
}

// synchronize(device): waits until everything queued on the device is done.
napi_value synchronize(const Arguments& a) {
  const c10::Device device(a.string(0));
  if (device.is_cuda()) {
    at::detail::getCUDAHooks().deviceSynchronize(device.has_index() ? device.index() : c10::DeviceIndex(0));
  }
  return nullptr;
}

// setTf32(allowed): lets CUDA's float32 matrix products use TensorFloat-32.
napi_value setTf32(const Arguments& a) {
  at::globalContext().setAllowTF32CuBLAS(a.boolean(0));
  at::globalContext().setAllowTF32CuDNN(a.boolean(0));
  return nullptr;
}

// releaseMemory(): gives memory that was freed back to the operating system.
napi_value releaseMemory(const Arguments& a) {
  malloc_trim(0);
  return nullptr;
}

// The file that holds the matrix product libtorch calls, e.g. .../openblas-openmp/libblas.so.3; empty when unknown.
std::string blasLibrary() {
  void* symbol = dlsym(RTLD_DEFAULT, "sgemm_");
  Dl_info info;
  return symbol && dladdr(symbol, &info) && info.dli_fname ? info.dli_fname : "";
}

std::string torchLibrary() {
  Dl_info info;
  return dladdr(reinterpret_cast<void*>(&at::get_num_threads), &info) && info.dli_fname ? info.dli_fname : "";
}

napi_value buildInfo(const Arguments& a) {
  napi_value object;
  check(a.env, napi_create_object(a.env, &object));
  setProperty(a.env, object, "libtorch", jsString(a.env, TORCH_VERSION));
  setProperty(a.env, object, "library", jsString(a.env, torchLibrary()));
  setProperty(a.env, object, "blas", jsString(a.env, blasLibrary()));
  setProperty(a.env, object, "config", jsString(a.env, at::show_config()));
  setProperty(a.env, object, "parallel", jsString(a.env, at::get_parallel_info()));
  setProperty(a.env, object, "cuda", jsBoolean(a.env, at::hasCUDA()));
  return object;
}

}  // namespace

void defineRuntime(napi_env env, napi_value exports) {
  define<setGradEnabled>(env, exports, "setGradEnabled");
  define<setAutocast>(env, exports, "setAutocast");
  define<manualSeed>(env, exports, "manualSeed");
  define<generatorState>(env, exports, "generatorState");
  define<setGeneratorState>(env, exports, "setGeneratorState");
  define<setThreads>(env, exports, "setThreads");
  define<threads>(env, exports, "threads");
  define<deviceCount>(env, exports, "deviceCount");
  define<synchronize>(env, exports, "synchronize");
  define<setTf32>(env, exports, "setTf32");
  define<releaseMemory>(env, exports, "releaseMemory");
  define<buildInfo>(env, exports, "buildInfo");
}

}  // namespace hilum
