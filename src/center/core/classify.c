/* What an event is: its kind, from the gateway's own word, the rule's message ("ET CATEGORY ...") and its class.
 *
 * The categories are those of ET Open and of classification.config; anything unknown is KIND_OTHER, which wakes nobody.
 */
#include "base/clock.h"
#include "center/core/inner.h"

/* The same rule family means different things by the way its bytes move: what comes in is a virus on its way, what goes
 * out is an infected machine calling home. */
struct meaning {
    const char *word;
    enum kind outside_in; /* also when the direction is not known */
    enum kind inside_out;
};

/* Parts of the message that say more than its category; asked first. */
static const struct meaning by_part[] = {
    {"EICAR", KIND_VIRUS, KIND_VIRUS},
    {"CnC", KIND_C2, KIND_C2},
    {"Gh0st", KIND_C2, KIND_C2},
    {"C2 ", KIND_C2, KIND_C2},
    {"Brute Force", KIND_CREDENTIAL, KIND_CREDENTIAL},
    {"Port Scan", KIND_SCAN, KIND_SCAN},
};

/* The word after "ET ", "ETPRO ", "GPL ", "OTASUKE ". */
static const struct meaning by_category[] = {
    {"MALWARE", KIND_VIRUS, KIND_C2},
    {"TROJAN", KIND_VIRUS, KIND_C2},
    {"MOBILE_MALWARE", KIND_VIRUS, KIND_C2},
    {"WORM", KIND_VIRUS, KIND_LATERAL},
    {"VIRUS", KIND_VIRUS, KIND_VIRUS},
    {"COINMINER", KIND_COINMINER, KIND_COINMINER},
    {"ATTACK_RESPONSE", KIND_EXPLOIT, KIND_EXPLOIT},
    {"EXPLOIT", KIND_EXPLOIT, KIND_EXPLOIT},
    {"EXPLOIT_KIT", KIND_EXPLOIT, KIND_BAD_SITE},
    {"CURRENT_EVENTS", KIND_EXPLOIT, KIND_BAD_SITE},
    {"WEB_SERVER", KIND_EXPLOIT, KIND_EXPLOIT},
    {"WEB_CLIENT", KIND_EXPLOIT, KIND_EXPLOIT},
    {"WEB_SPECIFIC_APPS", KIND_EXPLOIT, KIND_EXPLOIT},
    {"ACTIVEX", KIND_EXPLOIT, KIND_EXPLOIT},
    {"SHELLCODE", KIND_EXPLOIT, KIND_EXPLOIT},
    {"SQL", KIND_EXPLOIT, KIND_EXPLOIT},
    {"FTP", KIND_EXPLOIT, KIND_EXPLOIT},
    {"IMAP", KIND_EXPLOIT, KIND_EXPLOIT},
    {"POP3", KIND_EXPLOIT, KIND_EXPLOIT},
    {"SMTP", KIND_EXPLOIT, KIND_EXPLOIT},
    {"RPC", KIND_EXPLOIT, KIND_EXPLOIT},
    {"NETBIOS", KIND_EXPLOIT, KIND_LATERAL},
    {"SNMP", KIND_SCAN, KIND_WEAK_POINT},
    {"TELNET", KIND_CREDENTIAL, KIND_WEAK_POINT},
    {"SCADA", KIND_EXPLOIT, KIND_EXPLOIT},
    {"VOIP", KIND_SCAN, KIND_SCAN},
    {"PHISHING", KIND_PHISHING, KIND_PHISHING},
    {"SCAN", KIND_SCAN, KIND_SCAN},
    {"DOS", KIND_DOS, KIND_DOS},
    {"CINS", KIND_SCAN, KIND_BAD_SITE},
    {"DROP", KIND_SCAN, KIND_BAD_SITE},
    {"COMPROMISED", KIND_SCAN, KIND_BAD_SITE},
    {"DSHIELD", KIND_SCAN, KIND_BAD_SITE},
    {"THREATVIEW_CS_C2", KIND_SCAN, KIND_C2},
    {"BLOCKLIST", KIND_SCAN, KIND_BAD_SITE},
    {"POLICY", KIND_POLICY, KIND_POLICY},
    {"CHAT", KIND_POLICY, KIND_POLICY},
    {"GAMES", KIND_POLICY, KIND_POLICY},
    {"INAPPROPRIATE", KIND_POLICY, KIND_POLICY},
    {"P2P", KIND_APP, KIND_APP},
    {"TOR", KIND_SCAN, KIND_APP},
    {"REMOTE_ACCESS", KIND_APP, KIND_APP},
    {"FILE_SHARING", KIND_APP, KIND_APP},
    {"ADWARE_PUP", KIND_APP, KIND_APP},
    {"HUNTING", KIND_OTHER, KIND_OTHER},
    {"INFO", KIND_OTHER, KIND_OTHER},
    {"USER_AGENTS", KIND_OTHER, KIND_OTHER},
    {"DYN_DNS", KIND_OTHER, KIND_OTHER},
    {"DNS", KIND_OTHER, KIND_OTHER},
    {"ICMP", KIND_OTHER, KIND_OTHER},
    {"ICMP_INFO", KIND_OTHER, KIND_OTHER},
    {"JA3", KIND_OTHER, KIND_OTHER},
    {"MISC", KIND_OTHER, KIND_OTHER},
    {"DELETED", KIND_OTHER, KIND_OTHER},
};

