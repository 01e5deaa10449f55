#ifndef COUTOFMEMORY_H
#define COUTOFMEMORY_H

// From this call on, an allocation that fails ends the process with one line and the exit code 71 (EX_OSERR of
// sysexits). Otherwise Swift's arrays, strings and dictionaries would crash. Before the call failing allocations are
// tolerated, since OpenBLAS tries allocations that may fail while it is loaded.
void end_when_out_of_memory(void);

#endif
