// The load on an echo server at 127.0.0.1, on one thread:
//
//   c-load closed PORT CONNECTIONS SIZE DEPTH WARM_MS WINDOW_MS PID
//       Closed loop: each connection has DEPTH requests of SIZE bytes under way, and sends the next when an answer has come.
//   c-load rate PORT CONNECTIONS SIZE RATE WARM_MS WINDOW_MS PID
//       Fixed rate: RATE requests a second over all connections in turn, whatever the answers do. A latency counts from when
//       the request was due, not from when it could be sent: else a stall would be seen by one request, not by all that it
//       delays ("coordinated omission", Gil Tene, "How NOT to Measure Latency").
//   c-load idle PORT CONNECTIONS
//       Opens the connections, has one byte answered on each, and then does nothing until its standard input ends.
//
// Says `begin` when the window begins (when the idle connections are there), and in the end
//
//   requests N nanoseconds N cpu N switches N p50 N p99 N p999 N max N
//
// where cpu (nanoseconds) and context switches are those of the process PID, the server, within the window; latencies are in
// nanoseconds. Every byte that comes back is compared with the one that was sent. Whatever is wrong ends it with a message.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    // A prime, so that bytes which went astray by any usual length are seen.
    PERIOD = 65521,
    CHUNK = 1 << 17,
    // Requests under way on one connection at most.
    UNDER_WAY = 4096,
    EVENTS = 512,
};

// No answer for so long: the server hangs.
static const uint64_t stall = 5000000000;

typedef struct {
    int fd;
    // Where in the stream, modulo the period: of the next byte to send, and of the next to come.
    uint32_t sending, coming;
    // Bytes of an answer that has not come whole.
    uint32_t part;
    // When the requests under way were due: a ring.
    uint32_t first, under_way;
    uint64_t *due;
} connection;

static uint8_t pattern[PERIOD + CHUNK];
static connection *connections;
static int connection_count, size;
static int epoll;

static void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "c-load: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    exit(1);
}

static uint64_t clock_of(clockid_t clock)
{
    struct timespec time;
    if (clock_gettime(clock, &time))
        fail("the server's clock: %s", strerror(errno));
    return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static uint64_t now(void) { return clock_of(CLOCK_MONOTONIC); }

// ---- latencies: exact below 64 ns, to 1/64 above ----

enum { STEPS = 64 };
static uint64_t histogram[64 * STEPS];

static int bucket_of(uint64_t value)
{
    if (value < STEPS)
        return value;
    int exponent = 63 - __builtin_clzll(value);
    return (exponent - 5) * STEPS + ((value >> (exponent - 6)) & (STEPS - 1));
}

static uint64_t value_of(int bucket)
{
    if (bucket < STEPS)
        return bucket;
    int exponent = bucket / STEPS + 5;
    return (1ull << exponent) | ((uint64_t)(bucket % STEPS) << (exponent - 6));
}

static uint64_t percentile(double part, uint64_t total)
{
    uint64_t below = 0;
    int last = 0;
    for (int i = 0; i < 64 * STEPS; i++) {
        if (histogram[i] == 0)
            continue;
        last = i;
        below += histogram[i];
        if (below > part * total)
            break;
    }
    return value_of(last);
}

// ---- the server's process ----

static uint64_t switches_of(int pid)
{
    char path[300], line[256];
    uint64_t total = 0;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    if (tasks == NULL)
        fail("there is no process %d", pid);
    for (struct dirent *task; (task = readdir(tasks));) {
        if (task->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%d/task/%s/status", pid, task->d_name);
        FILE *status = fopen(path, "r");
        if (status == NULL)
            continue; // It has just ended.
        while (fgets(line, sizeof line, status)) {
            unsigned long count;
            if (sscanf(line, "voluntary_ctxt_switches: %lu", &count) == 1 ||
                sscanf(line, "nonvoluntary_ctxt_switches: %lu", &count) == 1)
                total += count;
        }
        fclose(status);
    }
    closedir(tasks);
    return total;
}

// ---- connections ----

static void open_all(int port)
{
    uint64_t random = 0x9E3779B97F4A7C15; // Marsaglia's xorshift64.
    for (int i = 0; i < PERIOD; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        pattern[i] = random;
    }
    for (int i = 0; i < CHUNK; i++)
        pattern[PERIOD + i] = pattern[i % PERIOD];

    epoll = epoll_create1(EPOLL_CLOEXEC);
    connections = calloc(connection_count, sizeof *connections);
    for (int i = 0; i < connection_count; i++) {
        int yes = 1;
        connection *c = &connections[i];
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof address))
            fail("connection %d of %d: %s", i + 1, connection_count, strerror(errno));
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        fcntl(c->fd, F_SETFL, O_NONBLOCK);
        c->due = malloc(UNDER_WAY * sizeof *c->due);
        c->sending = c->coming = (uint32_t)((uint64_t)i * 7919 % PERIOD);
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event))
            fail("epoll_ctl: %s", strerror(errno));
    }
}

static void close_all(void)
{
    for (int i = 0; i < connection_count; i++)
        close(connections[i].fd);
}

// What is under way is always less than the system keeps for a connection: it takes all of it.
static void send_requests(connection *c, int count, uint64_t due)
{
    size_t bytes = (size_t)count * size;
    if (bytes > CHUNK || c->under_way + count > UNDER_WAY)
        fail("the server is too slow for this rate: %u requests under way on one connection", c->under_way);
    ssize_t sent = send(c->fd, pattern + c->sending, bytes, MSG_NOSIGNAL);
    if (sent != (ssize_t)bytes)
        fail("sent %zd of %zu bytes: %s", sent, bytes, strerror(errno));
    c->sending = (c->sending + bytes) % PERIOD;
    for (int i = 0; i < count; i++)
        c->due[(c->first + c->under_way++) % UNDER_WAY] = due;
}

