/* Acting for somebody else. */
#include "acting.h"

#include <stdlib.h>

#include "journal_file.h"

enum ck_err acting_read_journal(const struct options *options, struct acting *acting,
                                struct ck_error *err)
{
    enum ck_err r = journal_open(options, &acting->journal, err);

    if (r != CK_OK)
        return r;
    acting->user = journal_user();
    acting->deed.user = acting->user;
    return acting->user != NULL ? CK_OK : ck_error_no_memory(err);
}

enum ck_err acting_read(const struct options *options, const struct ck_person *person,
                        const struct ck_key_person *key_person, bool session_needed,
                        struct acting *acting, struct ck_error *err)
{
    enum ck_err r = acting_read_journal(options, acting, err);

    return r == CK_OK
               ? admin_target_read(options, person, key_person, session_needed, &acting->who, err)
               : r;
}

enum ck_err acting_open(struct acting *acting, struct ck_error *err)
{
    struct admin_target *who = &acting->who;
    enum ck_err r = admin_target_open(who, err);

    if (r != CK_OK)
        return r;
    acting->by = admin_target_operator(who);
    acting->deed.operator= admin_target_name(who);
    acting->deed.server = who->target.settings.host.origin;
    return CK_OK;
}

void acting_clear(struct acting *acting)
{
    admin_target_clear(&acting->who);
    ck_journal_close(&acting->journal);
    free(acting->user);
}
