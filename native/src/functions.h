// What a function of the addon looks like, and the wrapper that keeps C++ exceptions inside.
#pragma once

#include <c10/util/Exception.h>

#include <array>

#include "values.h"

namespace hilum {

constexpr size_t kMaxArguments = 32;

// The arguments of one call from JavaScript; the ones left out are undefined.
struct Arguments {
  napi_env env;
  Environment& environment;
  size_t count;
  std::array<napi_value, kMaxArguments> values;

  napi_value operator[](size_t i) const { return values[i]; }
  double number(size_t i) const { return numberOf(env, values[i]); }
  std::string string(size_t i) const { return stringOf(env, values[i]); }
  bool boolean(size_t i) const { return booleanOf(env, values[i]); }
  at::Tensor& tensor(size_t i) const { return environment.tensors.get(number(i)); }
};

using Function = napi_value (*)(const Arguments&);

template <Function function>
napi_value guarded(napi_env env, napi_callback_info info) {
  std::string message;
  try {
    void* environment;
    check(env, napi_get_instance_data(env, &environment));
    Arguments arguments{env, *static_cast<Environment*>(environment), kMaxArguments, {}};
    check(env, napi_get_cb_info(env, info, &arguments.count, arguments.values.data(), nullptr, nullptr));
    if (arguments.count > kMaxArguments) throw std::invalid_argument("too many arguments");
    return function(arguments);
  } catch (const PendingException&) {
    return nullptr;
  } catch (const c10::Error& error) {
    message = error.what_without_backtrace();
  } catch (const std::exception& error) {
    message = error.what();
  }
  napi_throw_error(env, nullptr, message.c_str());
  return nullptr;
}

template <Function function>
void define(napi_env env, napi_value exports, const char* name) {
  napi_value value;
  check(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, guarded<function>, nullptr, &value));
  setProperty(env, exports, name, value);
}

void defineOperators(napi_env env, napi_value exports);
void defineTensors(napi_env env, napi_value exports);
void defineRuntime(napi_env env, napi_value exports);
void defineFiles(napi_env env, napi_value exports);

}  // namespace hilum
