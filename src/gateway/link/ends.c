/* The other ends of link's descriptors, for guard and for whoever has events. */
#include "gateway/link/link.h"

#include "base/json.h"

#include <errno.h>
#include <sys/socket.h>

#define MESSAGE_BYTES_MAX (LINK_POLICY_BYTES_MAX + 1024u)

bool link_event_send(int event_fd, struct str json)
{
    return json.len > 0 &&
           send(event_fd, json.p, json.len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)json.len;
}

bool link_health_send(int control_fd, const struct link_health *health)
{
    struct buf text;
    struct json j;
    buf_init(&text, 0);
    buf_add_c(&text, "health ");
    json_init(&j, &text);
    json_object(&j, NULL);
    json_bytes(&j, "capture", str_c(health->capture));
    json_bool(&j, "fail_open", health->fail_open);
    json_object(&j, "counters");
    for (size_t i = 0; i < health->counter_count && i < LINK_COUNTERS_MAX; i++)
        json_uint(&j, health->counters[i].name, health->counters[i].value);
    json_end_object(&j);
    json_end_object(&j);
    bool sent = !text.failed && link_event_send(control_fd, buf_str(&text));
    buf_fini(&text);
    return sent;
}

static enum link_control read_message(struct str message, struct link_policy *policy,
                                      struct buf *status)
{
    struct str word = str_split(&message, ' ');
    if (str_eq(word, STR_LIT("policy")) && link_policy_read(message, policy))
        return LINK_CONTROL_POLICY;
    if (!str_eq(word, STR_LIT("status")))
        return LINK_CONTROL_OTHER;
    buf_reset(status);
    buf_add(status, message);
    return LINK_CONTROL_STATUS;
}

enum link_control link_control_take(int control_fd, struct link_policy *policy, struct buf *status)
{
    struct buf message;
    enum link_control result;
    buf_init(&message, 0);
    if (!buf_reserve(&message, MESSAGE_BYTES_MAX))
        return LINK_CONTROL_NOTHING; /* it waits until there is memory */
    ssize_t n = recv(control_fd, message.p, MESSAGE_BYTES_MAX, MSG_DONTWAIT);
    if (n < 0)
        result = errno == EAGAIN || errno == EINTR ? LINK_CONTROL_NOTHING : LINK_CONTROL_GONE;
    else if (n == 0)
        result = LINK_CONTROL_GONE;
    else
        result = read_message(str_of(message.p, (size_t)n), policy, status);
    buf_fini(&message);
    return result;
}