/* alert.category is the description of the rule's classtype. For rules that are not of ET. */
static const struct meaning by_class[] = {
    {"A Network Trojan was detected", KIND_VIRUS, KIND_C2},
    {"Malware Command and Control Activity Detected", KIND_C2, KIND_C2},
    {"Domain Observed Used for C2 Detected", KIND_C2, KIND_C2},
    {"Targeted Malicious Activity was Detected", KIND_EXPLOIT, KIND_C2},
    {"Crypto Currency Mining Activity Detected", KIND_COINMINER, KIND_COINMINER},
    {"Possible Social Engineering Attempted", KIND_PHISHING, KIND_PHISHING},
    {"Successful Credential Theft Detected", KIND_CREDENTIAL, KIND_PHISHING},
    {"An attempted login using a suspicious username was detected", KIND_CREDENTIAL,
     KIND_CREDENTIAL},
    {"Attempt to login by a default username and password", KIND_CREDENTIAL, KIND_CREDENTIAL},
    {"Attempted Administrator Privilege Gain", KIND_EXPLOIT, KIND_EXPLOIT},
    {"Attempted User Privilege Gain", KIND_EXPLOIT, KIND_EXPLOIT},
    {"Successful Administrator Privilege Gain", KIND_EXPLOIT, KIND_EXPLOIT},
    {"Successful User Privilege Gain", KIND_EXPLOIT, KIND_EXPLOIT},
    {"Web Application Attack", KIND_EXPLOIT, KIND_EXPLOIT},
    {"access to a potentially vulnerable web application", KIND_EXPLOIT, KIND_EXPLOIT},
    {"Executable code was detected", KIND_EXPLOIT, KIND_EXPLOIT},
    {"Exploit Kit Activity Detected", KIND_EXPLOIT, KIND_BAD_SITE},
    {"A suspicious filename was detected", KIND_VIRUS, KIND_VIRUS},
    {"Attempted Information Leak", KIND_SCAN, KIND_SCAN},
    {"Detection of a Network Scan", KIND_SCAN, KIND_SCAN},
    {"Attempted Denial of Service", KIND_DOS, KIND_DOS},
    {"Denial of Service", KIND_DOS, KIND_DOS},
    {"Detection of a Denial of Service Attack", KIND_DOS, KIND_DOS},
    {"Potential Corporate Privacy Violation", KIND_POLICY, KIND_POLICY},
    {"Inappropriate Content was Detected", KIND_POLICY, KIND_POLICY},
    {"Possibly Unwanted Program Detected", KIND_APP, KIND_APP},
    {"Large Scale Information Leak", KIND_CREDENTIAL, KIND_CREDENTIAL},
};

static enum kind pick(const struct meaning *m, enum direction direction)
{
    return direction == DIRECTION_INSIDE_OUT ? m->inside_out : m->outside_in;
}

/* The category word of "ET MALWARE ...", or the empty str. */
static struct str category_of(struct str message)
{
    static const char *const makers[] = {"ET ", "ETPRO ", "GPL ", "OTASUKE "};
    for (size_t i = 0; i < ARRAY_COUNT(makers); i++) {
        struct str maker = str_c(makers[i]);
        if (str_starts(message, maker)) {
            struct str rest = str_from(message, maker.len);
            return str_split(&rest, ' ');
        }
    }
    return STR_EMPTY;
}

