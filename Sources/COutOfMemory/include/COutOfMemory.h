#ifndef COUTOFMEMORY_H
#define COUTOFMEMORY_H

// From now on an allocation that fails ends the process with one line and the exit code 71 (EX_OSERR of sysexits):
// Swift's arrays, strings and dictionaries would end it with a crash. Not before it is called: while OpenBLAS is loaded
// it tries allocations that may fail.
void end_when_out_of_memory(void);

#endif
