#include "cowkey/key/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[64];

static int make_root(void **state)
{
    (void)state;
    strcpy(root, "/tmp/cowkey-rules-XXXXXX");
    return mkdtemp(root) == NULL;
}

static int remove_root(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", root);
    return system(command);
}

static void path_of(const char *name, char path[256])
{
    char command[320];

    snprintf(path, 256, "%s/%s", root, name);
    snprintf(command, sizeof(command), "mkdir -p \"$(dirname '%s')\"", path);
    assert_int_equal(system(command), 0);
}

static void add(const char *name, const char *text)
{
    char path[256];

    path_of(name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void mask(const char *name)
{
    char path[256];

    path_of(name, path);
    assert_int_equal(symlink("/dev/null", path), 0);
}

static void expect(enum ck_key_rules rules, const char *name)
{
    char path[CK_KEY_RULES_PATH_MAX], wanted[256] = "";

    if (name != NULL)
        path_of(name, wanted);
    assert_int_equal(ck_key_rules_find(root, path), rules);
    assert_string_equal(path, wanted);
}

static void test_none(void **state)
{
    (void)state;
    expect(CK_KEY_RULES_NONE, NULL);
    add("usr/lib/udev/rules.d/70-other.rules", "# nothing\n");
    expect(CK_KEY_RULES_NONE, NULL);
}

/* systemd tags the key in one file and opens it in the other: each alone does nothing. */
static void test_systemd(void **state)
{
    (void)state;
    add("lib/udev/rules.d/60-fido-id.rules", "# made up\n");
    expect(CK_KEY_RULES_NONE, NULL);
    add("usr/lib/udev/rules.d/70-uaccess.rules", "# made up\n");
    expect(CK_KEY_RULES_SYSTEMD, "lib/udev/rules.d/60-fido-id.rules");
    mask("etc/udev/rules.d/60-fido-id.rules");
    expect(CK_KEY_RULES_NONE, NULL);
}

static void test_others_in_order(void **state)
{
    (void)state;
    add("lib/udev/rules.d/70-u2f.rules", "# made up\n");
    expect(CK_KEY_RULES_MAKERS, "lib/udev/rules.d/70-u2f.rules");
    add("usr/local/lib/udev/rules.d/70-cowkey.rules", "# made up\n");
    expect(CK_KEY_RULES_COWKEY, "usr/local/lib/udev/rules.d/70-cowkey.rules");
    add("run/udev/rules.d/70-cowkey.rules", "");
    expect(CK_KEY_RULES_MAKERS, "lib/udev/rules.d/70-u2f.rules");
    add("etc/udev/rules.d/70-cowkey.rules", "# made up\n");
    expect(CK_KEY_RULES_COWKEY, "etc/udev/rules.d/70-cowkey.rules");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_none, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_systemd, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_others_in_order, make_root, remove_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
