// getauxval
#define _GNU_SOURCE
#include "CLibrary.h"

#include <dlfcn.h>
#include <elf.h>
#include <string.h>
#include <sys/auxv.h>

int clibrary_can_load(void) { return getauxval(AT_BASE) != 0; }

int clibrary_find(void *library, const char *name, void *pointer) {
  void *symbol = dlsym(library, name);
  if (symbol) memcpy(pointer, &symbol, sizeof symbol);
  return symbol != NULL;
}
