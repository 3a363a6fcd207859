/* mqtt: MQTT 3.1, 3.1.1 and 5 (OASIS) over TCP: machines that publish and subscribe.
 *
 * A transaction is one exchange: CONNECT with CONNACK, PUBLISH with all that acknowledges it, SUBSCRIBE with SUBACK ...; it belongs
 * to the direction of its first message. Messages are kept as they came and read when a rule or the log asks.
 *
 * Hostile: a message longer than app_conf.mqtt_message_max (or MQTT_KEPT_MAX, whichever is less) is walked over and told as
 * truncated; MQTT_MESSAGES_MAX messages of an exchange, MQTT_PROPERTIES_MAX properties of a message, all lengths by struct
 * reader. A damaged message ends its direction.
 */
#ifndef ENGINE_APP_MQTT_MQTT_H
#define ENGINE_APP_MQTT_MQTT_H

#include "engine/app/app.h"

extern const struct app_parser mqtt_parser;

#endif
