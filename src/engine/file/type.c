#include "engine/file/file.h"

/* Types by their first bytes: our own words, chosen for what a rule or a policy must tell apart. An earlier row wins. */

struct magic {
    const char *type;
    const char *bytes;
    uint8_t len;
    uint8_t offset;
    bool text; /* ASCII case is ignored, leading blanks and a byte order mark are passed over */
};

#define MAGIC_AT(type, bytes, offset)                 \
    {                                                 \
        type, bytes, sizeof(bytes) - 1, offset, false \
    }
#define MAGIC(type, bytes) MAGIC_AT(type, bytes, 0)
#define TEXT(type, bytes)                       \
    {                                           \
        type, bytes, sizeof(bytes) - 1, 0, true \
    }

static const struct magic magics[] = {
    MAGIC("exe", "MZ"),
    MAGIC("elf", "\x7f"
                 "ELF"),
    MAGIC("macho", "\xfe\xed\xfa\xce"),
    MAGIC("macho", "\xfe\xed\xfa\xcf"),
    MAGIC("macho", "\xce\xfa\xed\xfe"),
    MAGIC("macho", "\xcf\xfa\xed\xfe"),
    MAGIC("ole2", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    MAGIC("lnk",
          "\x4c\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"),
    MAGIC("onenote", "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3"),
    MAGIC("pdf", "%PDF-"),
    MAGIC("rtf", "{\\rt"),
    MAGIC("7z", "7z\xbc\xaf\x27\x1c"),
    MAGIC("rar", "Rar!\x1a\x07"),
    MAGIC("gzip", "\x1f\x8b"),
    MAGIC("bzip2", "BZh"),
    MAGIC("xz", "\xfd"
                "7zXZ\x00"),
    MAGIC("zstd", "\x28\xb5\x2f\xfd"),
    MAGIC("cab", "MSCF"),
    MAGIC("ace", "**ACE**"),
    MAGIC("chm", "ITSF"),
    MAGIC("swf", "FWS"),
    MAGIC("swf", "CWS"),
    MAGIC("swf", "ZWS"),
    MAGIC("dex", "dex\n"),
    MAGIC("tnef", "\x78\x9f\x3e\x22"),
    MAGIC("png", "\x89PNG\r\n\x1a\n"),
    MAGIC("gif", "GIF8"),
    MAGIC("jpeg", "\xff\xd8\xff"),
    MAGIC("bmp", "BM"),
    MAGIC("tiff", "II*\x00"),
    MAGIC("tiff", "MM\x00*"),
    MAGIC("ico", "\x00\x00\x01\x00"),
    MAGIC("ole2", "\x0e\x11\xfc\x0d\xd0\xcf\x11\x0e"),
    MAGIC("postscript", "%!PS"),
    MAGIC("mp3", "ID3"),
    MAGIC("ogg", "OggS"),
    MAGIC("flv", "FLV"),
    MAGIC_AT("mp4", "ftyp", 4),
    MAGIC_AT("webp", "WEBP", 8),
    MAGIC_AT("wav", "WAVE", 8),
    MAGIC_AT("avi", "AVI ", 8),
    MAGIC("deb", "!<arch>\ndebian"),
    MAGIC("rpm", "\xed\xab\xee\xdb"),
    MAGIC("sqlite", "SQLite format 3"),
    MAGIC("script", "#!"),
    TEXT("html", "<!doctype html"),
    TEXT("html", "<html"),
    TEXT("html", "<head"),
    TEXT("html", "<body"),
    TEXT("html", "<script"),
    TEXT("html", "<iframe"),
    TEXT("hta", "<hta:"),
    TEXT("script", "<?php"),
    TEXT("script", "<%@"),
    TEXT("xml", "<?xml"),
    TEXT("svg", "<svg"),
    TEXT("script", "@echo off"),
    TEXT("pem", "-----begin "),
};

/* Names of the first member of an Office document or a Java archive, behind zip's fixed 30 bytes. */
static const struct {
    const char *type;
    const char *member;
} zip_members[] = {
    {"ooxml", "[Content_Types].xml"},
    {"ooxml", "_rels/"},
    {"ooxml", "word/"},
    {"ooxml", "xl/"},
    {"ooxml", "ppt/"},
    {"ooxml", "docProps/"},
    {"odf", "mimetypeapplication/"},
    {"jar", "META-INF/"},
    {"apk", "AndroidManifest.xml"},
    {"apk", "classes.dex"},
    {"xpi", "manifest.json"},
};
#define ZIP_HEAD_BYTES 30

/* ISO 9660 has its mark at 32769, far behind what is kept; its first 32 KiB are zero in what matters (disc images sent by
 * mail), which is told apart from nothing else: so the name decides with it. */
static bool is_iso(const struct file *f)
{
    if (f->head_len < FILE_HEAD_BYTES || !str_eq_nocase(file_extension(f), STR_LIT("iso")))
        return false;
    for (size_t i = 0; i < FILE_HEAD_BYTES; i++)
        if (f->head[i])
            return false;
    return true;
}

static const char *zip_type(struct str head)
{
    struct str member = str_from(head, ZIP_HEAD_BYTES);
    for (size_t i = 0; i < ARRAY_COUNT(zip_members); i++)
        if (str_starts(member, str_c(zip_members[i].member)))
            return zip_members[i].type;
    return "zip";
}

/* Java classes and fat Mach-O files share a mark; a class has a version of at least 45 where the other counts processors. */
static const char *cafebabe_type(struct str head)
{
    if (head.len < 8)
        return "";
    return head.p[6] == 0 && head.p[7] < 40 ? "macho" : "class";
}

static struct str text_start(struct str head)
{
    if (str_starts(head, STR_LIT("\xef\xbb\xbf")))
        head = str_from(head, 3);
    while (head.len && (head.p[0] == ' ' || (head.p[0] >= '\t' && head.p[0] <= '\r')))
        head = str_from(head, 1);
    return head;
}

const char *file_type(const struct file *f)
{
    struct str head = str_of(f->head, f->head_len), text = text_start(head);
    if (str_starts(head, STR_LIT("PK\x03\x04")) || str_starts(head, STR_LIT("PK\x05\x06")))
        return zip_type(head);
    if (str_starts(head, STR_LIT("\xca\xfe\xba\xbe")))
        return cafebabe_type(head);
    for (size_t i = 0; i < ARRAY_COUNT(magics); i++) {
        const struct magic *m = &magics[i];
        struct str mark = str_of(m->bytes, m->len);
        if (m->text ? str_starts_nocase(text, mark) : str_starts(str_from(head, m->offset), mark))
            return m->type;
    }
    return is_iso(f) ? "iso" : "";
}
