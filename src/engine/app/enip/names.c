/* names: of what EtherNet/IP and CIP say by number, as records and rules have them. Volumes are those of the CIP Networks Library. */
#include "engine/app/enip/message.h"

/* flat tables */
/* clang-format off */
/* Volume 2, table 2-3.2. */
const struct number_word enip_commands[] = {
    {"nop", 0}, {"list_services", 4}, {"list_identity", 99}, {"list_interfaces", 100},
    {"register_session", 101}, {"unregister_session", 102}, {"send_r_r_data", 111},
    {"send_unit_data", 112}, {"indicate_status", 114}, {"cancel", 115},
    {NULL, 0},
};

/* Volume 2, table 2-3.3. */
const struct number_word enip_statuses[] = {
    {"success", 0}, {"invalid_cmd", 1}, {"no_resources", 2}, {"incorrect_data", 3},
    {"invalid_session", 100}, {"invalid_length", 101}, {"unsupported_prot_rev", 105},
    {"encap_header_error", 106},
    {NULL, 0},
};

/* Volume 1, appendix A; from 75 on those of controllers. */
const struct number_word enip_cip_services[] = {
    {"Get Attributes All", 1}, {"Set Attributes All", 2}, {"Get Attribute List", 3},
    {"Set Attribute List", 4}, {"Reset", 5}, {"Start", 6}, {"Stop", 7}, {"Create", 8},
    {"Delete", 9}, {"Multiple Service Packet", 10}, {"Apply Attributes", 13},
    {"Get Attributes Single", 14}, {"Set Attributes Single", 16},
    {"Find Next Object Instance", 17}, {"Restore", 21}, {"Save", 22}, {"No Forward Open", 23},
    {"Get Member", 24}, {"Set Member", 25}, {"Insert Member", 26}, {"Remove Member", 27},
    {"Group Sync", 28}, {"Get Connection Point Member List", 29}, {"Execute PCCC Service", 75},
    {"Read Data", 76}, {"Write Data", 77}, {"Read Write Modify Data", 78},
    {"Read Data Fragmented", 82}, {"Write Data Fragmented", 83}, {"Forward Open", 84},
    {NULL, 0},
};

/* Volume 1, table 5-1.1. */
const struct number_word enip_cip_classes[] = {
    {"Identity", 1}, {"Message Router", 2}, {"DeviceNet", 3}, {"Assembly", 4}, {"Connection", 5},
    {"Connection Manager", 6}, {"Register", 7}, {"Discrete Input Point", 8},
    {"Discrete Output Point", 9}, {"Analog Input Point", 10}, {"Analog Output Point", 11},
    {"Presence Sensing", 14}, {"Parameter", 15}, {"Parameter Group", 16}, {"Group", 18},
    {"Discrete Input Group", 29}, {"Discrete Output Group", 30}, {"Discrete Group", 31},
    {"Analog Input Group", 32}, {"Analog Output Group", 33}, {"Analog Group", 34},
    {"Position Sensor", 35}, {"Position Controller Supervisor", 36}, {"Position Controller", 37},
    {"Block Sequencer", 38}, {"Command Block", 39}, {"Motor Data", 40},
    {"Control Supervisor", 41}, {"AC/DC Drive", 42}, {"Acknowledge Handler", 43},
    {"Overload", 44}, {"Softstart", 45}, {"Selection", 46}, {"S-Device Supervisor", 48},
    {"S-Analog Sensor", 49}, {"S-Analog Actuator", 50}, {"S-Single Stage Controller", 51},
    {"S-Gas Calibration", 52}, {"Trip Point", 53}, {"File", 55}, {"S-Partial Pressure", 56},
    {"Safety Supervisor", 57}, {"Safety Validator", 58}, {"Safety Discrete Output Point", 59},
    {"Safety Discrete Output Group", 60}, {"Safety Discrete Input Point", 61},
    {"Safety Discrete Input Group", 62}, {"Safety Dual Channel Output", 63},
    {"S-Sensor Calibration", 64}, {"Event Log", 65}, {"Motion Device Axis", 66},
    {"Time Sync", 67}, {"Modbus", 68}, {"Originator Connection List", 69},
    {"Modbus Serial Link", 70}, {"Device Level Ring (DLR)", 71}, {"QoS", 72},
    {"Safety Analog Input Point", 73}, {"Safety Analog Input Group", 74},
    {"Safety Dual Channel Analog Input", 75}, {"SERCOS III Link", 76},
    {"Target Connection List", 77}, {"Base Energy", 78}, {"Electrical Energy", 79},
    {"Non-Electrical Energy", 80}, {"Base Switch", 81}, {"SNMP", 82}, {"Power Management", 83},
    {"RSTP Bridge", 84}, {"RSTP Port", 85}, {"PRP/HSR Protocol", 86}, {"PRP/HSR Nodes Table", 87},
    {"Safety Feedback", 88}, {"Safety Dual Channel Feedback", 89}, {"Safety Stop Functions", 90},
    {"Safety Limit Functions", 91}, {"Power Curtailment", 92}, {"CIP Security", 93},
    {"EtherNet/IP Security", 94}, {"Certificate Management", 95}, {"PCCC Class", 103},
    {"ControlNet", 240}, {"ControlNet Keeper", 241}, {"ControlNet Scheduling", 242},
    {"Connection Configuration", 243}, {"Port", 244}, {"TCP/IP Interface", 245},
    {"Ethernet Link", 246}, {"CompoNet", 247}, {"CompoNet Repeater", 248},
    {NULL, 0},
};

