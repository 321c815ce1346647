/* worker_alone — how many links a second one worker does, and what each costs it.
 *
 *     bench_worker_alone COUNT URL WORKER [OPTION...]
 *
 * Plays ventilator and sink by itself, so that nothing but the worker is measured. A "%d"
 * in URL becomes a number below 100. Prints links/s and the worker's CPU per link, its
 * helpers' excluded. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/clock.h"
#include "proto/limits.h"
#include "proto/message.h"
#include "proto/scope.h"
#include "proto/socket.h"

enum { RUN = 7, FILES = 100, PATIENCE_MS = 20000 };

typedef struct {
    char folder[64];
    zsock_t *control;
    zsock_t *lane;
    zsock_t *report;
    zframe_t *peer;
    tl_buf *frame;
    pid_t worker;
    uint64_t count;
    uint64_t sent;
    uint64_t told; /* as done */
    uint64_t reported;
    uint64_t slots;
    const char *url;
} head;

static void
die(const char *why)
{
    (void) fprintf(stderr, "bench_worker_alone: %s\n", why);
    abort();
}

static zsock_t *
bind_at(const head *self, tl_socket_kind kind, const char *name)
{
    char endpoint[128];
    char bound[TL_ENDPOINT_BYTES];
    tl_error err = {0};

    (void) snprintf(endpoint, sizeof endpoint, "ipc://%s/%s", self->folder, name);
    zsock_t *socket = tl_socket_bind(kind, endpoint, false, bound, &err);
    if (!socket)
        die(err.text);
    return socket;
}

static void
start_worker(head *self, char **words, int count)
{
    char ventilator[128];
    char root[128];
    char **arguments = calloc((size_t) count + 3, sizeof *arguments);

    (void) snprintf(ventilator, sizeof ventilator, "--ventilator=ipc://%s/control",
                    self->folder);
    (void) snprintf(root, sizeof root, "--output-root=%s", self->folder);
    for (int i = 0; i < count; i++)
        arguments[i] = words[i];
    arguments[count] = ventilator;
    arguments[count + 1] = root;
    self->worker = fork();
    if (self->worker == 0) {
        (void) execv(arguments[0], arguments);
        _exit(127);
    }
    free(arguments);
}

static void
say(head *self, const tl_schema *schema, const void *message)
{
    tl_error err = {0};

    tl_buf_clear(self->frame);
    if (tl_encode(schema, message, self->frame, &err) != TL_OK)
        die(err.text);
    (void) tl_router_send(self->control, self->peer, tl_buf_bytes(self->frame),
                          tl_buf_size(self->frame));
}

static void
grant(head *self)
{
    char lane[128];
    char report[128];
    TL_SCOPED(tl_buf_destroy) tl_buf *options = tl_buf_new(4096);
    tl_run_option output = {tl_view("output"), tl_view("images")};
    tl_error err = {0};

    (void) snprintf(lane, sizeof lane, "%s/lane", self->folder);
    (void) snprintf(report, sizeof report, "%s/report", self->folder);
    (void) tl_list_add(options, &TL_RUN_OPTION, &output, &err);
    tl_grant it = {.run = RUN,
                   .epoch = 1,
                   .lane = 1,
                   .path = tl_view(lane),
                   .report_path = tl_view(report),
                   .options = tl_list_of(options, 1)};
    say(self, &TL_GRANT, &it);
}

static void
on_control(head *self, zframe_t *frame)
{
    union {
        tl_heartbeat beat;
        tl_done done;
        tl_hello hello;
    } message = {0};
    tl_error err = {0};
    tl_answer answer = {.run = RUN};
    const tl_schema *schema = tl_peek(zframe_data(frame), zframe_size(frame), &err);

    if (!schema || tl_decode(schema, &message, zframe_data(frame), zframe_size(frame),
                             &err) != TL_OK)
        die(err.text);
    if (schema == &TL_HELLO) {
        grant(self);
    } else if (schema == &TL_HEARTBEAT) {
        if (message.beat.lane != 0)
            self->slots = message.beat.slots;
        say(self, &TL_ANSWER, &answer);
    } else if (schema == &TL_DONE_MESSAGE) {
        self->told += message.done.ids.count + message.done.again.count;
    }
}

