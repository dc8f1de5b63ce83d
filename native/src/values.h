// JavaScript values to libtorch's IValues and back, as an operator's own schema says.
#pragma once

#include <ATen/core/ivalue.h>
#include <node_api.h>

#include <stdexcept>
#include <string>

#include "environment.h"

namespace hilum {

// A JavaScript exception is already pending: unwind without raising another.
struct PendingException {};

// Throws PendingException unless a Node-API call succeeded.
void check(napi_env env, napi_status status);

c10::IValue toIValue(napi_env env, Environment& environment, napi_value value, const c10::TypePtr& type);
napi_value fromIValue(napi_env env, Environment& environment, const c10::IValue& value);

at::ScalarType dtypeFromName(const std::string& name);
std::string dtypeName(at::ScalarType type);

double numberOf(napi_env env, napi_value value);
std::string stringOf(napi_env env, napi_value value);
bool booleanOf(napi_env env, napi_value value);
napi_value jsNumber(napi_env env, double value);
napi_value jsString(napi_env env, const std::string& value);
napi_value jsBoolean(napi_env env, bool value);
napi_value jsNull(napi_env env);
napi_value jsTensor(napi_env env, Environment& environment, at::Tensor tensor);  // handle, or null when undefined
void setProperty(napi_env env, napi_value object, const char* name, napi_value value);

}  // namespace hilum
