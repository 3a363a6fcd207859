#include "engine/app/smtp/mail.h"

/* ---- what MIME tells ---- */

static void on_header(void *owner, const struct mime_part *part, struct str name, struct str value)
{
    struct smtp_mail *mail = owner;
    if (part->depth)
        return;
    for (uint32_t i = 0; i < HEADER_COUNT; i++) {
        const struct smtp_header_row *row = &smtp_headers[i];
        if (!str_eq_nocase(name, str_c(row->name)))
            continue;
        if (row->multi || !(mail->tx->headers_seen >> i & 1))
            texts_add(&mail->tx->texts, mail->af->mem, TEXT_HEADERS + i, value);
        mail->tx->headers_seen |= 1u << i;
        return;
    }
}

static void keep_part(struct smtp_mail *mail)
{
    struct smtp_tx *tx = mail->tx;
    if (tx->part_count >= SMTP_PARTS_MAX)
        return;
    struct smtp_part *part = budget_zalloc(mail->af->mem, sizeof *part), **at = &tx->parts;
    if (!part)
        return;
    while (*at)
        at = &(*at)->next;
    *at = part;
    tx->part_count++;
    mail->part = part;
}

static void on_part_begin(void *owner, const struct mime_part *part)
{
    struct smtp_mail *mail = owner;
    struct smtp_tx *tx = mail->tx;
    if (part->depth == 0 && !tx->headers_done) {
        tx->headers_done = true;
        app_progress(&tx->tx, DIR_TOSERVER, SMTP_CONTENT);
    }
    if (part->filename.len && mail->part_number != part->number + 1) {
        mail->part_number = part->number + 1;
        texts_add(&tx->texts, mail->af->mem, TEXT_ATTACHMENT, part->filename);
    }
    if (part->is_multipart || part->is_message)
        return;
    mail->is_text = part->content_type.len == 0 || str_starts(part->content_type, STR_LIT("text/"));
    if (!part->is_attachment)
        return;
    mail->file = file_open(mail->af->files, mail->af->mem, &tx->tx, DIR_TOSERVER, part->filename);
    keep_part(mail);
}

static void on_body(void *owner, const struct mime_part *part, struct str bytes)
{
    struct smtp_mail *mail = owner;
    struct smtp_tx *tx = mail->tx;
    (void)part;
    if (mail->is_text)
        smtp_url_add(mail, bytes);
    if (mail->file)
        file_add(mail->af->files, &tx->tx, mail->file, bytes);
    if (mail->part)
        body_add(&mail->part->body, &tx->body_conf, mail->af->mem, bytes);
    if (mail->file || mail->part)
        app_progress(&tx->tx, DIR_TOSERVER, SMTP_CONTENT);
}

static void on_part_end(void *owner, const struct mime_part *part)
{
    struct smtp_mail *mail = owner;
    if (part->is_multipart || part->is_message)
        return;
    smtp_url_end(mail);
    mail->is_text = false;
    if (mail->file)
        file_end(mail->af->files, &mail->tx->tx, mail->file,
                 mail->cut ? FILE_TRUNCATED : FILE_CLOSED);
    if (mail->part)
        body_end(&mail->part->body);
    mail->file = NULL;
    mail->part = NULL;
    app_progress(&mail->tx->tx, DIR_TOSERVER, SMTP_CONTENT);
}

static const struct mime_sink sink = {on_header, on_part_begin, on_body, on_part_end};

/* ---- life of a mail ---- */

