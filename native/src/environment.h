// One Environment per JavaScript thread: its table of tensors, its operators and its random generators.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <node_api.h>

#include <map>
#include <string>
#include <vector>

namespace hilum {

// A handle is an integer that JavaScript can hold exactly:
//   thread (8 bits) | generation (20 bits) | slot (24 bits)
// A slot's generation grows whenever its tensor is freed, so an old handle never reaches a new tensor.
class TensorTable {
 public:
  explicit TensorTable(uint64_t thread) : thread_(thread) {}
  double add(at::Tensor tensor);
  at::Tensor& get(double handle);
  void free(double handle);
  size_t live() const { return slots_.size() - vacant_.size(); }
  int64_t bytes() const;

 private:
  struct Slot {
    at::Tensor tensor;
    uint32_t generation = 0;
    bool live = false;
  };
  Slot& slot(double handle);

  uint64_t thread_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> vacant_;
};

struct Environment {
  explicit Environment(uint64_t thread) : tensors(thread) {}
  TensorTable tensors;
  std::vector<c10::OperatorHandle> operators;

  // This thread's own generator of a device. libtorch's default generators are shared by all threads of the process,
  // which would make two trainings that run side by side disturb each other's random numbers.
  at::Generator& generator(c10::Device device);

 private:
  std::map<std::string, at::Generator> generators_;
};

}  // namespace hilum