/* Volume 1, appendix B-1. */
const struct number_word enip_cip_statuses[] = {
    {"Success", 0}, {"Connection Failure", 1}, {"Resource Unavailable", 2},
    {"Invalid Parameter Value", 3}, {"Path Segment Error", 4}, {"Path Destination Unknown", 5},
    {"Partial Transfer", 6}, {"Connection Lost", 7}, {"Service Not Supported", 8},
    {"Invalid Attribute Value", 9}, {"Attribute List Error", 10},
    {"Already In Requested Mode/State", 11}, {"Object State Conflict", 12},
    {"Object Already Exists", 13}, {"Attribute Not Settable", 14}, {"Privilege Violation", 15},
    {"Device State Conflict", 16}, {"Reply Data Too Large", 17},
    {"Fragmentation Of A Primitive Value", 18}, {"Not Enough Data", 19},
    {"Attribute Not Supported", 20}, {"Too Much Data", 21}, {"Object Does Not Exist", 22},
    {"Service Fragmentation Sequence Not In Progress", 23}, {"No Stored Attribute Data", 24},
    {"Store Operation Failure", 25}, {"Routing Failure, Request Packet Too Large", 26},
    {"Routing Failure, Response Packet Too Large", 27}, {"Missing Attribute List Entry Data", 28},
    {"Invalid Attribute Value List", 29}, {"Embedded Service Error", 30},
    {"Vendor Specific Error", 31}, {"Invalid Parameter", 32},
    {"Write-Once Value Or Medium Already Written", 33}, {"Invalid Reply Received", 34},
    {"Buffer Overflow", 35}, {"Invalid Message Format", 36}, {"Key Failure In Path", 37},
    {"Path Size Invalid", 38}, {"Unexpected Attribute In List", 39}, {"Invalid Member ID", 40},
    {"Member Not Settable", 41}, {"Group 2 Only Server General Failure", 42},
    {"Unknown Modbus Error", 43}, {"Attribute Not Gettable", 44}, {"Still Processing", 255},
    {NULL, 0},
};

