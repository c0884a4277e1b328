// Stands for libcuda.so.1 in the tests of gpu.cpp: the fake driver under the driver's own names. Its image is nothing,
// its kernels are those of the emulator.
#include "gpu.h"

extern "C" {
#include "stapes_cuda_emulator.h"
}

static const stapes_cuda_driver &fake() {
  static const stapes_cuda_driver table = [] {
    stapes_cuda_driver made;
    if (!stapes_fake_cuda_open(nullptr, &made)) abort();
    return made;
  }();
  return table;
}

// Each function is as the table has it: the call goes on with whatever it was given.
template <auto Field, typename Function>
struct Forward;
template <auto Field, typename... Arguments>
struct Forward<Field, int (*)(Arguments...)> {
  static int call(Arguments... arguments) { return (fake().*Field)(arguments...); }
};

// Each name of the driver is an indirect function: looking it up gives the one that the table's field is forwarded by.
#define ENTRY(name, field)                                                        \
  typedef decltype(stapes_cuda_driver::field) type_of_##field;                    \
  extern "C" __attribute__((used)) int (*find_##name())() {                       \
    auto call = &Forward<&stapes_cuda_driver::field, type_of_##field>::call;      \
    return reinterpret_cast<int (*)()>(call);                                     \
  }                                                                               \
  extern "C" __attribute__((ifunc("find_" #name))) int name();

// ENTRY(cuInit, init) and so on, which Scripts/check-kernels takes from driver.c.
#include "driver_entries.inc"
