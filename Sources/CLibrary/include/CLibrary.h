#ifndef C_LIBRARY_H
#define C_LIBRARY_H

/// Finds the functions of a library that is loaded when the program runs.

/// Whether this program can load a library. In a statically linked one, dlopen of a library with threads crashes.
int clibrary_can_load(void);

/// Stores the address of one of a library's symbols.
/// @param pointer A pointer to a pointer, also to one to a function.
/// @return Whether the library has the symbol.
int clibrary_find(void *library, const char *name, void *pointer);

#endif
