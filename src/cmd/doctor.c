/* cowkey doctor */
#include "doctor.h"

#include <ctype.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "cowkey/base/cleanup.h"
#include "output.h"

struct doctor {
    json_t *checks; /* for a program; NULL for a person, who sees each line at once */
    int problems;
};

static const char *const state_names[] = {
    [DOCTOR_OK] = "ok", [DOCTOR_PROBLEM] = "problem", [DOCTOR_UNKNOWN] = "unknown"};

void doctor_add(struct doctor *doctor, const char *name, enum doctor_state state, const char *cure,
                const char *format, ...)
{
    CK_CLEANUP(ck_free_p) char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    doctor->problems += state == DOCTOR_PROBLEM;
    if (doctor->checks != NULL) {
        json_array_append_new(doctor->checks,
                              json_pack("{s:s, s:s, s:o, s:o}", "name", name, "state",
                                        state_names[state], "text",
                                        text_json(text != NULL ? text : ""), "cure",
                                        cure != NULL ? text_json(cure) : json_null()));
        return;
    }
    print_result("%-7s  %s: %s", state_names[state], name, text != NULL ? text : "");
    if (cure != NULL)
        print_result("         %s", cure);
}

void doctor_add_error(struct doctor *doctor, const char *name, const struct ck_error *problem)
{
    CK_CLEANUP(ck_free_p) char *text = NULL;
    const char *hint = error_hint(problem);

    if (asprintf(&text, "%s.", problem->text) < 0)
        text = NULL;
    if (text != NULL && strncmp(text, "https:", strlen("https:")) != 0)
        text[0] = (char)toupper((unsigned char)text[0]);
    doctor_add(doctor, name, DOCTOR_PROBLEM, *hint != '\0' ? hint : NULL, "%s",
               text != NULL ? text : problem->text);
}

static int run(const struct options *options)
{
    bool json = option_given(options, OPTION_JSON);
    struct doctor doctor = {.checks = json ? json_array() : NULL};
    struct ck_error err = {.code = CK_OK};

    doctor_look_here(&doctor, options);
    enum ck_err r = doctor_look_at_server(&doctor, options, &err);
    if (r == CK_OK)
        r = doctor_look_at_keys(&doctor, options, &err);
    if (r != CK_OK) {
        json_decref(doctor.checks);
        return report_error(json, &err);
    }
    if (json)
        print_json(json_pack("{s:s, s:i, s:o}", "schema", "cowkey.doctor/1", "problems",
                             doctor.problems, "checks", doctor.checks));
    return doctor.problems > 0 ? 1 : 0;
}

const struct command command_doctor = {
    .words = "doctor",
    .summary = "what would stop an enrollment, and the cure; without a login",
    .online = true,
    .without_account = true,
    .run = run,
};
