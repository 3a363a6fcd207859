#include "engine/app/mail/work.h"

const struct mail_header_row mail_headers[HEADER_COUNT] = {
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
