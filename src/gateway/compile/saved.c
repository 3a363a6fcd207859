#include "gateway/compile/compile.h"

#include "engine/rule/rule.h"

#include <stdio.h>
#include <string.h>

static bool goes_up(struct str path)
{
    while (path.p)
        if (str_eq(str_split(&path, '/'), STR_LIT("..")))
            return true;
    return false;
}

static bool is_at(const char *folder, const char *name, const char *path)
{
    char whole[4096];
    int len = snprintf(whole, sizeof whole, "%s%s%s", *name == '/' ? "" : folder,
                       *name == '/' ? "" : "/", name);
    return len < (int)sizeof whole && strcmp(whole, path) == 0;
}

/* The settings' own sets lie where they say. */
static bool settings_name(const struct conf *conf, const char *folder, const char *path)
{
    const struct conf_node *all = conf_find(conf, "datasets");
    for (const struct conf_node *set = all ? all->child : NULL; set; set = set->next) {
        static const char *const words[] = {"state", "save"};
        for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
            const struct conf_node *file = conf_child(set, words[i]);
            if (file && file->value && *file->value && is_at(folder, file->value, path))
                return true;
        }
    }
    return false;
}

bool compile_may_save(const struct conf *conf, const char *path)
{
    const char *folder = conf_text(conf, "default-data-dir", RULE_DATA_FOLDER);
    size_t len = strlen(folder);
    if (settings_name(conf, folder, path))
        return true;
    if (!conf_bool(conf, "datasets.rules.allow-write", true))
        return false;
    if (conf_bool(conf, "datasets.rules.allow-absolute-filenames", false))
        return true;
    return strncmp(path, folder, len) == 0 && path[len] == '/' && !goes_up(str_c(path + len));
}
