#include "environment.h"

#include <cmath>
#include <stdexcept>
#include <unordered_set>

namespace hilum {

namespace {
constexpr uint64_t kSlotBits = 24;
constexpr uint64_t kGenerationBits = 20;
constexpr uint64_t kSlotMask = (1ULL << kSlotBits) - 1;
constexpr uint64_t kGenerationMask = (1ULL << kGenerationBits) - 1;
}  // namespace

double TensorTable::add(at::Tensor tensor) {
  uint32_t index;
  if (!vacant_.empty()) {
    index = vacant_.back();
    vacant_.pop_back();
  } else {
    if (slots_.size() > kSlotMask) throw std::runtime_error("more than 16 million live tensors: free some with scope()");
    index = static_cast<uint32_t>(slots_.size());
    slots_.emplace_back();
  }
  Slot& slot = slots_[index];
  slot.tensor = std::move(tensor);
  slot.live = true;
  uint64_t generation = slot.generation & kGenerationMask;
  return static_cast<double>((thread_ << (kGenerationBits + kSlotBits)) | (generation << kSlotBits) | index);
}

TensorTable::Slot& TensorTable::slot(double handle) {
  if (!(handle >= 0) || handle >= 9007199254740992.0 || handle != std::floor(handle)) {
    throw std::invalid_argument("not a tensor handle");
  }
  uint64_t bits = static_cast<uint64_t>(handle);
  if (bits >> (kGenerationBits + kSlotBits) != thread_) {
    throw std::invalid_argument("the tensor belongs to another thread, or the number is not a tensor handle");
  }
  uint64_t index = bits & kSlotMask;
  if (index >= slots_.size()) throw std::invalid_argument("not a tensor handle");
  Slot& slot = slots_[index];
  uint64_t generation = (bits >> kSlotBits) & kGenerationMask;
  if (!slot.live || (slot.generation & kGenerationMask) != generation) {
    throw std::invalid_argument("the tensor has been freed");
  }
  return slot;
}

at::Tensor& TensorTable::get(double handle) { return slot(handle).tensor; }

void TensorTable::free(double handle) {
  Slot& freed = slot(handle);
  freed.tensor = at::Tensor();
  freed.live = false;
  freed.generation++;
  vacant_.push_back(static_cast<uint32_t>(static_cast<uint64_t>(handle) & kSlotMask));
}

int64_t TensorTable::bytes() const {
  std::unordered_set<const void*> seen;
  int64_t total = 0;
  for (const Slot& slot : slots_) {
    if (!slot.live || !slot.tensor.defined() || !slot.tensor.has_storage()) continue;
    const auto* storage = slot.tensor.storage().unsafeGetStorageImpl();
    if (seen.insert(storage).second) total += static_cast<int64_t>(storage->nbytes());
  }
  return total;
}

at::Generator& Environment::generator(c10::Device device) {
  std::string name = device.str();
  auto found = generators_.find(name);
  if (found == generators_.end()) {
    found = generators_.emplace(name, at::globalContext().defaultGenerator(device).clone()).first;
  }
  return found->second;
}

}  // namespace hilum
