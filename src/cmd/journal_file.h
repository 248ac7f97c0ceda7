/* Which journal it is, and who is written down as its user. */
#ifndef CMD_JOURNAL_FILE_H
#define CMD_JOURNAL_FILE_H

#include "cowkey/journal/journal.h"
#include "options.h"

/*
 * --journal, or $XDG_STATE_HOME/cowkey/journal.jsonl, or the same in ~/.local/state (free it).
 * Without any of them: CK_ERR_USAGE.
 */
enum ck_err journal_path(const struct options *options, char **ret_path, struct ck_error *err);

/*
 * Opens it for writing, made if it is missing; its lines go to the system's log as well. For the
 * commands that change something for somebody else: they list OPTION_JOURNAL, and call this before
 * anything is sent. When it fails, nothing may be done.
 */
enum ck_err journal_open(const struct options *options, struct ck_journal **ret_journal,
                         struct ck_error *err);

/*
 * Who runs this, for struct ck_journal_deed: "name@host", "root@host (sudo: name)"; free it. NULL
 * when memory is short.
 */
char *journal_user(void);

#endif