/* Of the connection manager, volume 1, table 3-5.33. */
const struct number_word enip_cip_extended[] = {
    {"Connection in use or duplicate Forward Open", 256},
    {"Transport class and trigger combination not supported", 259}, {"Ownership conflict", 262},
    {"Target connection not found", 263}, {"Invalid network connection parameter", 264},
    {"Invalid connection size", 265}, {"Target for connection not configured", 272},
    {"RPI not supported", 273}, {"RPI value(s) not acceptable", 274}, {"Out of connections", 275},
    {"Vendor ID or product code mismatch", 276}, {"Device type mismatch", 277},
    {"Revision mismatch", 278}, {"Invalid produced or consumed application path", 279},
    {"Invalid or inconsistent configuration application path", 280},
    {"Non-listen only connection not opened", 281}, {"Target object out of connections", 282},
    {"RPI is smaller than the production inhibit time", 283},
    {"Transport class not supported", 284}, {"Production trigger not supported", 285},
    {"Direction not supported", 286}, {"Invalid O->T Fixed/Variable", 287},
    {"Invalid T->O Fixed/Variable", 288}, {"Invalid O->T Priority", 289},
    {"Invalid T->O Priority", 290}, {"Invalid O->T connection type", 291},
    {"Invalid T->O connection type", 292}, {"Invalid O->T redundant owner", 293},
    {"Invalid configuration size", 294}, {"Invalid O->T size", 295}, {"Invalid T->O size", 296},
    {"Invalid configuration application path", 297}, {"Invalid consuming application path", 298},
    {"Invalid producing application path", 299}, {"Configuration symbol does not exist", 300},
    {"Consuming symbol does not exist", 301}, {"Producing symbol does not exist", 302},
    {"Inconsistent application path combination", 303}, {"Inconsistent consume data format", 304},
    {"Inconsistent produce data format", 305}, {"NULL ForwardOpen not supported", 306},
    {"Connection timed out", 515}, {"Unconnected request timed out", 516},
    {"Parameter error in unconnected request", 517},
    {"Message too large for UnconnectedSend", 518},
    {"Unconnected acknowledged without reply", 519}, {"No buffer memory available", 769},
    {"Network bandwidth not available for data", 770},
    {"No consumed connection ID filter available", 771},
    {"Not configured to send scheduled priority data", 772}, {"Schedule signature mismatch", 773},
    {"Schedule signature validation not possible", 774}, {"Port not available", 785},
    {"Link address not valid", 786}, {"Invalid segment in connection path", 789},
    {"ForwardClose connection path mismatch", 790}, {"Scheduling not specified", 791},
    {"Link address to self invalid", 792}, {"Secondary resources unavailable", 793},
    {"Rack connection already established", 794}, {"Module connection already established", 795},
    {"Miscellaneous", 796}, {"Redundant connection mismatch", 797},
    {"No more user configurable link consumer resources available in the producing module", 798},
    {"No more user configurable link consumer resources configured in the producing module", 799},
    {"Network link offline", 2048}, {"Incompatible Multicast RPI", 2049},
    {"Invalid Safety Connection Size", 2050}, {"Invalid Safety Connection Format", 2051},
    {"Invalid Time Correction Connection Parameters", 2052},
    {"Invalid Ping Interval EPI Multiplier", 2053},
    {"Time Coordination Msg Min Multiplier", 2054}, {"Network Time Expectation Multiplier", 2055},
    {"Timeout Multiplier", 2056}, {"Invalid Max Consumer Number", 2057}, {"Invalid CPCRC", 2058},
    {"Time Correction Connection ID Invalid", 2059}, {"SCID Mismatch", 2060},
    {"TUNID not set", 2061}, {"TUNID Mismatch", 2062},
    {"Configuration operation not allowed", 2063}, {"No target application data available", 2064},
    {"No originator application data available", 2065},
    {"Node address has changed since the network was scheduled", 2066},
    {"Not configured for off-subnet multicast", 2067},
    {"Invalid produce/consume data format", 2068},
    {NULL, 0},
};

