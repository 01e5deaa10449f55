// getaddrinfo
#define _GNU_SOURCE
#include "CHTTP.h"
#include "CLibrary.h"

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// What is used of microhttpd.h. The numbers are part of the library's binary interface.

enum {
  MHD_NO = 0,
  MHD_YES = 1,
  MHD_USE_INTERNAL_POLLING_THREAD = 8,
  MHD_USE_EPOLL = 512,
  MHD_ALLOW_SUSPEND_RESUME = 8192 | 1024,
  MHD_OPTION_END = 0,
  MHD_OPTION_CONNECTION_LIMIT = 2,
  MHD_OPTION_NOTIFY_COMPLETED = 4,
  MHD_OPTION_LISTEN_SOCKET = 12,
  MHD_OPTION_THREAD_POOL_SIZE = 14,
  MHD_OPTION_NOTIFY_CONNECTION = 27,
  MHD_OPTION_STRICT_FOR_CLIENT = 29,
  MHD_HEADER_KIND = 1,
  MHD_CONNECTION_INFO_CONNECTION_FD = 6,
  MHD_CONNECTION_INFO_SOCKET_CONTEXT = 7,
  MHD_CONNECTION_NOTIFY_STARTED = 0,
  MHD_RESPMEM_MUST_COPY = 2,
};

struct MHD_Daemon;
struct MHD_Connection;
struct MHD_Response;
union MHD_ConnectionInfo {
  int socket;
  void *pointer;
};

static struct {
  struct MHD_Daemon *(*start)(unsigned flags, uint16_t port, int (*accepts)(void *, const struct sockaddr *, socklen_t),
                              void *accept_context,
                              int (*handler)(void *, struct MHD_Connection *, const char *path, const char *method,
                                             const char *version, const char *data, size_t *count, void **context),
                              void *context, ...);
  void (*stop)(struct MHD_Daemon *);
  const union MHD_ConnectionInfo *(*info)(struct MHD_Connection *, int kind, ...);
  const char *(*lookup)(struct MHD_Connection *, int kind, const char *name);
  void (*suspend)(struct MHD_Connection *);
  void (*resume)(struct MHD_Connection *);
  struct MHD_Response *(*create)(size_t size, void *bytes, int mode);
  int (*add)(struct MHD_Response *, const char *name, const char *value);
  int (*queue)(struct MHD_Connection *, unsigned status, struct MHD_Response *);
  void (*destroy)(struct MHD_Response *);
} mhd;

/// A thread of the server. Its clock stands still while it is inside a handler, so that the time of a long answer
/// counts neither against its own client nor against those that wait for the thread.
struct worker {
  struct worker *next;
  /// In milliseconds: when the handler began, or 0, and how long all handlers before it took.
  _Atomic int64_t busy_since, busy;
};

struct connection {
  struct connection *previous, *next;
  struct worker *worker;
  int socket;
  /// When it is closed unless something happens before, by the worker's clock.
  _Atomic int64_t deadline;
};

struct chttp_server {
  struct MHD_Daemon *daemon;
  struct chttp_settings settings;
  uint16_t port;
  pthread_mutex_t lock;
  /// The connections, under the lock.
  struct connection *first;
  struct worker *workers;
  size_t count;
  /// The requests that have begun to arrive and are not done.
  _Atomic size_t active;
  /// Those of them that another thread will answer.
  _Atomic size_t waiting;
  _Atomic int is_stopping;
};

struct chttp_request {
  struct chttp_server *server;
  struct connection *connection;
  struct MHD_Connection *mhd;
  const char *path, *method;
  uint8_t *body;
  size_t count, capacity;
  int is_too_large, is_handled, waits;
  unsigned status;
  struct MHD_Response *response;
};

/// Milliseconds since some moment.
static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return 1000 * (int64_t)time.tv_sec + time.tv_nsec / 1000000;
}

static int64_t clock_of(struct worker *worker) {
  int64_t since = atomic_load(&worker->busy_since), busy = atomic_load(&worker->busy);
  return (since ? since : now()) - busy;
}

