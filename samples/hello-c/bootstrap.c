/* A Lambda runtime and its function in C: plain sockets, one connection kept open, no library. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 8 * 1024 * 1024 }; /* events are at most 6 MiB */

static char in[ROOM + 1], out[ROOM + 1024];
static const char *address;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static int dial(void) {
    char host[64];
    const char *colon = strrchr(address, ':');
    if (colon == NULL || (size_t)(colon - address) >= sizeof host) die("AWS_LAMBDA_RUNTIME_API");
    snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(colon + 1))};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || inet_pton(AF_INET, host, &to.sin_addr) != 1) die("address");
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void send_all(int fd, const char *text, size_t size) {
    while (size > 0) {
        ssize_t sent = write(fd, text, size);
        if (sent < 0) die("write");
        text += sent;
        size -= (size_t)sent;
    }
}

/* The value of a header in the head at `in`; its length in *size, 0 when there is none. */
static const char *header(const char *name, size_t *size) {
    size_t length = strlen(name);
    for (const char *line = strstr(in, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, length) == 0 && line[2 + length] == ':') {
            const char *value = line + 3 + length;
            while (*value == ' ') value++;
            *size = strcspn(value, "\r");
            return value;
        }
    }
    *size = 0;
    return "";
}

/* Read one response into `in`; returns its body and the size of that. */
static char *receive(int fd, size_t *body_size) {
    size_t have = 0;
    char *end;
    in[0] = 0;
    while ((end = strstr(in, "\r\n\r\n")) == NULL) {
        ssize_t got = have < ROOM ? read(fd, in + have, ROOM - have) : 0;
        if (got <= 0) die("read");
        have += (size_t)got;
        in[have] = 0;
    }
    size_t ignored;
    *body_size = strtoul(header("Content-Length", &ignored), NULL, 10);
    char *body = end + 4;
    size_t wanted = (size_t)(body - in) + *body_size;
    while (have < wanted && wanted <= ROOM) {
        ssize_t got = read(fd, in + have, wanted - have);
        if (got <= 0) die("read");
        have += (size_t)got;
    }
    return body;
}

int main(void) {
    static const char next[] = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: lambda\r\n\r\n";
    address = getenv("AWS_LAMBDA_RUNTIME_API");
    if (address == NULL) die("AWS_LAMBDA_RUNTIME_API");
    int fd = dial();
    for (;;) {
        size_t size, id_size;
        send_all(fd, next, sizeof next - 1);
        char *event = receive(fd, &size);
        char id[128];
        const char *found = header("Lambda-Runtime-Aws-Request-Id", &id_size);
        snprintf(id, sizeof id, "%.*s", (int)id_size, found);
        fprintf(stderr, "handling %s\n", id);
        static const char greeting[] = "{\"greeting\": \"Hello from C!\", \"event\": ";
        size_t length = sizeof greeting - 1 + size + 1;
        int head = snprintf(out, 1024,
                            "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: lambda\r\n"
                            "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                            id, length, greeting);
        memcpy(out + head, event, size);
        out[(size_t)head + size] = '}';
        send_all(fd, out, (size_t)head + size + 1);
        receive(fd, &size);
    }
}
