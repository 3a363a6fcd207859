#include "engine/app/ftp/message.h"

#define PLAIN(word)                      \
    {                                    \
        word, FTP_NOTHING, FTP_DATA_NONE \
    }

/* flat table: RFC 959 section 5.3.1, RFC 1123, 2389, 2428, 3659, 4217, and older ones that servers still know. */
static const struct ftp_command commands[] = {
    {"PORT", FTP_PORT, FTP_DATA_NONE},
    {"EPRT", FTP_EPRT, FTP_DATA_NONE},
    {"PASV", FTP_PASV, FTP_DATA_NONE},
    {"EPSV", FTP_EPSV, FTP_DATA_NONE},
    {"AUTH TLS", FTP_AUTH_TLS, FTP_DATA_NONE},
    {"RETR", FTP_DATA, FTP_DATA_RETR},
    {"STOR", FTP_DATA, FTP_DATA_STOR},
    {"APPE", FTP_DATA, FTP_DATA_APPE},
    {"STOU", FTP_DATA, FTP_DATA_STOU},
    {"LIST", FTP_DATA, FTP_DATA_LIST},
    {"NLST", FTP_DATA, FTP_DATA_NLST},
    PLAIN("ABOR"),
    PLAIN("ACCT"),
    PLAIN("ALLO"),
    PLAIN("CDUP"),
    PLAIN("CHMOD"),
    PLAIN("CWD"),
    PLAIN("DELE"),
    PLAIN("HELP"),
    PLAIN("IDLE"),
    PLAIN("MAIL"),
    PLAIN("MDTM"),
    PLAIN("MKD"),
    PLAIN("MLFL"),
    PLAIN("MODE"),
    PLAIN("MRCP"),
    PLAIN("MRSQ"),
    PLAIN("MSAM"),
    PLAIN("MSND"),
    PLAIN("MSOM"),
    PLAIN("NOOP"),
    PLAIN("PASS"),
    PLAIN("PWD"),
    PLAIN("QUIT"),
    PLAIN("REIN"),
    PLAIN("REST"),
    PLAIN("RMD"),
    PLAIN("RNFR"),
    PLAIN("RNTO"),
    PLAIN("SITE"),
    PLAIN("SIZE"),
    PLAIN("SMNT"),
    PLAIN("STAT"),
    PLAIN("STRU"),
    PLAIN("SYST"),
    PLAIN("TYPE"),
    PLAIN("UMASK"),
    PLAIN("USER"),
};

const struct ftp_command *ftp_command_find(struct str line)
{
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
        if (str_starts_nocase(line, str_c(commands[i].name)))
            return &commands[i];
    return NULL;
}

/* A decimal number up to max at *at; *at moves behind it. */
static bool read_number(struct str text, size_t *at, uint32_t max, uint32_t *out)
{
    size_t begin = *at;
    uint32_t number = 0;
    for (; *at < text.len && text.p[*at] >= '0' && text.p[*at] <= '9'; (*at)++) {
        number = number * 10 + (uint32_t)(text.p[*at] - '0');
        if (number > max)
            return false;
    }
    *out = number;
    return *at > begin;
}

static bool read_six(struct str text, size_t at, struct ip *ip, uint16_t *port)
{
    uint32_t part[6];
    for (int i = 0; i < 6; i++) {
        if (i && (at >= text.len || text.p[at++] != ','))
            return false;
        if (!read_number(text, &at, 255, &part[i]))
            return false;
    }
    *ip = (struct ip){4, {(uint8_t)part[0], (uint8_t)part[1], (uint8_t)part[2], (uint8_t)part[3]}};
    *port = (uint16_t)(part[4] << 8 | part[5]);
    return true;
}

#define WORDS_BEFORE_MAX 256 /* of a reply, before its numbers */

bool ftp_read_host_port(struct str text, struct ip *ip, uint16_t *port)
{
    bool in_number = false;
    for (size_t at = 0; at < text.len && at < WORDS_BEFORE_MAX; at++) {
        bool digit = text.p[at] >= '0' && text.p[at] <= '9';
        if (digit && !in_number && read_six(text, at, ip, port))
            return true;
        in_number = digit;
    }
    return false;
}

bool ftp_read_extended(struct str text, struct ip *ip, uint16_t *port)
{
    ptrdiff_t begin = str_find_byte(text, 0, '|');
    struct str rest = begin < 0 ? STR_EMPTY : str_from(text, (size_t)begin + 1);
    uint64_t number;
    *ip = (struct ip){0};
    (void)str_split(&rest, '|');
    struct str address = str_split(&rest, '|'), digits = str_split(&rest, '|');
    if (!str_to_u64(digits, &number) || number == 0 || number > UINT16_MAX)
        return false;
    *port = (uint16_t)number;
    return address.len == 0 || ip_parse(address, ip);
}
