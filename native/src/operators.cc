// The one generic door: any operator that the dispatcher knows, by its schema name.
#include <ATen/core/function_schema.h>

#include "functions.h"

namespace hilum {

namespace {

const c10::OperatorHandle& operatorAt(const Arguments& a, size_t i) {
  double index = a.number(i);
  if (!(index >= 0) || index >= static_cast<double>(a.environment.operators.size())) {
    throw std::invalid_argument("unknown operator number");
  }
  return a.environment.operators[static_cast<size_t>(index)];
}

// findOperator(name, overload): number, or -1 where this libtorch has no such operator.
napi_value findOperator(const Arguments& a) {
  auto found = c10::Dispatcher::singleton().findSchema({a.string(0), a.string(1)});
  if (!found) return jsNumber(a.env, -1);
  a.environment.operators.push_back(*found);
  return jsNumber(a.env, static_cast<double>(a.environment.operators.size() - 1));
}

// hasKernel(number, dispatchKey): whether the operator has a kernel for 'CPU', 'CUDA', 'CompositeImplicitAutograd', ...
napi_value hasKernel(const Arguments& a) {
  return jsBoolean(a.env, operatorAt(a, 0).hasKernelForDispatchKey(c10::parseDispatchKey(a.string(1))));
}

napi_value schema(const Arguments& a) { return jsString(a.env, c10::toString(operatorAt(a, 0).schema())); }

bool isWritten(const c10::Argument& argument) { return argument.alias_info() && argument.alias_info()->isWrite(); }

[[noreturn]] void failArgument(const c10::FunctionSchema& schema, size_t i, const char* reason) {
  throw std::invalid_argument(schema.name() + ", argument '" + schema.arguments()[i].name() + "': " + reason);
}

// call(number, ...arguments): the results. Results that alias a written argument (of in-place operators) are left out:
// the caller has them already.
napi_value call(const Arguments& a) {
  const c10::OperatorHandle& op = operatorAt(a, 0);
  const c10::FunctionSchema& schema = op.schema();
  const auto& parameters = schema.arguments();
  if (a.count > parameters.size() + 1) throw std::invalid_argument(schema.name() + ": too many arguments");

  torch::jit::Stack stack;
  stack.reserve(parameters.size() + 2);
  for (size_t i = 0; i < parameters.size(); i++) {
    const c10::Argument& parameter = parameters[i];
    napi_valuetype kind = napi_undefined;
    if (i + 1 < a.count) check(a.env, napi_typeof(a.env, a[i + 1], &kind));
    if (kind == napi_undefined && parameter.default_value() &&
        !(parameter.type()->kind() == c10::TypeKind::OptionalType && parameter.default_value()->isNone())) {
      stack.push_back(*parameter.default_value());
      continue;
    }
    try {
      // Past the given arguments only an optional one is left: any undefined value does for it.
      napi_value value;
      if (i + 1 < a.count) {
        value = a[i + 1];
      } else {
        check(a.env, napi_get_undefined(a.env, &value));
      }
      stack.push_back(toIValue(a.env, a.environment, value, parameter.type()));
    } catch (const std::invalid_argument& error) {
      failArgument(schema, i, error.what());
    } catch (const c10::Error& error) {  // a device that libtorch does not know
      failArgument(schema, i, error.what_without_backtrace());
    }
  }
  try {
    op.callBoxed(&stack);
  } catch (const c10::Error& error) {
    throw std::runtime_error(schema.name() + ": " + error.what_without_backtrace());
  }

  const auto& returns = schema.returns();
  napi_value first = nullptr;
  napi_value all = nullptr;
  if (returns.size() > 1) check(a.env, napi_create_array_with_length(a.env, returns.size(), &all));
  for (size_t i = 0; i < returns.size(); i++) {
    if (isWritten(returns[i])) continue;
    napi_value value = fromIValue(a.env, a.environment, stack[i]);
    if (all) {
      check(a.env, napi_set_element(a.env, all, static_cast<uint32_t>(i), value));
    } else {
      first = value;
    }
  }
  return all ? all : first;
}

}  // namespace

void defineOperators(napi_env env, napi_value exports) {
  define<findOperator>(env, exports, "findOperator");
  define<hasKernel>(env, exports, "hasKernel");
  define<schema>(env, exports, "schema");
  define<call>(env, exports, "call");
}

}  // namespace hilum