/// Gives a connection its whole time again.
static void renew(const struct chttp_server *server, struct connection *connection) {
  if (connection)
    atomic_store(&connection->deadline, clock_of(connection->worker) + 1000 * (int64_t)server->settings.seconds);
}

/// Gives a connection all time that its answer takes.
static void wait_for_answer(struct connection *connection) {
  if (connection) atomic_store(&connection->deadline, INT64_MAX);
}

// MARK: - Connections

static void notify_connection(void *context, struct MHD_Connection *mhd_connection, void **socket_context, int event) {
  struct chttp_server *server = context;
  if (event == MHD_CONNECTION_NOTIFY_STARTED) {
    // The thread that starts a connection serves it.
    static _Thread_local struct worker *own;
    struct connection *connection = calloc(1, sizeof *connection);
    if (!own && (own = calloc(1, sizeof *own))) {
      pthread_mutex_lock(&server->lock);
      own->next = server->workers;
      server->workers = own;
      pthread_mutex_unlock(&server->lock);
    }
    if (!connection || !own) {
      free(connection);
      return;
    }
    *socket_context = connection;
    connection->worker = own;
    connection->socket = mhd.info(mhd_connection, MHD_CONNECTION_INFO_CONNECTION_FD)->socket;
    renew(server, connection);
    pthread_mutex_lock(&server->lock);
    connection->next = server->first;
    if (connection->next) connection->next->previous = connection;
    server->first = connection;
    server->count++;
    pthread_mutex_unlock(&server->lock);
  } else {
    struct connection *connection = *socket_context;
    *socket_context = NULL;
    if (!connection) return;
    // The socket is closed after this call, so no other can have its number before the connection is off the list.
    pthread_mutex_lock(&server->lock);
    *(connection->previous ? &connection->previous->next : &server->first) = connection->next;
    if (connection->next) connection->next->previous = connection->previous;
    server->count--;
    pthread_mutex_unlock(&server->lock);
    free(connection);
  }
}

void chttp_sweep(struct chttp_server *server) {
  pthread_mutex_lock(&server->lock);
  for (struct connection *connection = server->first; connection; connection = connection->next)
    if (atomic_load(&connection->deadline) < clock_of(connection->worker)) shutdown(connection->socket, SHUT_RDWR);
  pthread_mutex_unlock(&server->lock);
}

size_t chttp_connections(struct chttp_server *server) {
  pthread_mutex_lock(&server->lock);
  size_t count = server->count;
  pthread_mutex_unlock(&server->lock);
  return count;
}

// MARK: - Requests

/// Whether a new connection is taken: not any more at the end.
static int accepts(void *context, const struct sockaddr *address, socklen_t size) {
  (void)address, (void)size;
  struct chttp_server *server = context;
  return atomic_load(&server->is_stopping) ? MHD_NO : MHD_YES;
}

/// Adds a part of the body.
static void append(struct chttp_request *request, const char *data, size_t count) {
  size_t most = request->server->settings.body;
  if (request->is_too_large) return;
  if (count > most - request->count) {
    request->is_too_large = 1;
    free(request->body);
    request->body = NULL;
    request->count = request->capacity = 0;
    return;
  }
  if (request->count + count > request->capacity) {
    size_t capacity = 2 * (request->count + count);
    if (capacity > most) capacity = most;
    uint8_t *body = realloc(request->body, capacity);
    if (!body) {
      request->is_too_large = 1;
      return;
    }
    request->body = body;
    request->capacity = capacity;
  }
  memcpy(request->body + request->count, data, count);
  request->count += count;
}