/* Volume 1, table 6-7.1. */
const struct number_word enip_cip_devices[] = {
    {"Generic Device (deprecated)", 0}, {"Control Station (deprecated)", 1},
    {"AC Drive Device", 2}, {"Motor Overload", 3}, {"Limit Switch", 4},
    {"Inductive Proximity Switch", 5}, {"Photoelectric Sensor", 6},
    {"General Purpose Discrete I/O", 7}, {"Encoder (deprecated)", 8}, {"Resolver", 9},
    {"General Purpose Analog I/O (deprecated)", 10}, {"Communications Adapter", 12},
    {"Barcode Scanner (deprecated)", 13}, {"Programmable Logic Controller", 14},
    {"Position Controller", 16}, {"Weigh Scale (deprecated)", 17},
    {"Message Display (deprecated)", 18}, {"DC Drive", 19}, {"Servo Drives (deprecated)", 20},
    {"Contactor", 21}, {"Motor Starter", 22}, {"Softstart Starter", 23},
    {"Human-Machine Interface", 24}, {"Pneumatic Valve(s) (deprecated)", 25},
    {"Mass Flow Controller", 26}, {"Pneumatic Valve(s)", 27}, {"Vacuum Pressure Gauge", 28},
    {"Process Control Value", 29}, {"Residual Gas Analyzer", 30}, {"DC Power Generator", 31},
    {"RF Power Generator", 32}, {"Turbomolecular Vacuum Pump", 33}, {"Encoder", 34},
    {"Safety Discrete I/O Device", 35}, {"Fluid Flow Controller", 36}, {"CIP Motion Drive", 37},
    {"CompoNet Repeater", 38}, {"Mass Flow Controller Enhanced", 39}, {"CIP Modbus Device", 40},
    {"CIP Modbus Translator", 41}, {"Safety Analog I/O Device", 42},
    {"Generic Device (keyable)", 43}, {"Managed Ethernet Switch", 44},
    {"CIP Motion Safety Drive Device", 45}, {"Safety Drive Device", 46},
    {"CIP Motion Encoder", 47}, {"CIP Motion Converter", 48}, {"CIP Motion I/O", 49},
    {"ControlNet Physical Layer Component", 50}, {"In-Sight 2000 Series", 100},
    {"PowerFlex 525", 150}, {"Embedded Component", 200},
    {NULL, 0},
};

/* Well-known makers; there are some 1,700. */
const struct number_word enip_cip_vendors[] = {
    {"Rockwell Automation/Allen-Bradley", 1}, {"Honeywell Inc.", 3}, {"SMC Corporation", 7},
    {"Molex Incorporated", 8}, {"Banner Engineering Corp.", 12}, {"Festo Corporation", 26},
    {"Wago Corporation", 40}, {"BALLUFF Inc.", 43}, {"Yaskawa Electric America Inc.", 44},
    {"ABB Industrial Systems", 46}, {"Omron Corporation", 47}, {"Turck Inc.", 48},
    {"Pepperl + Fuchs", 57}, {"Eaton Electrical", 68}, {"ABB Robotics Products AB", 75},
    {"HMS Industrial Networks AB", 90}, {"Advantech Co. Ltd.", 94}, {"Danfoss", 97},
    {"Beckhoff Automation GmbH", 108}, {"KUKA Roboter GmbH", 121},
    {"Siemens Energy & Automation/Drives", 145}, {"Mitsubishi Electric Corporation", 161},
    {"Red Lion Controls", 176}, {"Schneider Automation Inc.", 243},
    {"Yokogawa Electric Corporation", 250}, {"Turck", 256}, {"Hilscher GmbH", 283},
    {"Bosch Rexroth Corporation, Indramat", 287}, {"Prosoft Technology", 309},
    {"SEW Eurodrive GmbH", 315}, {"ifm efector, inc.", 322}, {"Endress + Hauser", 345},
    {"Fanuc Robotics America", 356}, {"Keyence Corporation", 367},
    {"Nachi Fujikoshi Corporation", 441}, {"Lenze Drive Systems GmbH", 445},
    {"Phoenix Contact", 562}, {"FANUC Ltd.", 591}, {"Murrelektronik GmbH", 640},
    {"Cognex Corporation", 678}, {"SICK AG", 808}, {"Cisco Systems", 939}, {"Siemens AG", 1251},
    {"Universal Robots A/S", 1399},
    {NULL, 0},
};

/* clang-format on */

const char *enip_name(const struct number_word *words, uint64_t number)
{
    while (words->name && words->number != number)
        words++;
    return words->name;
}
