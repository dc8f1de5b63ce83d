// Tensors in and out of JavaScript memory, what they are, their gradients and their lifetime.
#include <cmath>
#include <cstring>
#include <mutex>
#include <unordered_map>

#include "functions.h"

namespace hilum {

namespace {

struct Bytes {
  void* data;
  size_t length;
};

Bytes bytesOf(napi_env env, napi_value value) {
  bool isTypedArray;
  check(env, napi_is_typedarray(env, value, &isTypedArray));
  if (!isTypedArray) throw std::invalid_argument("expected a typed array");
  napi_typedarray_type type;
  size_t length;
  void* data;
  check(env, napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr));
  switch (type) {
    case napi_int16_array:
    case napi_uint16_array:
      return {data, length * 2};
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array:
      return {data, length * 4};
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array:
      return {data, length * 8};
    default:
      return {data, length};
  }
}

std::vector<int64_t> sizesOf(napi_env env, napi_value value) {
  uint32_t length;
  check(env, napi_get_array_length(env, value, &length));
  std::vector<int64_t> sizes(length);
  for (uint32_t i = 0; i < length; i++) {
    napi_value item;
    check(env, napi_get_element(env, value, i, &item));
    const double size = numberOf(env, item);
    if (!(size >= 0 && size <= 9007199254740992.0) || size != std::floor(size)) {
      throw std::invalid_argument("a shape of whole numbers was expected, found " + std::to_string(size));
    }
    sizes[i] = static_cast<int64_t>(size);
  }
  return sizes;
}

// fromBytes(typedArray, shape, dtype): a copy on the CPU of the array's bytes, read as dtype.
napi_value fromBytes(const Arguments& a) {
  const Bytes bytes = bytesOf(a.env, a[0]);
  at::Tensor tensor = at::empty(sizesOf(a.env, a[1]), at::TensorOptions().dtype(dtypeFromName(a.string(2))));
  if (tensor.nbytes() != bytes.length) {
    throw std::invalid_argument("the array has " + std::to_string(bytes.length) + " bytes, the shape needs " +
                                std::to_string(tensor.nbytes()));
  }
  if (bytes.length > 0) std::memcpy(tensor.data_ptr(), bytes.data, bytes.length);
  return jsTensor(a.env, a.environment, std::move(tensor));
}

// intoBytes(tensor, typedArray): copies the tensor's elements, in row-major order, into the array.
napi_value intoBytes(const Arguments& a) {
  const at::Tensor tensor = a.tensor(0).detach().cpu().contiguous();
  const Bytes bytes = bytesOf(a.env, a[1]);
  if (tensor.nbytes() != bytes.length) {
    throw std::invalid_argument("the tensor has " + std::to_string(tensor.nbytes()) + " bytes, the array " +
                                std::to_string(bytes.length));
  }
  if (bytes.length > 0) std::memcpy(bytes.data, tensor.data_ptr(), bytes.length);
  return nullptr;
}

napi_value shape(const Arguments& a) {
  const auto sizes = a.tensor(0).sizes();
  napi_value array;
  check(a.env, napi_create_array_with_length(a.env, sizes.size(), &array));
  for (size_t i = 0; i < sizes.size(); i++) {
    check(a.env, napi_set_element(a.env, array, static_cast<uint32_t>(i), jsNumber(a.env, sizes[i])));
  }
  return array;
}

napi_value dtype(const Arguments& a) { return jsString(a.env, dtypeName(a.tensor(0).scalar_type())); }
napi_value device(const Arguments& a) { return jsString(a.env, a.tensor(0).device().str()); }
napi_value requiresGrad(const Arguments& a) { return jsBoolean(a.env, a.tensor(0).requires_grad()); }

// item(tensor): the one element of a tensor, as a number.
napi_value item(const Arguments& a) { return jsNumber(a.env, a.tensor(0).item().toDouble()); }

// grad(tensor): handle of the accumulated gradient, or null.
napi_value grad(const Arguments& a) { return jsTensor(a.env, a.environment, a.tensor(0).grad()); }

// setGrad(tensor, gradient | null)
napi_value setGrad(const Arguments& a) {
  napi_valuetype kind;
  check(a.env, napi_typeof(a.env, a[1], &kind));
  a.tensor(0).mutable_grad() = kind == napi_null ? at::Tensor() : a.tensor(1);
  return nullptr;
}

napi_value freeTensor(const Arguments& a) {
  a.environment.tensors.free(a.number(0));
  return nullptr;
}

// Tensors on their way from one JavaScript thread to another.
struct Exchange {
  std::mutex mutex;
  std::unordered_map<uint64_t, at::Tensor> waiting;
  uint64_t tickets = 0;
};

Exchange& exchange() {
  static auto* instance = new Exchange;  // never destroyed: threads may outlive static objects
  return *instance;
}

// share(tensor): a ticket with which any thread of this process takes, once, a tensor on the same memory, without history.
napi_value share(const Arguments& a) {
  at::Tensor tensor = a.tensor(0).variable_data();
  Exchange& all = exchange();
  std::lock_guard<std::mutex> lock(all.mutex);
  all.waiting.emplace(++all.tickets, std::move(tensor));
  return jsNumber(a.env, static_cast<double>(all.tickets));
}

// take(ticket)
napi_value take(const Arguments& a) {
  Exchange& all = exchange();
  at::Tensor tensor;
  {
    std::lock_guard<std::mutex> lock(all.mutex);
    auto found = all.waiting.find(static_cast<uint64_t>(a.number(0)));
    if (found == all.waiting.end()) throw std::invalid_argument("no tensor waits under this ticket");
    tensor = std::move(found->second);
    all.waiting.erase(found);
  }
  return jsTensor(a.env, a.environment, std::move(tensor));
}

napi_value liveTensors(const Arguments& a) {
  return jsNumber(a.env, static_cast<double>(a.environment.tensors.live()));
}

napi_value liveBytes(const Arguments& a) {
  return jsNumber(a.env, static_cast<double>(a.environment.tensors.bytes()));
}

}  // namespace

void defineTensors(napi_env env, napi_value exports) {
  define<fromBytes>(env, exports, "fromBytes");
  define<intoBytes>(env, exports, "intoBytes");
  define<shape>(env, exports, "shape");
  define<dtype>(env, exports, "dtype");
  define<device>(env, exports, "device");
  define<requiresGrad>(env, exports, "requiresGrad");
  define<item>(env, exports, "item");
  define<grad>(env, exports, "grad");
  define<setGrad>(env, exports, "setGrad");
  define<freeTensor>(env, exports, "free");
  define<share>(env, exports, "share");
  define<take>(env, exports, "take");
  define<liveTensors>(env, exports, "liveTensors");
  define<liveBytes>(env, exports, "liveBytes");
}

}  // namespace hilum
