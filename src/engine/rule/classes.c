/* The classes of attacks that rule sets name, with the words and priorities that are customary for them. */
#include "engine/rule/rule.h"

#define CLASS(name, text, priority) "config classification: " name "," text "," #priority "\n"

const char rule_default_classifications[] = CLASS(
    "not-suspicious", "Not Suspicious Traffic",
    3) CLASS("unknown", "Unknown Traffic",
             3) CLASS("bad-unknown", "Potentially Bad Traffic",
                      2) CLASS("attempted-recon", "Attempted Information Leak",
                               2) CLASS("successful-recon-limited", "Information Leak",
                                        2) CLASS("successful-recon-largescale",
                                                 "Large Scale Information Leak",
                                                 2) CLASS("attempted-dos",
                                                          "Attempted Denial of Service", 2)
    CLASS("successful-dos", "Denial of Service", 2) CLASS(
        "attempted-user", "Attempted User Privilege Gain",
        1) CLASS("unsuccessful-user", "Unsuccessful User Privilege Gain",
                 1) CLASS("successful-user", "Successful User Privilege Gain", 1)
        CLASS("attempted-admin", "Attempted Administrator Privilege Gain", 1) CLASS(
            "successful-admin",
            "Successful Administrator Privilege Gain",
            1) CLASS("rpc-portmap-decode", "Decode of an RPC Query",
                     2) CLASS("shellcode-detect", "Executable code was detected", 1)
            CLASS("string-detect", "A suspicious string was detected", 3) CLASS(
                "suspicious-filename-detect",
                "A suspicious filename was detected",
                2) CLASS("suspicious-login",
                         "An attempted login using a suspicious username was detected",
                         2) CLASS("system-call-detect", "A system call was detected", 2)
                CLASS("tcp-connection", "A TCP connection was detected", 4) CLASS(
                    "trojan-activity",
                    "A Network Trojan was detected",
                    1) CLASS("unusual-client-port-connection", "A client was using an unusual port",
                             2) CLASS("network-scan", "Detection of a Network Scan", 3)
                    CLASS("denial-of-service", "Detection of a Denial of Service Attack", 2) CLASS(
                        "non-standard-protocol",
                        "Detection of a non-standard protocol or event",
                        2) CLASS("protocol-command-decode", "Generic Protocol Command Decode", 3)
                        CLASS("web-application-activity",
                              "access to a potentially vulnerable web application",
                              2) CLASS("web-application-attack", "Web Application Attack",
                                       1) CLASS("misc-activity", "Misc activity", 3)
                            CLASS("misc-attack", "Misc Attack", 2) CLASS(
                                "icmp-event",
                                "Generic ICMP event",
                                3) CLASS("inappropriate-content",
                                         "Inappropriate Content was Detected", 1)
                                CLASS(
                                    "policy-violation",
                                    "Potential Corporate Privacy Violation",
                                    1) CLASS("default-login-attempt",
                                             "Attempt to login by a default username and password",
                                             2) CLASS("targeted-activity",
                                                      "Targeted Malicious Activity was Detected", 1)
                                    CLASS("exploit-kit", "Exploit Kit Activity Detected", 1) CLASS(
                                        "external-ip-check",
                                        "Device Retrieving External IP Address Detected",
                                        2) CLASS("domain-c2",
                                                 "Domain Observed Used for C2 Detected", 1)
                                        CLASS("pup-activity", "Possibly Unwanted Program Detected",
                                              2) CLASS("credential-theft",
                                                       "Successful Credential Theft Detected", 1)
                                            CLASS(
                                                "social-engineering",
                                                "Possible Social Engineering Attempted",
                                                2) CLASS("coin-mining",
                                                         "Crypto Currency Mining Activity Detected",
                                                         2)
                                                CLASS(
                                                    "command-and-control",
                                                    "Malware Command and Control Activity Detected",
                                                    1);