static int serve(void *context, struct MHD_Connection *mhd_connection, const char *path, const char *method,
                 const char *version, const char *data, size_t *count, void **request_context) {
  (void)version;
  struct chttp_server *server = context;
  struct chttp_request *request = *request_context;
  if (!request) {
    // The header is here.
    request = calloc(1, sizeof *request);
    if (!request) return MHD_NO;
    *request_context = request;
    request->server = server;
    request->mhd = mhd_connection;
    request->connection = mhd.info(mhd_connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->pointer;
    atomic_fetch_add_explicit(&server->active, 1, memory_order_relaxed);
    const char *length = mhd.lookup(mhd_connection, MHD_HEADER_KIND, "Content-Length");
    request->is_too_large = length && strtoull(length, NULL, 10) > server->settings.body;
    // A client that asks first is told at once; any other would not read the answer before it has sent everything.
    if (!request->is_too_large || !mhd.lookup(mhd_connection, MHD_HEADER_KIND, "Expect")) return MHD_YES;
  } else if (*count > 0) {
    append(request, data, *count);
    *count = 0;
    return MHD_YES;
  }
  if (!request->is_handled) {
    request->is_handled = 1;
    request->path = path;
    request->method = method;
    struct worker *worker = request->connection ? request->connection->worker : NULL;
    int64_t start = now();
    wait_for_answer(request->connection);
    if (worker) atomic_store(&worker->busy_since, start);
    server->settings.handler(server->settings.context, request);
    if (worker) {
      // In this order, the clock never runs ahead.
      atomic_fetch_add(&worker->busy, now() - start);
      atomic_store(&worker->busy_since, 0);
    }
    // This call continues when the answer is there.
    if (request->waits) return MHD_YES;
  }
  return request->response ? mhd.queue(mhd_connection, request->status, request->response) : MHD_NO;
}

static void notify_completed(void *context, struct MHD_Connection *mhd_connection, void **request_context,
                             int termination) {
  (void)mhd_connection, (void)termination;
  struct chttp_server *server = context;
  struct chttp_request *request = *request_context;
  *request_context = NULL;
  if (!request) return;
  renew(server, request->connection);
  if (request->response) mhd.destroy(request->response);
  free(request->body);
  free(request);
  atomic_fetch_sub_explicit(&server->active, 1, memory_order_release);
}

const char *chttp_method(const struct chttp_request *request) { return request->method; }

const char *chttp_path(const struct chttp_request *request) { return request->path; }

const char *chttp_header(const struct chttp_request *request, const char *name) {
  return mhd.lookup(request->mhd, MHD_HEADER_KIND, name);
}

const uint8_t *chttp_body(const struct chttp_request *request) { return request->body; }

size_t chttp_body_size(const struct chttp_request *request) { return request->count; }

int chttp_is_too_large(const struct chttp_request *request) { return request->is_too_large; }

void chttp_wait(struct chttp_request *request) {
  request->waits = 1;
  atomic_fetch_add_explicit(&request->server->waiting, 1, memory_order_relaxed);
  mhd.suspend(request->mhd);
}

void chttp_prepare(struct chttp_request *request, unsigned status, const void *bytes, size_t size) {
  request->status = status;
  request->response = mhd.create(size, (void *)bytes, MHD_RESPMEM_MUST_COPY);
  if (atomic_load_explicit(&request->server->is_stopping, memory_order_relaxed))
    chttp_add_field(request, "Connection", "close");
}

void chttp_add_field(struct chttp_request *request, const char *name, const char *value) {
  if (request->response) mhd.add(request->response, name, value);
}

void chttp_send(struct chttp_request *request) {
  struct chttp_server *server = request->server;
  renew(server, request->connection);
  if (!request->waits) return;
  // From here on, another thread may free the request.
  mhd.resume(request->mhd);
  atomic_fetch_sub_explicit(&server->waiting, 1, memory_order_release);
}

// MARK: - Server

#define LOAD(member, name)                                                               \
  do {                                                                                   \
    if (!clibrary_find(library, name, &mhd.member)) return "libmicrohttpd has no " name; \
  } while (0)

static const char *load(void) {
  static const char *const name = "libmicrohttpd.so.12";
  if (mhd.start) return NULL;
  if (!clibrary_can_load()) return "a statically linked program cannot load libmicrohttpd; use the dynamic one";
  void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!library) return "the HTTP library libmicrohttpd.so.12 is missing; install Debian's package libmicrohttpd12";
  LOAD(stop, "MHD_stop_daemon");
  LOAD(info, "MHD_get_connection_info");
  LOAD(lookup, "MHD_lookup_connection_value");
  LOAD(suspend, "MHD_suspend_connection");
  LOAD(resume, "MHD_resume_connection");
  LOAD(create, "MHD_create_response_from_buffer");
  LOAD(add, "MHD_add_response_header");
  LOAD(queue, "MHD_queue_response");
  LOAD(destroy, "MHD_destroy_response");
  LOAD(start, "MHD_start_daemon");
  return NULL;
}