// How many requests it answers; -1: nothing has come.
static int receive_answers(connection *c)
{
    static uint8_t buffer[CHUNK];
    ssize_t received = recv(c->fd, buffer, sizeof buffer, 0);
    if (received < 0 && errno == EAGAIN)
        return -1;
    if (received <= 0)
        fail("connection %td was closed: %s", c - connections, received == 0 ? "by the server" : strerror(errno));
    if (memcmp(buffer, pattern + c->coming, received))
        fail("connection %td got other bytes than it sent", c - connections);
    c->coming = (c->coming + received) % PERIOD;

    uint32_t bytes = c->part + received;
    int answered = bytes / size;
    c->part = bytes % size;
    uint64_t at = now();
    for (int i = 0; i < answered; i++) {
        histogram[bucket_of(at - c->due[c->first])]++;
        c->first = (c->first + 1) % UNDER_WAY;
        c->under_way--;
    }
    return answered;
}

static void run(int depth, double rate, uint64_t warm, uint64_t window, int pid)
{
    clockid_t server;
    if (clock_getcpuclockid(pid, &server))
        fail("there is no process %d", pid);
    // A timed wait of the fixed rate is not to be rounded up by 50 µs.
    prctl(PR_SET_TIMERSLACK, 1);

    uint64_t begin = now() + warm, end = 0, cpu = 0, switches = 0, answered = 0, last_answer = now();
    if (rate == 0)
        for (int i = 0; i < connection_count; i++)
            send_requests(&connections[i], depth, now());

    double interval = rate == 0 ? 0 : 1e9 / rate, due = now();
    int turn = 0;
    for (;;) {
        struct timespec wait = {1, 0};
        if (rate != 0) {
            uint64_t at = now();
            for (; due <= at; due += interval, turn = (turn + 1) % connection_count)
                send_requests(&connections[turn], 1, due);
            wait = (struct timespec){0, (long)(due - at)};
        }

        struct epoll_event events[EVENTS];
        int count = epoll_pwait2(epoll, events, EVENTS, &wait, NULL);
        if (count < 0 && errno != EINTR)
            fail("epoll_pwait2: %s", strerror(errno));
        uint64_t at = now();
        if (count > 0)
            last_answer = at;
        else if (at - last_answer > stall)
            fail("no answer for 5 s");

        if (end == 0 && at >= begin) {
            printf("begin\n");
            fflush(stdout);
            memset(histogram, 0, sizeof histogram);
            answered = 0;
            switches = switches_of(pid);
            begin = now();
            cpu = clock_of(server);
            end = begin + window;
        } else if (end != 0 && at >= end) {
            cpu = clock_of(server) - cpu;
            switches = switches_of(pid) - switches;
            window = at - begin;
            break;
        }

        for (int i = 0; i < count; i++) {
            connection *c = &connections[events[i].data.u32];
            int answers = receive_answers(c);
            if (answers <= 0)
                continue;
            answered += answers;
            if (rate == 0)
                send_requests(c, answers, now());
        }
    }

    printf("requests %lu nanoseconds %lu cpu %lu switches %lu p50 %lu p99 %lu p999 %lu max %lu\n", answered, window, cpu,
           switches, percentile(0.5, answered), percentile(0.99, answered), percentile(0.999, answered),
           percentile(1, answered));

    // So that no server sees a reset instead of an end: what is under way comes back first.
    for (int i = 0; i < connection_count; i++) {
        fcntl(connections[i].fd, F_SETFL, 0);
        struct timeval limit = {5, 0};
        setsockopt(connections[i].fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        while (connections[i].under_way > 0)
            if (receive_answers(&connections[i]) < 0)
                fail("no answer for 5 s");
    }
}

static void idle(void)
{
    size = 1;
    for (int i = 0; i < connection_count; i++)
        send_requests(&connections[i], 1, now());
    for (int i = 0; i < connection_count; i++) {
        fcntl(connections[i].fd, F_SETFL, 0);
        receive_answers(&connections[i]);
    }
    printf("begin\n");
    fflush(stdout);
    char ignored[64];
    while (read(STDIN_FILENO, ignored, sizeof ignored) > 0)
        ;
}

int main(int count, char **arguments)
{
    const char *kind = count > 3 ? arguments[1] : "";
    int is_closed = strcmp(kind, "closed") == 0 && count == 9;
    int is_rate = strcmp(kind, "rate") == 0 && count == 9;
    int is_idle = strcmp(kind, "idle") == 0 && count == 4;
    if (!is_closed && !is_rate && !is_idle) {
        fprintf(stderr, "usage: c-load closed PORT CONNECTIONS SIZE DEPTH WARM_MS WINDOW_MS PID\n"
                        "       c-load rate PORT CONNECTIONS SIZE RATE WARM_MS WINDOW_MS PID\n"
                        "       c-load idle PORT CONNECTIONS\n");
        return 2;
    }

    connection_count = atoi(arguments[3]);
    open_all(atoi(arguments[2]));
    if (is_idle) {
        idle();
    } else {
        size = atoi(arguments[4]);
        run(is_closed ? atoi(arguments[5]) : 0, is_rate ? atof(arguments[5]) : 0, atol(arguments[6]) * 1000000ull,
            atol(arguments[7]) * 1000000ull, atoi(arguments[8]));
    }
    close_all();
    return 0;
}