static void tell_defects(struct smtp_mail *mail)
{
    static const struct {
        uint32_t defect;
        enum smtp_event event;
    } rows[] = {
        {MIME_BAD_BASE64, SMTP_MIME_INVALID_BASE64},
        {MIME_BAD_QUOTED, SMTP_MIME_INVALID_QP},
        {MIME_LONG_LINE, SMTP_MIME_LONG_LINE},
        {MIME_LONG_HEADER_NAME, SMTP_MIME_LONG_HEADER_NAME},
        {MIME_LONG_HEADER_VALUE, SMTP_MIME_LONG_HEADER_VALUE},
        {MIME_TOO_DEEP, SMTP_MIME_PARSE_FAILED},
        {MIME_LONG_BOUNDARY, SMTP_MIME_LONG_BOUNDARY},
        {MIME_LONG_ENCODED_LINE, SMTP_MIME_LONG_ENC_LINE},
        {MIME_LONG_FILENAME, SMTP_MIME_LONG_FILENAME},
        {MIME_NO_MEMORY, SMTP_MIME_PARSE_FAILED},
        {MIME_MALFORMED, SMTP_MIME_MALFORMED},
    };
    uint32_t defects = mime_defects(mail->mime);
    for (size_t i = 0; defects && i < ARRAY_COUNT(rows); i++)
        if (defects & rows[i].defect)
            smtp_tell(mail->af, mail->tx, rows[i].event);
}

void smtp_mail_begin(struct app_flow *af, struct smtp_tx *tx)
{
    tx->has_mail = true;
    tx->body_conf = (struct body_conf){
        .limit_bytes = af->conf->request_body_limit,
        .min_inspect_bytes = af->conf->inline_mode ? 0 : af->conf->body_min_inspect,
        .window_bytes = af->conf->body_window,
    };
    struct smtp_mail *mail = budget_zalloc(af->mem, sizeof *mail);
    if (!mail)
        return;
    mail->mime = mime_new(af->mem, &sink, mail);
    if (!mail->mime) {
        budget_give(af->mem, mail, sizeof *mail);
        return;
    }
    mail->af = af;
    mail->tx = tx;
    mail->url_schemes = smtp_url_schemes(af->conf);
    tx->mail = mail;
}

void smtp_mail_add(struct smtp_tx *tx, struct str bytes)
{
    if (!tx->mail)
        return;
    mime_add(tx->mail->mime, bytes);
    tell_defects(tx->mail);
}

void smtp_mail_gap(struct smtp_tx *tx, uint32_t bytes)
{
    if (!tx->mail)
        return;
    if (tx->mail->file)
        file_gap(tx->mail->file, bytes);
    if (tx->mail->part)
        body_gap(&tx->mail->part->body, bytes);
}

void smtp_mail_end(struct smtp_tx *tx, bool cut)
{
    struct smtp_mail *mail = tx->mail;
    tx->mail_done = tx->mail_done || !cut;
    if (!mail)
        return;
    mail->cut = cut;
    mime_end(mail->mime);
    tell_defects(mail);
    struct budget *mem = mail->af->mem;
    mime_free(mail->mime, mem);
    budget_give(mem, mail, sizeof *mail);
    tx->mail = NULL;
}

void smtp_tx_inspected(struct app_flow *af, struct tx *tx, enum dir dir)
{
    struct smtp_tx *smtp = smtp_tx_of(tx);
    (void)af;
    if (dir != DIR_TOSERVER)
        return;
    for (struct smtp_part *part = smtp->parts; part; part = part->next)
        body_inspected(&part->body, &smtp->body_conf);
}

/* The transaction's files are given back already when this is asked: a mail in work is dropped, not ended. */
void smtp_tx_fini(struct app_flow *af, struct tx *tx)
{
    struct smtp_tx *smtp = smtp_tx_of(tx);
    struct smtp_state *st = af->state;
    if (st && st->tx == smtp)
        st->tx = NULL;
    if (smtp->mail) {
        mime_free(smtp->mail->mime, af->mem);
        budget_give(af->mem, smtp->mail, sizeof *smtp->mail);
    }
    for (struct smtp_part *part = smtp->parts, *next; part; part = next) {
        next = part->next;
        body_fini(&part->body, af->mem);
        budget_give(af->mem, part, sizeof *part);
    }
    texts_fini(&smtp->texts, af->mem);
}
