#ifndef C_HTTP_H
#define C_HTTP_H

#include <stddef.h>
#include <stdint.h>

/// An HTTP server on GNU libmicrohttpd (0.9.54 and later), which is loaded when a server starts, so that nothing of it
/// is needed to build or to do anything else. Connections are kept alive, and requests may be pipelined.

/// A whole request. It is valid until it is answered.
struct chttp_request;
struct chttp_server;

struct chttp_settings {
  /// A host's name or address.
  const char *host;
  /// 0 for any free port.
  uint16_t port;
  unsigned threads;
  /// The most connections at a time. Further ones wait until there is room.
  unsigned connections;
  /// The most bytes of a request's body.
  size_t body;
  /// The seconds within which a connection must bring its next request as a whole, and take the answer. Otherwise it is
  /// closed.
  unsigned seconds;
  /// Receives each request, on one of the threads. It calls chttp_send, or chttp_wait and lets another thread do so.
  void (*handler)(void *context, struct chttp_request *request);
  void *context;
};

/// Starts a server.
/// @param problem Receives why it is not possible, if the result is NULL. The string is valid until the next call.
struct chttp_server *chttp_start(const struct chttp_settings *settings, const char **problem);
/// The port at which the server listens.
uint16_t chttp_port(const struct chttp_server *server);
/// The number of connections now.
size_t chttp_connections(struct chttp_server *server);
/// Closes the connections whose time is over. To be called about once a second.
void chttp_sweep(struct chttp_server *server);
/// Closes new connections, answers the requests that have begun to arrive, and closes a connection after its answer.
/// What takes longer than so many seconds is broken off, except for answers that other threads still compute. Frees the
/// server.
void chttp_stop(struct chttp_server *server, unsigned seconds);

/// The method, such as "GET".
const char *chttp_method(const struct chttp_request *request);
/// The path without the query, with its escapes decoded.
const char *chttp_path(const struct chttp_request *request);
/// The value of a header field, or NULL.
const char *chttp_header(const struct chttp_request *request, const char *name);
/// The body. NULL if there is none.
const uint8_t *chttp_body(const struct chttp_request *request);
size_t chttp_body_size(const struct chttp_request *request);
/// Whether the body had more bytes than allowed. It is then empty.
int chttp_is_too_large(const struct chttp_request *request);

/// Announces that the handler returns before the answer is ready.
void chttp_wait(struct chttp_request *request);

/// Prepares the answer to a request. The bytes are copied.
void chttp_prepare(struct chttp_request *request, unsigned status, const void *bytes, size_t size);
/// Adds a header field to the prepared answer. The strings are copied.
void chttp_add_field(struct chttp_request *request, const char *name, const char *value);
/// Sends the prepared answer.
void chttp_send(struct chttp_request *request);

#endif
