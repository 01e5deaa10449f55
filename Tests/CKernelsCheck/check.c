#define _GNU_SOURCE
#include "check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

long checks, failures;
static char subject[128];

void begin(const char *set, const char *precision, const char *what) {
  snprintf(subject, sizeof subject, "%s %s, %s", set, precision, what);
}

void fail(const char *format, ...) {
  if (++failures > 20) return; // the first ones say enough
  va_list arguments;
  va_start(arguments, format);
  printf("failed: %s: ", subject);
  vprintf(format, arguments);
  printf("\n");
  va_end(arguments);
  fflush(stdout);
}

static uint64_t random_state;

void seed_random(uint64_t seed) { random_state = seed; }

// SplitMix64 (Steele, Lea and Flood 2014).
uint64_t next_random(void) {
  uint64_t z = random_state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

enum { slot_size = 8 << 20, margin = 64 };
static unsigned char *slots[slot_count];
static unsigned char *placed[slot_count];

void *place(int slot, size_t size) {
  if (!slots[slot]) {
    // A page is 64 KB on some systems.
    unsigned char *memory =
        mmap(NULL, slot_size + (64 << 10), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory + slot_size, 64 << 10, PROT_NONE) != 0) {
      perror("mmap");
      exit(2);
    }
    slots[slot] = memory;
  }
  if (size + margin > slot_size) {
    fprintf(stderr, "a slot has %d bytes, %zu are wanted\n", slot_size, size);
    exit(2);
  }
  placed[slot] = slots[slot] + slot_size - size;
  memset(placed[slot] - margin, 0xA5, margin);
  return placed[slot];
}

int is_intact(int slot) {
  for (int i = 1; i <= margin; ++i)
    if (placed[slot][-i] != 0xA5) return 0;
  return 1;
}

void add_product(precise_sum *sum, double a, double b) {
  double product = a * b, rest = fma(a, b, -product);
  double value = sum->value + product, part = value - sum->value;
  sum->error += rest + ((sum->value - (value - part)) + (product - part));
  sum->value = value;
  sum->magnitude += fabs(product);
}