/// Makes a socket that listens.
/// @return The socket, or -1.
static int listening(const struct chttp_settings *settings, const char **problem) {
  char port[8];
  snprintf(port, sizeof port, "%u", settings->port);
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *address;
  int code = getaddrinfo(settings->host, port, &hints, &address);
  if (code != 0) {
    *problem = gai_strerror(code);
    return -1;
  }
  int listener = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;
  if (listener >= 0) setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (listener < 0 || bind(listener, address->ai_addr, address->ai_addrlen) != 0 || listen(listener, 1024) != 0) {
    *problem = strerror(errno);
    if (listener >= 0) close(listener);
    listener = -1;
  }
  freeaddrinfo(address);
  return listener;
}

/// Lets the process have as many files as it needs for so many connections.
/// @return For how many connections there are enough.
static unsigned reserve_files(unsigned connections) {
  const rlim_t others = 64;
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return connections;
  rlim_t needed = connections + others;
  if (limit.rlim_cur < needed) {
    limit.rlim_cur = limit.rlim_max < needed ? limit.rlim_max : needed;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur >= needed) return connections;
  return limit.rlim_cur > others ? (unsigned)(limit.rlim_cur - others) : 1;
}

struct chttp_server *chttp_start(const struct chttp_settings *settings, const char **problem) {
  *problem = load();
  if (*problem) return NULL;
  int listener = listening(settings, problem);
  if (listener < 0) return NULL;
  struct chttp_server *server = calloc(1, sizeof *server);
  if (!server) abort();
  server->settings = *settings;
  server->settings.host = NULL;
  pthread_mutex_init(&server->lock, NULL);
  struct sockaddr_storage address;
  socklen_t size = sizeof address;
  if (getsockname(listener, (struct sockaddr *)&address, &size) == 0)
    server->port = ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                                       : ((struct sockaddr_in *)&address)->sin_port);
  unsigned threads = settings->threads, connections = reserve_files(settings->connections);
  // Each thread has its share of the connections, and at least one.
  if (connections < threads) threads = connections;
  server->daemon = mhd.start(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, accepts,
                             server, serve, server, MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_NOTIFY_COMPLETED,
                             notify_completed, server, MHD_OPTION_NOTIFY_CONNECTION, notify_connection, server,
                             MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_STRICT_FOR_CLIENT, 1,
                             // A pool has at least two threads.
                             threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, threads, MHD_OPTION_END);
  if (!server->daemon) {
    *problem = "libmicrohttpd cannot start its threads";
    close(listener);
    free(server);
    return NULL;
  }
  return server;
}

uint16_t chttp_port(const struct chttp_server *server) { return server->port; }

void chttp_stop(struct chttp_server *server, unsigned seconds) {
  atomic_store(&server->is_stopping, 1);
  int64_t end = now() + 1000 * (int64_t)seconds;
  // A connection whose answer another thread computes must not be closed.
  while (atomic_load(&server->waiting) > 0 || (atomic_load(&server->active) > 0 && now() <= end)) {
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    chttp_sweep(server);
  }
  mhd.stop(server->daemon);
  while (server->workers) {
    struct worker *worker = server->workers;
    server->workers = worker->next;
    free(worker);
  }
  pthread_mutex_destroy(&server->lock);
  free(server);
}
