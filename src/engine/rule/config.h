/* config: what surrounds the rules: variables, action order, classification.config, reference.config, threshold.config.
 * Private to rule/. */
#ifndef ENGINE_RULE_CONFIG_H
#define ENGINE_RULE_CONFIG_H

#include "engine/rule/build.h"

/* Variables, order and classes from conf (may be NULL), defaults where it says nothing. */
int config_init(struct rule_loader *l, const struct conf *conf, struct err *err);
/* What must wait for the last rule. */
int config_finish(struct rule_loader *l);

#endif