static enum kind kind_of(const struct alert *a, const char *said)
{
    struct str message = str_c(a->signature);
    struct str category = category_of(message);
    int own = said ? word_find(WORDS_KIND, str_c(said)) : -1;
    if (own >= 0 && own != KIND_GATEWAY_SILENT && own != KIND_FAIL_OPEN &&
        own != KIND_DEVICE_ISOLATED)
        return own;
    bool quiet = str_eq(category, STR_LIT("HUNTING")) || str_eq(category, STR_LIT("INFO"));
    for (size_t i = 0; i < ARRAY_COUNT(by_part) && !quiet; i++)
        if (str_find(message, 0, str_c(by_part[i].word)) >= 0)
            return pick(&by_part[i], a->direction);
    for (size_t i = 0; i < ARRAY_COUNT(by_category); i++)
        if (str_eq(category, str_c(by_category[i].word)))
            return pick(&by_category[i], a->direction);
    for (size_t i = 0; i < ARRAY_COUNT(by_class); i++)
        if (a->category && str_eq_nocase(str_c(a->category), str_c(by_class[i].word)))
            return pick(&by_class[i], a->direction);
    return KIND_OTHER;
}

static enum verdict verdict_of(const struct tree *event)
{
    static const struct {
        const char *word;
        enum verdict verdict;
    } words[] = {
        {"alert", VERDICT_DETECTED},   {"pass", VERDICT_DETECTED},   {"allowed", VERDICT_DETECTED},
        {"drop", VERDICT_BLOCKED},     {"dropped", VERDICT_BLOCKED}, {"reject", VERDICT_BLOCKED},
        {"rejected", VERDICT_BLOCKED}, {"blocked", VERDICT_BLOCKED}, {"isolated", VERDICT_ISOLATED},
    };
    static const char *const places[] = {"otasuke.verdict", "verdict.action", "alert.action"};
    for (size_t p = 0; p < ARRAY_COUNT(places); p++) {
        const char *said = tree_text(event, places[p]);
        for (size_t i = 0; said && i < ARRAY_COUNT(words); i++)
            if (strcmp(said, words[i].word) == 0)
                return words[i].verdict;
    }
    return VERDICT_NONE;
}

/* Does a list of metadata hold the word? ET writes {"confidence":["Low"]}. */
static bool metadata_says(const struct tree *event, const char *name, const char *word)
{
    const struct tree *list = tree_get(tree_get(event, "alert.metadata"), name);
    for (size_t i = 0; i < tree_count(list, NULL); i++) {
        const char *said = tree_text(tree_at(list, i), NULL);
        if (said && strcmp(said, word) == 0)
            return true;
    }
    return false;
}

static const char *host_of(const struct tree *event)
{
    static const char *const places[] = {"http.hostname", "tls.sni", "dns.rrname",
                                         "dns.query.rrname"};
    for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
        const char *host = tree_text(event, places[i]);
        if (host)
            return host;
    }
    return tree_text(tree_at(tree_get(event, "dns.queries"), 0), "rrname");
}

static int word_or(const struct tree *event, const char *path, enum vocabulary words)
{
    const char *said = tree_text(event, path);
    int value = said ? word_find(words, str_c(said)) : 0;
    return value < 0 ? 0 : value;
}

bool alert_read(const struct tree *event, struct alert *out)
{
    const char *stamp = tree_text(event, "timestamp");
    *out = (struct alert){
        .type = tree_text(event, "event_type"),
        .event = event,
        .verdict = verdict_of(event),
        .opened_by = word_or(event, "otasuke.opened_by", WORDS_OPENED_BY),
        .direction = word_or(event, "otasuke.threat_direction", WORDS_DIRECTION),
        .severity = (int)tree_int(event, "alert.severity", 0),
        .signature = tree_text(event, "alert.signature"),
        .category = tree_text(event, "alert.category"),
        .gid = tree_int(event, "alert.gid", 1),
        .sid = tree_int(event, "alert.signature_id", 0),
        .rev = tree_int(event, "alert.rev", 0),
        .src_ip = tree_text(event, "src_ip"),
        .dest_ip = tree_text(event, "dest_ip"),
        .proto = tree_text(event, "proto"),
        .app_proto = tree_text(event, "app_proto"),
        .host = host_of(event),
        .src_port = tree_int(event, "src_port", -1),
        .dest_port = tree_int(event, "dest_port", -1),
        .flow_id = tree_int(event, "flow_id", 0),
    };
    if (!out->type)
        return false;
    if (stamp && !clock_parse(str_c(stamp), &out->at_us))
        out->at_us = 0;
    out->kind = kind_of(out, tree_text(event, "otasuke.kind"));
    out->informational =
        out->kind == KIND_OTHER || metadata_says(event, "signature_severity", "Informational");
    out->doubtful = metadata_says(event, "confidence", "Low");
    return true;
}

bool alert_is_cause(const struct alert *a)
{
    return strcmp(a->type, "alert") == 0 && tree_type(a->event, "alert") == TREE_OBJECT;
}
