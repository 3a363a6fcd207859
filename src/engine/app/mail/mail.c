#include "engine/app/mail/mail.h"

#include "engine/app/mail/work.h"

/* ---- what MIME tells ---- */

static void on_header(void *owner, const struct mime_part *part, struct str name, struct str value)
{
    struct mail_work *work = owner;
    struct mail *mail = &work->tx->mail;
    if (part->depth)
        return;
    for (uint32_t i = 0; i < HEADER_COUNT; i++) {
        const struct mail_header_row *row = &mail_headers[i];
        if (!str_eq_nocase(name, str_c(row->name)))
            continue;
        if (row->multi || !(mail->headers_seen >> i & 1))
            texts_add(&mail->texts, work->af->mem, MAIL_TEXT_HEADERS + i, value);
        mail->headers_seen |= 1u << i;
        return;
    }
}

static void keep_part(struct mail_work *work)
{
    struct mail *mail = &work->tx->mail;
    if (mail->part_count >= MAIL_PARTS_MAX)
        return;
    struct mail_part *part = budget_zalloc(work->af->mem, sizeof *part), **at = &mail->parts;
    if (!part)
        return;
    while (*at)
        at = &(*at)->next;
    *at = part;
    mail->part_count++;
    work->part = part;
}

/* Something new is there for rules. */
static void tell(struct mail_work *work)
{
    app_progress(&work->tx->tx, work->tx->mail.dir, work->tx->mail.progress);
}

static void on_part_begin(void *owner, const struct mime_part *part)
{
    struct mail_work *work = owner;
    struct mail *mail = &work->tx->mail;
    if (part->depth == 0 && !mail->headers_done) {
        mail->headers_done = true;
        tell(work);
    }
    if (part->filename.len && work->part_number != part->number + 1) {
        work->part_number = part->number + 1;
        texts_add(&mail->texts, work->af->mem, MAIL_TEXT_ATTACHMENT, part->filename);
    }
    if (part->is_multipart || part->is_message)
        return;
    work->is_text = part->content_type.len == 0 || str_starts(part->content_type, STR_LIT("text/"));
    if (!part->is_attachment)
        return;
    work->file =
        file_open(work->af->files, work->af->mem, &work->tx->tx, mail->dir, part->filename);
    keep_part(work);
}

static void on_body(void *owner, const struct mime_part *part, struct str bytes)
{
    struct mail_work *work = owner;
    (void)part;
    if (work->is_text)
        mail_url_add(work, bytes);
    if (work->file)
        file_add(work->af->files, &work->tx->tx, work->file, bytes);
    if (work->part)
        body_add(&work->part->body, &work->tx->mail.body_conf, work->af->mem, bytes);
    if (work->file || work->part)
        tell(work);
}

static void on_part_end(void *owner, const struct mime_part *part)
{
    struct mail_work *work = owner;
    if (part->is_multipart || part->is_message)
        return;
    mail_url_end(work);
    work->is_text = false;
    if (work->file)
        file_end(work->af->files, &work->tx->tx, work->file,
                 work->cut ? FILE_TRUNCATED : FILE_CLOSED);
    if (work->part)
        body_end(&work->part->body);
    work->file = NULL;
    work->part = NULL;
    tell(work);
}

static const struct mime_sink sink = {on_header, on_part_begin, on_body, on_part_end};

/* ---- life of a mail ---- */

static struct body_conf body_conf_of(const struct app_conf *conf, enum dir dir)
{
    struct body_conf client = {
        .limit_bytes = conf->request_body_limit,
        .min_inspect_bytes = conf->inline_mode ? 0 : conf->body_min_inspect,
        .window_bytes = conf->body_window,
    };
    struct body_conf server = {
        .limit_bytes = conf->response_body_limit,
        .min_inspect_bytes = conf->inline_mode ? 0 : conf->response_min_inspect,
        .window_bytes = conf->response_window,
    };
    return dir == DIR_TOSERVER ? client : server;
}

void mail_begin(struct app_flow *af, struct mail_tx *tx, enum dir dir, uint8_t progress)
{
    struct mail *mail = &tx->mail;
    mail->begun = true;
    mail->dir = dir;
    mail->progress = progress;
    mail->body_conf = body_conf_of(af->conf, dir);
    struct mail_work *work = budget_zalloc(af->mem, sizeof *work);
    if (!work)
        return;
    work->mime = mime_new(af->mem, &sink, work);
    if (!work->mime) {
        budget_give(af->mem, work, sizeof *work);
        return;
    }
    work->af = af;
    work->tx = tx;
    work->url_schemes = mail_url_schemes(af->conf);
    mail->work = work;
}

uint32_t mail_add(struct mail_tx *tx, struct str bytes)
{
    struct mail_work *work = tx->mail.work;
    if (!work)
        return 0;
    mime_add(work->mime, bytes);
    return mime_defects(work->mime);
}

void mail_gap(struct mail_tx *tx, uint32_t bytes)
{
    struct mail_work *work = tx->mail.work;
    if (!work)
        return;
    if (work->file)
        file_gap(work->file, bytes);
    if (work->part)
        body_gap(&work->part->body, bytes);
}

/* A mail that is given up or has come to its end: its reader's memory. */
static void drop_work(struct app_flow *af, struct mail *mail)
{
    mime_free(mail->work->mime, af->mem);
    budget_give(af->mem, mail->work, sizeof *mail->work);
    mail->work = NULL;
}

uint32_t mail_end(struct mail_tx *tx, bool cut)
{
    struct mail_work *work = tx->mail.work;
    tx->mail.ended = tx->mail.ended || !cut;
    if (!work)
        return 0;
    work->cut = cut;
    mime_end(work->mime);
    uint32_t defects = mime_defects(work->mime);
    drop_work(work->af, &tx->mail);
    return defects;
}

void mail_inspected(struct app_flow *af, struct tx *tx, enum dir dir)
{
    struct mail *mail = &((struct mail_tx *)tx)->mail;
    (void)af;
    if (dir != mail->dir)
        return;
    for (struct mail_part *part = mail->parts; part; part = part->next)
        body_inspected(&part->body, &mail->body_conf);
}

void mail_fini(struct app_flow *af, struct mail_tx *tx)
{
    struct mail *mail = &tx->mail;
    if (mail->work)
        drop_work(af, mail);
    for (struct mail_part *part = mail->parts, *next; part; part = next) {
        next = part->next;
        body_fini(&part->body, af->mem);
        budget_give(af->mem, part, sizeof *part);
    }
    mail->parts = NULL;
    texts_fini(&mail->texts, af->mem);
}
