#include "engine/app/smtp/mail.h"

const struct smtp_header_row smtp_headers[HEADER_COUNT] = {
    [HEADER_FROM] = {"From", "from", false},
    [HEADER_TO] = {"To", "to", false},
    [HEADER_CC] = {"Cc", "cc", false},
    [HEADER_SUBJECT] = {"Subject", "subject", false},
    [HEADER_DATE] = {"Date", "date", false},
    [HEADER_MESSAGE_ID] = {"Message-ID", "message_id", false},
    [HEADER_X_MAILER] = {"X-Mailer", "x_mailer", false},
    [HEADER_RECEIVED] = {"Received", "received", true},
    [HEADER_REPLY_TO] = {"Reply-To", "reply_to", false},
    [HEADER_BCC] = {"Bcc", "bcc", false},
    [HEADER_USER_AGENT] = {"User-Agent", "user_agent", false},
    [HEADER_X_ORIGINATING_IP] = {"X-Originating-IP", "x_originating_ip", false},
    [HEADER_IN_REPLY_TO] = {"In-Reply-To", "in_reply_to", false},
    [HEADER_REFERENCES] = {"References", "references", false},
    [HEADER_IMPORTANCE] = {"Importance", "importance", false},
    [HEADER_PRIORITY] = {"Priority", "priority", false},
    [HEADER_SENSITIVITY] = {"Sensitivity", "sensitivity", false},
    [HEADER_ORGANIZATION] = {"Organization", "organization", false},
};

/* Doubles a block until `need` fits; false when there is no room. */
static bool grow(void **block, uint32_t *cap_bytes, uint32_t need, struct budget *mem)
{
    uint32_t cap = *cap_bytes ? *cap_bytes : 256;
    while (cap < need)
        cap *= 2;
    if (cap == *cap_bytes)
        return true;
    void *moved = budget_resize(mem, *block, *cap_bytes, cap);
    if (!moved)
        return false;
    *block = moved;
    *cap_bytes = cap;
    return true;
}

void smtp_text_add(struct smtp_texts *t, struct budget *mem, uint32_t kind, struct str text)
{
    if (t->count >= SMTP_TEXTS_MAX || text.len > SMTP_TEXT_BYTES_MAX - t->len)
        return;
    void *bytes = t->bytes, *items = t->items;
    bool room = grow(&bytes, &t->cap, t->len + (uint32_t)text.len, mem);
    t->bytes = bytes;
    room = room && grow(&items, &t->items_cap, (t->count + 1) * (uint32_t)sizeof *t->items, mem);
    t->items = items;
    if (!room)
        return;
    if (text.len)
        memcpy(t->bytes + t->len, text.p, text.len);
    t->items[t->count++] = (struct smtp_item){t->len, (uint32_t)text.len, kind};
    t->len += (uint32_t)text.len;
}

bool smtp_text_get(const struct smtp_texts *t, uint32_t kind, uint32_t index, struct str *out)
{
    for (uint32_t i = 0; i < t->count; i++)
        if (t->items[i].kind == kind && index-- == 0) {
            *out = str_of(t->bytes + t->items[i].at, t->items[i].len);
            return true;
        }
    return false;
}

void smtp_texts_fini(struct smtp_texts *t, struct budget *mem)
{
    budget_give(mem, t->bytes, t->cap);
    budget_give(mem, t->items, t->items_cap);
    *t = (struct smtp_texts){0};
}
