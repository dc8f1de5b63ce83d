#include "values.h"

#include <ATen/core/jit_type.h>

#include <array>
#include <cmath>
#include <utility>

namespace hilum {

namespace {

const std::array<std::pair<const char*, at::ScalarType>, 9> kDtypes = {{
    {"float32", at::kFloat},
    {"float64", at::kDouble},
    {"float16", at::kHalf},
    {"bfloat16", at::kBFloat16},
    {"int64", at::kLong},
    {"int32", at::kInt},
    {"int16", at::kShort},
    {"uint8", at::kByte},
    {"bool", at::kBool},
}};

napi_valuetype kindOf(napi_env env, napi_value value) {
  napi_valuetype kind;
  check(env, napi_typeof(env, value, &kind));
  return kind;
}

bool isAbsent(napi_env env, napi_value value) {
  napi_valuetype kind = kindOf(env, value);
  return kind == napi_undefined || kind == napi_null;
}

bool isInteger(double value) { return std::floor(value) == value && std::fabs(value) <= 9007199254740992.0; }

int64_t integerOf(napi_env env, napi_value value) {
  napi_valuetype kind = kindOf(env, value);
  if (kind == napi_string) return static_cast<int64_t>(dtypeFromName(stringOf(env, value)));
  if (kind == napi_bigint) {
    int64_t result;
    bool lossless;
    check(env, napi_get_value_bigint_int64(env, value, &result, &lossless));
    return result;
  }
  double number = numberOf(env, value);
  if (!isInteger(number)) throw std::invalid_argument("expected an integer, found " + std::to_string(number));
  return static_cast<int64_t>(number);
}

c10::IValue scalarOf(napi_env env, napi_value value) {
  napi_valuetype kind = kindOf(env, value);
  if (kind == napi_boolean) return booleanOf(env, value);
  if (kind == napi_bigint) return integerOf(env, value);
  double number = numberOf(env, value);
  if (isInteger(number)) return static_cast<int64_t>(number);
  return number;
}

c10::IValue listOf(napi_env env, Environment& environment, napi_value value, const c10::TypePtr& element) {
  bool isArray;
  check(env, napi_is_array(env, value, &isArray));
  if (!isArray && kindOf(env, value) == napi_number) {  // one number stands for a list of one, as in PyTorch
    c10::impl::GenericList single(element);
    single.push_back(toIValue(env, environment, value, element));
    return single;
  }
  if (!isArray) throw std::invalid_argument("expected an array of " + element->str());
  uint32_t length;
  check(env, napi_get_array_length(env, value, &length));
  c10::impl::GenericList list(element);
  list.reserve(length);
  for (uint32_t i = 0; i < length; i++) {
    napi_value item;
    check(env, napi_get_element(env, value, i, &item));
    list.push_back(toIValue(env, environment, item, element));
  }
  return list;
}

}  // namespace

void check(napi_env env, napi_status status) {
  if (status == napi_ok) return;
  bool pending;
  napi_is_exception_pending(env, &pending);
  if (pending) throw PendingException{};
  const napi_extended_error_info* info;
  napi_get_last_error_info(env, &info);
  throw std::invalid_argument(info->error_message ? info->error_message : "Node-API call failed");
}

c10::IValue toIValue(napi_env env, Environment& environment, napi_value value, const c10::TypePtr& type) {
  switch (type->kind()) {
    case c10::TypeKind::TensorType:
      if (kindOf(env, value) != napi_number) throw std::invalid_argument("expected a tensor");
      return environment.tensors.get(numberOf(env, value));
    case c10::TypeKind::OptionalType: {
      const c10::TypePtr inner = type->expectRef<c10::OptionalType>().getElementType();
      // An operator that may take a generator gets this thread's own one.
      if (inner->kind() == c10::TypeKind::GeneratorType) {
        std::string device = isAbsent(env, value) ? "cpu" : stringOf(env, value);
        return environment.generator(c10::Device(device));
      }
      if (isAbsent(env, value)) return c10::IValue();
      return toIValue(env, environment, value, inner);
    }
    case c10::TypeKind::NumberType:
      return scalarOf(env, value);
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
    case c10::TypeKind::ScalarTypeType:
    case c10::TypeKind::LayoutType:
    case c10::TypeKind::MemoryFormatType:
      return integerOf(env, value);
    case c10::TypeKind::FloatType:
      return numberOf(env, value);
    case c10::TypeKind::BoolType:
      return booleanOf(env, value);
    case c10::TypeKind::StringType:
      return stringOf(env, value);
    case c10::TypeKind::DeviceObjType:
      return c10::Device(stringOf(env, value));
    case c10::TypeKind::ListType: {
      c10::TypePtr element = type->expectRef<c10::ListType>().getElementType();
      // Boxed kernels read a list of symbolic integers as a list of integers.
      if (element->kind() == c10::TypeKind::SymIntType) element = c10::IntType::get();
      return listOf(env, environment, value, element);
    }
    default:
      throw std::invalid_argument("arguments of type " + type->str() + " are not supported");
  }
}

napi_value fromIValue(napi_env env, Environment& environment, const c10::IValue& value) {
  if (value.isTensor()) return jsTensor(env, environment, value.toTensor());
  if (value.isNone()) return jsNull(env);
  if (value.isBool()) return jsBoolean(env, value.toBool());
  if (value.isInt()) return jsNumber(env, static_cast<double>(value.toInt()));
  if (value.isDouble()) return jsNumber(env, value.toDouble());
  if (value.isScalar()) {
    const at::Scalar scalar = value.toScalar();
    return scalar.isBoolean() ? jsBoolean(env, scalar.toBool()) : jsNumber(env, scalar.toDouble());
  }
  if (value.isString()) return jsString(env, value.toStringRef());
  if (value.isDevice()) return jsString(env, value.toDevice().str());
  if (value.isList()) {
    const auto list = value.toListRef();
    napi_value array;
    check(env, napi_create_array_with_length(env, list.size(), &array));
    for (size_t i = 0; i < list.size(); i++) {
      check(env, napi_set_element(env, array, static_cast<uint32_t>(i), fromIValue(env, environment, list[i])));
    }
    return array;
  }
  throw std::invalid_argument("results of type " + value.tagKind() + " are not supported");
}

at::ScalarType dtypeFromName(const std::string& name) {
  for (const auto& [known, type] : kDtypes) {
    if (name == known) return type;
  }
  throw std::invalid_argument("unknown dtype '" + name + "'");
}

std::string dtypeName(at::ScalarType type) {
  for (const auto& [name, known] : kDtypes) {
    if (type == known) return name;
  }
  return at::toString(type);
}

double numberOf(napi_env env, napi_value value) {
  double result;
  if (napi_get_value_double(env, value, &result) != napi_ok) throw std::invalid_argument("expected a number");
  return result;
}

std::string stringOf(napi_env env, napi_value value) {
  size_t length;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) {
    throw std::invalid_argument("expected a string");
  }
  std::string result(length, '\0');
  check(env, napi_get_value_string_utf8(env, value, &result[0], length + 1, &length));
  return result;
}

bool booleanOf(napi_env env, napi_value value) {
  bool result;
  if (napi_get_value_bool(env, value, &result) != napi_ok) throw std::invalid_argument("expected true or false");
  return result;
}

napi_value jsNumber(napi_env env, double value) {
  napi_value result;
  check(env, napi_create_double(env, value, &result));
  return result;
}

napi_value jsString(napi_env env, const std::string& value) {
  napi_value result;
  check(env, napi_create_string_utf8(env, value.data(), value.size(), &result));
  return result;
}

napi_value jsBoolean(napi_env env, bool value) {
  napi_value result;
  check(env, napi_get_boolean(env, value, &result));
  return result;
}

napi_value jsNull(napi_env env) {
  napi_value result;
  check(env, napi_get_null(env, &result));
  return result;
}

napi_value jsTensor(napi_env env, Environment& environment, at::Tensor tensor) {
  if (!tensor.defined()) return jsNull(env);
  return jsNumber(env, environment.tensors.add(std::move(tensor)));
}

void setProperty(napi_env env, napi_value object, const char* name, napi_value value) {
  check(env, napi_set_named_property(env, object, name, value));
}

}  // namespace hilum
