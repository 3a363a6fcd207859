/* Who logs on: NTLMSSP by itself or inside SPNEGO (RFC 4178), or a Kerberos ticket inside it (RFC 4121). */
#include "engine/app/smb/share.h"
#include "engine/format/ber/ber.h"

/* AP-REQ ::= [APPLICATION 14] SEQUENCE { pvno [0], msg-type [1], ap-options [2], ticket [3] Ticket, ... }; Ticket ::=
 * [APPLICATION 1] SEQUENCE { tkt-vno [0], realm [1], sname [2] SEQUENCE { name-type [0], name-string [1] SEQUENCE OF }, ... } */
static bool read_ticket(struct reader *r, struct str *realm, struct reader *names)
{
    struct reader request, inside, field, outer, ticket, name, list;
    struct str skipped;
    return ber_enter(r, BER_APPLICATION_OF(14), &request) &&
           ber_enter(&request, BER_SEQUENCE, &inside) &&
           ber_expect(&inside, BER_CONTEXT_OF(0), &skipped) &&
           ber_expect(&inside, BER_CONTEXT_OF(1), &skipped) &&
           ber_expect(&inside, BER_CONTEXT_OF(2), &skipped) &&
           ber_enter(&inside, BER_CONTEXT_OF(3), &field) &&
           ber_enter(&field, BER_APPLICATION_OF(1), &outer) &&
           ber_enter(&outer, BER_SEQUENCE, &ticket) &&
           ber_expect(&ticket, BER_CONTEXT_OF(0), &skipped) &&
           ber_enter(&ticket, BER_CONTEXT_OF(1), &field) &&
           ber_expect(&field, BER_GENERAL, realm) &&
           ber_enter(&ticket, BER_CONTEXT_OF(2), &field) &&
           ber_enter(&field, BER_SEQUENCE, &name) &&
           ber_expect(&name, BER_CONTEXT_OF(0), &skipped) &&
           ber_enter(&name, BER_CONTEXT_OF(1), &list) && ber_enter(&list, BER_SEQUENCE, names);
}

/* The mechanism's own token: its OID (1.2.840.113554.1.2.2) and 01 00 in front of the request. */
static void take_kerberos(const struct smb_message *m, struct smb_tx *smb, struct str blob)
{
    static const uint8_t mark[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2, 1, 0};
    ptrdiff_t at = str_find(blob, 0, str_of(mark, sizeof mark));
    uint8_t text[SMB_TEXT_MAX];
    struct buf b = buf_fixed(text, sizeof text);
    struct reader names;
    struct str realm;
    struct ber name;
    if (at < 0)
        return;
    struct reader r = reader_of(str_from(blob, (size_t)at + sizeof mark));
    if (!read_ticket(&r, &realm, &names))
        return;
    smb->has_kerberos = true;
    smb_word(m->af, smb, SMB_REALM, realm);
    for (int i = 0; i < 8 && reader_left(&names) && ber_next(&names, &name); i++) {
        if (i)
            buf_add_byte(&b, 0);
        buf_add(&b, name.body);
    }
    smb_word(m->af, smb, SMB_SNAMES, buf_str(&b));
}

void smb_logon(const struct smb_message *m, struct smb_tx *smb, struct str blob)
{
    struct ntlm ntlm;
    if (!ntlm_find(blob, &ntlm)) {
        take_kerberos(m, smb, blob);
        return;
    }
    if (ntlm.damaged)
        smb_event(m, smb, SMB_MALFORMED_NTLMSSP_REQUEST);
    if (ntlm.type == NTLM_CHALLENGE)
        smb_event(m, smb, SMB_UNUSUAL_NTLMSSP_ORDER);
    if (ntlm.type != NTLM_AUTHENTICATE || ntlm.damaged)
        return;
    smb->has_ntlm = true;
    smb->ntlm = ntlm;
    smb_word_wide(m->af, smb, SMB_DOMAIN, ntlm.domain, ntlm.wide);
    smb_word_wide(m->af, smb, SMB_USER, ntlm.user, ntlm.wide);
    smb_word_wide(m->af, smb, SMB_HOST, ntlm.host, ntlm.wide);
    smb->ntlm.domain = smb->ntlm.user = smb->ntlm.host = STR_EMPTY;
}

/* The server's part is a challenge. */
void smb_logon_answered(const struct smb_message *m, struct smb_tx *smb, struct str blob)
{
    struct ntlm ntlm;
    if (!ntlm_find(blob, &ntlm))
        return;
    if (ntlm.damaged)
        smb_event(m, smb, SMB_MALFORMED_NTLMSSP_RESPONSE);
    if (ntlm.type != NTLM_CHALLENGE)
        smb_event(m, smb, SMB_UNUSUAL_NTLMSSP_ORDER);
}
