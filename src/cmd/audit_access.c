/* Credentials of an audit. */
#include "audit_access.h"

#include "further_login.h"
#include "output.h"

enum ck_err audit_access_open(const struct options *options, bool deep, unsigned jobs,
                              struct audit_access *access, struct ck_error *err)
{
    struct target *target = &access->who.target;

    *access = (struct audit_access){.jobs = jobs};
    access->speaker = (struct speaker){.options = options, .target = target};
    access->person = person_new(&access->speaker);
    access->key_person = key_person_new(&access->speaker);
    bool session_needed = deep || admin_target_login_asked(options);
    enum ck_err r = admin_target_read(options, &access->person, &access->key_person, session_needed,
                                      &access->who, err);
    if (r == CK_OK)
        r = admin_target_open(&access->who, err);
    if (r == CK_OK && access->jobs > 1 && further_login_needs_person(options, &access->who)) {
        access->jobs = 1;
        say(options, "One session only: each further one would need a code or a touch.");
    }
    return r;
}

enum ck_err audit_access_open_more(void *data, struct ck_session **ret_session,
                                   struct ck_error *err)
{
    const struct audit_access *access = data;

    return further_login_open(&access->who, FURTHER_ASKS_NOBODY, ret_session, err);
}

void audit_access_close(struct audit_access *access)
{
    admin_target_clear(&access->who);
}