static void
send_tasks(head *self)
{
    static const char key[TL_KEY_BYTES];
    char url[512];
    char name[32];
    tl_error err = {0};

    while (self->sent < self->count && self->sent - self->told < self->slots) {
        uint64_t id = self->sent + 1;
        const char *mark = strstr(self->url, "%d");

        size_t before = mark ? (size_t) (mark - self->url) : strlen(self->url);
        (void) snprintf(url, sizeof url, "%.*s%.0" PRIu64 "%s", (int) before, self->url,
                        mark ? id % FILES + 1 : 0, mark ? mark + 2 : "");
        (void) snprintf(name, sizeof name, "%" PRIu64 ".jpg", id);
        tl_task task = {.id = id,
                        .seq = id,
                        .attempt = 1,
                        .last = true,
                        .url = tl_view(url),
                        .name = tl_view(name),
                        .key = {key, sizeof key}};
        tl_buf_clear(self->frame);
        if (tl_encode(&TL_TASK, &task, self->frame, &err) != TL_OK ||
            !tl_send(self->lane, tl_buf_bytes(self->frame), tl_buf_size(self->frame)))
            return;
        self->sent++;
    }
}

static double
cpu_seconds(pid_t process)
{
    char path[64];
    unsigned long long ticks = 0;

    (void) snprintf(path, sizeof path, "/proc/%d/stat", (int) process);
    FILE *in = fopen(path, "re");
    char line[1024] = {0};
    if (!in || !fgets(line, sizeof line, in))
        return 0;
    (void) fclose(in);
    const char *at = strrchr(line, ')');
    for (int field = 2; at && field < 14; field++)
        at = strchr(at + 1, ' ');
    char *end = NULL;
    ticks = at ? strtoull(at, &end, 10) : 0;
    ticks += end ? strtoull(end, NULL, 10) : 0;
    return (double) ticks / (double) sysconf(_SC_CLK_TCK);
}

static void
play(head *self)
{
    uint64_t refused = 0;
    zpoller_t *poller = zpoller_new(self->control, self->report, NULL);
    int64_t begun = 0;
    double cpu = 0;

    while (self->reported < self->count || self->told < self->count) {
        if (!zpoller_wait(poller, PATIENCE_MS) && zpoller_expired(poller))
            die("the worker says nothing");
        for (zframe_t *frame; (frame = tl_receive(self->report, &refused));) {
            self->reported++;
            zframe_destroy(&frame);
        }
        zframe_t *peer = NULL;
        for (zframe_t *frame; (frame = tl_router_receive(self->control, &peer, &refused));
             zframe_destroy(&frame)) {
            zframe_destroy(&self->peer);
            self->peer = peer;
            on_control(self, frame);
        }
        if (self->sent == 0 && self->slots > 0) {
            begun = tl_now_us();
            cpu = cpu_seconds(self->worker);
        }
        send_tasks(self);
    }
    double took = (double) (tl_now_us() - begun) / 1e6;
    cpu = cpu_seconds(self->worker) - cpu;
    (void) printf(
        "%" PRIu64 " links in %.2f s: %.0f links/s, worker %.1f us CPU a link\n",
        self->count, took, (double) self->count / took, cpu * 1e6 / (double) self->count);
    zpoller_destroy(&poller);
}

int
main(int argc, char **argv)
{
    head self = {.folder = "/tmp/tl-bench-XXXXXX"};
    int status = 0;

    if (argc < 4 || !mkdtemp(self.folder)) {
        (void) fprintf(stderr, "bench_worker_alone COUNT URL WORKER [OPTION...]\n");
        return 2;
    }
    tl_sockets_prepare();
    self.count = strtoull(argv[1], NULL, 10);
    self.url = argv[2];
    self.frame = tl_buf_new(TL_FRAME_BYTES);
    start_worker(&self, argv + 3, argc - 3);
    self.control = bind_at(&self, TL_CONTROL_ROUTER, "control");
    self.lane = bind_at(&self, TL_LANE_PUSH, "lane");
    self.report = bind_at(&self, TL_REPORT_PULL, "report");
    play(&self);
    (void) kill(self.worker, SIGTERM);
    (void) waitpid(self.worker, &status, 0);
    zsock_destroy(&self.control);
    zsock_destroy(&self.lane);
    zsock_destroy(&self.report);
    zframe_destroy(&self.peer);
    tl_buf_destroy(&self.frame);
    (void) printf("files are in %s\n", self.folder);
    return 0;
}
