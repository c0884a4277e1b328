// Accesses that the host refuses, of a thread of the emulator: errors of the launch, where they would end the process.
#pragma once

/// Catches them from now on, on this thread of the host. Others than the emulator's go where they went before.
void emulator_catch_faults();

/// Whether the last launch of this thread of the host ended with one.
bool emulator_faulted();

/// To be called before a launch.
void emulator_forget_fault();

/// What `emulator_faulted` says of a launch that others had a part in.
void emulator_set_fault(bool was_one);
