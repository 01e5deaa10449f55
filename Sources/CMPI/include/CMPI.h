#ifndef C_MPI_H
#define C_MPI_H

#include <stddef.h>

/// The calls of MPI, the message-passing interface of clusters (MPI Forum, MPI 4.1, 2023), that a run of several
/// processes needs. The library is loaded when the program runs, so that one build runs under any of them, and nothing
/// of MPI is needed to build or to run alone. All calls after the first come from the thread that made it.

/// Loads an MPI library by its file's name, and starts MPI unless the program has done so. If this starts MPI, it also
/// ends it when the process exits (with glibc): a status of 0 waits for the other processes, another one ends them all.
///
/// It knows the binary interfaces of Open MPI, of MPICH and its relatives, and of MPI 5.
/// @return NULL, or why it is not possible. The string is valid until the next call.
const char *cmpi_start(const char *library);

/// The number of this process, from 0.
int cmpi_rank(void);
/// The number of processes.
int cmpi_count(void);

/// Begins to send bytes to a process. They must stay as they are until cmpi_finish.
void cmpi_send(const void *bytes, size_t count, int other);
/// Begins to receive bytes from a process. They must not be read before cmpi_finish.
void cmpi_receive(void *bytes, size_t count, int other);
/// Returns when everything that was begun is done. Others get the processor while it waits, and after a second it
/// sleeps for a millisecond at a time.
void cmpi_finish(void);

/// Ends MPI. All processes call it, and then none ends the others by its exit status.
void cmpi_end(void);

#endif
