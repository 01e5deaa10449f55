#ifndef CFUZZER_H
#define CFUZZER_H

// What the fuzzer takes from the system and the sanitizers' run-time libraries. Without these, in a normal build,
// nothing is measured.

/// Starts to add up what this process allocates and gives back.
void start_measuring_allocations(void);

/// Stops, and returns the most bytes that were held at once beyond those from before the start.
long stop_measuring_allocations(void);

/// A file in memory, open for reading and writing.
int open_memory_file(void);

#endif
