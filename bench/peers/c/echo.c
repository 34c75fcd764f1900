// An echo server as one writes it by hand: a thread to a worker, each with its own epoll instance and its own listening
// socket on the common port (SO_REUSEPORT), level-triggered, one receive and one send an event.
//
//   c-echo WORKERS     says `ready PORT` and its version, and ends when its standard input does
//
// A buffer of 4 KiB, as all servers of this benchmark have.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 4096, EVENTS = 256, BACKLOG = 4096 };

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

// Port 0: any that is free.
static int listen_on(in_port_t port)
{
    int yes = 1;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) ||
        bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, BACKLOG))
        fail("listen");
    return listener;
}

static in_port_t port_of(int listener)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    if (getsockname(listener, (struct sockaddr *)&address, &length))
        fail("getsockname");
    return ntohs(address.sin_port);
}

static void watch(int epoll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
        fail("epoll_ctl");
}

static void accept_all(int epoll, int listener)
{
    int yes = 1, connection;
    while ((connection = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        watch(epoll, connection);
    }
}

static void echo(int connection)
{
    char buffer[BUFFER];
    ssize_t received = recv(connection, buffer, sizeof buffer, 0);
    if (received < 0 && errno == EAGAIN)
        return;
    // A client that does not read its answers loses its connection: this is a yardstick, not a server.
    if (received <= 0 || send(connection, buffer, received, MSG_NOSIGNAL) != received)
        close(connection);
}

static void *work(void *argument)
{
    int listener = (int)(intptr_t)argument;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        fail("epoll_create1");
    watch(epoll, listener);
    struct epoll_event events[EVENTS];
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        if (count < 0 && errno != EINTR)
            fail("epoll_wait");
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener)
                accept_all(epoll, listener);
            else
                echo(events[i].data.fd);
        }
    }
    return NULL;
}

int main(int count, char **arguments)
{
    int workers = count == 2 ? atoi(arguments[1]) : 0;
    if (workers < 1) {
        fprintf(stderr, "usage: c-echo WORKERS\n");
        return 2;
    }

    in_port_t port = 0;
    for (int i = 0; i < workers; i++) {
        pthread_t thread;
        int listener = listen_on(port);
        port = port_of(listener);
        if (pthread_create(&thread, NULL, work, (void *)(intptr_t)listener))
            fail("pthread_create");
    }

    printf("ready %d gcc %s\n", port, __VERSION__);
    fflush(stdout);
    char ignored[64];
    while (read(STDIN_FILENO, ignored, sizeof ignored) > 0)
        ;
    return 0;
}
