/* config: what surrounds the rules: variables, action order, classes, references. Private to rule/. */
#ifndef ENGINE_RULE_CONFIG_H
#define ENGINE_RULE_CONFIG_H

#include "engine/rule/build.h"

/* Variables and order from conf (may be NULL), defaults where it says nothing; the default classes and references. */
int config_init(struct rule_loader *l, const struct conf *conf, struct err *err);

#endif
