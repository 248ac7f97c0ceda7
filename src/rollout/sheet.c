/* Making sheets and letters, and removing them. */
#include "cowkey/rollout/sheet.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/file.h"
#include "cowkey/rollout/secrets_file.h"
#include "private_directory.h"
#include "seal.h"
#include "sheet_page.h"

enum { NAME_PART_MAX = 100 }; /* bytes of an account's name in that of a file */

/* --- names of files --- */

static enum ck_err make_path(const struct ck_sheets *sheets, const char *name, char **ret_path,
                             struct ck_error *err)
{
    *ret_path = private_path(ck_pending_directory(sheets->pending), name);
    return *ret_path != NULL ? CK_OK : ck_error_no_memory(err);
}

/* What an account is called may be no name of a file; the number tells them apart. */
static void fill_in_name(const struct ck_ledger_person *person, struct ck_ledger_sheet *sheet)
{
    static const char safe[] = "@.-_+";
    char account[NAME_PART_MAX], number[16] = "";
    size_t length = 0;

    for (const char *c = person->account.name; *c != '\0' && length + 1 < sizeof(account); c++) {
        bool continues = ((unsigned char)*c & 0xc0) == 0x80; /* a character of UTF-8 */
        if (!continues)
            account[length++] = isalnum((unsigned char)*c) || strchr(safe, *c) != NULL ? *c : '_';
    }
    account[length] = '\0';
    if (sheet->kind == CK_SHEET_PIN_LETTER || sheet->n > 1)
        snprintf(number, sizeof(number), "-%u", sheet->n);
    snprintf(sheet->name, sizeof(sheet->name), "%s/%06lld-%s%s%s.html%s",
             sheet->kind == CK_SHEET_PERSON ? SHEETS_DIRECTORY : LETTERS_DIRECTORY,
             (long long)person->id, account, sheet->kind == CK_SHEET_PERSON ? "" : "-key", number,
             sheet->sealed ? ".cms" : "");
}

/* --- what is due --- */

/* Whether somebody has removed it by hand. */
static bool is_missing(const struct ck_sheets *sheets, const struct ck_ledger_sheet *sheet)
{
    CK_CLEANUP(ck_free_p)
    char *path = private_path(ck_pending_directory(sheets->pending), sheet->name);
    struct stat status;

    return path != NULL && lstat(path, &status) != 0 && errno == ENOENT;
}

static bool sheet_is_due(const struct ck_sheets *sheets, const struct sheet_facts *facts)
{
    if (!sheet_facts_any(facts))
        return false;
    return sheet_facts_new(facts) ||
           (facts->last.deleted_s == 0 && is_missing(sheets, &facts->last));
}

static enum ck_sheets_state judge(const struct ck_sheets *sheets, const struct sheet_facts *facts)
{
    bool letter = sheet_facts_any_letter(facts);

    if (!sheet_facts_any(facts) && !letter)
        return CK_SHEETS_NOTHING;
    if (!sheet_is_due(sheets, facts) && !letter)
        return CK_SHEETS_AGAIN;
    return sheets->seal != NULL && facts->work_left ? CK_SHEETS_EARLY : CK_SHEETS_READY;
}

enum ck_err ck_sheets_look(const struct ck_sheets *sheets, int64_t person,
                           struct ck_sheets_look *ret_look, struct ck_error *err)
{
    CK_CLEANUP(sheet_facts_clear) struct sheet_facts facts = {.count = 0};
    enum ck_err r = sheet_facts_read(sheets->ledger, sheets->pending, person, &facts, err);

    if (r == CK_OK)
        *ret_look = (struct ck_sheets_look){
            .state = judge(sheets, &facts),
            .work_left = facts.work_left,
            .doubtful = facts.doubtful,
            .pending = sheet_facts_any_secret(&facts) || sheet_facts_any_letter(&facts),
        };
    return r;
}

/* --- making --- */

static enum ck_err write_file(const struct ck_sheets *sheets, const char *name,
                              const struct ck_secret *page, struct ck_error *err)
{
    CK_CLEANUP(ck_bytes_clear) struct ck_bytes sealed = {0};
    CK_CLEANUP(ck_free_p) char *path = NULL;
    enum ck_err r = make_path(sheets, name, &path, err);

    if (r == CK_OK && sheets->seal != NULL)
        r = seal_bytes(sheets->seal, page, &sealed, err);
    if (r != CK_OK)
        return r;
    if (sheets->seal != NULL)
        return ck_file_put(path, sealed.data, sealed.size, CK_FILE_REPLACE, err);
    return ck_file_put(path, ck_secret_bytes(page), ck_secret_size(page), CK_FILE_REPLACE, err);
}

static enum ck_err make_directory(const struct ck_sheets *sheets, const char *name,
                                  struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *path = NULL;
    enum ck_err r = make_path(sheets, name, &path, err);

    return r == CK_OK ? private_directory_make(path, err) : r;
}

/* Writes it and notes it: only then what was pending may go. */
static enum ck_err hand_out(const struct ck_sheets *sheets, const struct sheet_facts *facts,
                            struct ck_ledger_sheet *sheet, struct ck_error *err)
{
    const struct sheet_frame frame = {ck_ledger_server(sheets->ledger), sheets->now_s};
    CK_CLEANUP(ck_secret_free) struct ck_secret *page = NULL;
    bool letter = sheet->kind == CK_SHEET_PIN_LETTER;
    enum ck_err r = letter ? sheet_letter_write(&frame, facts, sheet->n, &page, err)
                           : sheet_page_write(&frame, facts, &page, err);

    sheet->person = facts->person.id;
    sheet->sealed = sheets->seal != NULL;
    sheet->made_s = sheets->now_s;
    fill_in_name(&facts->person, sheet);
    if (r == CK_OK)
        r = make_directory(sheets, letter ? LETTERS_DIRECTORY : SHEETS_DIRECTORY, err);
    if (r == CK_OK)
        r = write_file(sheets, sheet->name, page, err);
    return r == CK_OK ? ck_ledger_note_sheet(sheets->ledger, sheet, err) : r;
}

/* Of unknown factors it stays: with it another try can find out. */
static enum ck_err remove_sealed(const struct ck_sheets *sheets, const struct sheet_facts *facts,
                                 struct ck_error *err)
{
    int64_t person = facts->person.id;
    enum ck_err r = CK_OK;

    for (size_t i = 0; i < facts->count && r == CK_OK; i++) {
        if (facts->uris[i] != NULL && !sheet_item_is_doubtful(&facts->items[i]))
            r = ck_pending_remove(sheets->pending, CK_PENDING_TOTP, facts->items[i].id, 0, err);
    }
    if (r == CK_OK && facts->password != NULL)
        r = ck_pending_remove(sheets->pending, CK_PENDING_PASSWORD, person, 0, err);
    if (r == CK_OK && facts->app_password != NULL)
        r = ck_pending_remove(sheets->pending, CK_PENDING_APP_PASSWORD, person, 0, err);
    return r;
}

/* A sealed one, and one that was removed, may be the only place of what was on it. */
static enum ck_err make_sheet(const struct ck_sheets *sheets, const struct sheet_facts *facts,
                              struct ck_error *err)
{
    bool again = facts->has_last && !facts->last.sealed && facts->last.deleted_s == 0 &&
                 sheets->seal == NULL;
    struct ck_ledger_sheet sheet = {.kind = CK_SHEET_PERSON, .n = facts->last.n + (again ? 0 : 1)};
    enum ck_err r = hand_out(sheets, facts, &sheet, err);

    return r == CK_OK && sheet.sealed ? remove_sealed(sheets, facts, err) : r;
}

static enum ck_err make_letter(const struct ck_sheets *sheets, const struct sheet_facts *facts,
                               unsigned n, struct ck_error *err)
{
    struct ck_ledger_sheet sheet = {.kind = CK_SHEET_PIN_LETTER, .n = n};
    enum ck_err r = hand_out(sheets, facts, &sheet, err);

    if (r != CK_OK || !sheet.sealed)
        return r;
    return ck_pending_remove(sheets->pending, CK_PENDING_PIN, facts->person.id, n, err);
}

enum ck_err ck_sheets_make(const struct ck_sheets *sheets, int64_t person, size_t *ret_count,
                           struct ck_error *err)
{
    CK_CLEANUP(sheet_facts_clear) struct sheet_facts facts = {.count = 0};
    size_t count = 0;
    enum ck_err r = sheet_facts_read(sheets->ledger, sheets->pending, person, &facts, err);

    if (r != CK_OK)
        return r;
    bool ready = judge(sheets, &facts) == CK_SHEETS_READY;
    if (ready && sheet_is_due(sheets, &facts)) {
        r = make_sheet(sheets, &facts, err);
        count++;
    }
    for (unsigned n = 1; n <= CK_POLICY_KEYS_MAX && ready && r == CK_OK; n++) {
        if (facts.keys[n].pin == NULL)
            continue;
        r = make_letter(sheets, &facts, n, err);
        count++;
    }
    if (r == CK_OK)
        *ret_count = count;
    return r;
}

/* --- removing --- */

struct sheet_list {
    struct ck_ledger_sheet *sheets;
    size_t count;
};

static void sheet_list_clear(struct sheet_list *list)
{
    free(list->sheets);
}

static enum ck_err take_sheet(void *data, const struct ck_ledger_sheet *sheet, struct ck_error *err)
{
    struct sheet_list *list = data;

    if (sheet->deleted_s != 0)
        return CK_OK;
    struct ck_ledger_sheet *grown =
        reallocarray(list->sheets, list->count + 1, sizeof(*list->sheets));
    if (grown == NULL)
        return ck_error_no_memory(err);
    list->sheets = grown;
    list->sheets[list->count++] = *sheet;
    return CK_OK;
}

/*
 * Removes the pending secret when it stands on the page: whoever made the page then may have gone
 * on since, and what came later was handed out to nobody.
 */
static enum ck_err remove_if_on(const struct ck_sheets *sheets, const struct ck_secret *page,
                                enum ck_pending_kind kind, int64_t id, unsigned n,
                                const struct ck_secret *secret, struct ck_error *err)
{
    bool has = false;
    enum ck_err r =
        secret != NULL ? sheet_page_has(page, secret, kind == CK_PENDING_TOTP, &has, err) : CK_OK;

    return r == CK_OK && has ? ck_pending_remove(sheets->pending, kind, id, n, err) : r;
}

static enum ck_err remove_what_is_on(const struct ck_sheets *sheets,
                                     const struct sheet_facts *facts, const struct ck_secret *page,
                                     struct ck_error *err)
{
    int64_t person = facts->person.id;
    enum ck_err r =
        remove_if_on(sheets, page, CK_PENDING_PASSWORD, person, 0, facts->password, err);

    if (r == CK_OK)
        r = remove_if_on(sheets, page, CK_PENDING_APP_PASSWORD, person, 0, facts->app_password,
                         err);
    for (size_t i = 0; i < facts->count && r == CK_OK; i++)
        r = remove_if_on(sheets, page, CK_PENDING_TOTP, facts->items[i].id, 0, facts->uris[i], err);
    for (unsigned n = 1; n <= CK_POLICY_KEYS_MAX && r == CK_OK; n++)
        r = remove_if_on(sheets, page, CK_PENDING_PIN, person, n, facts->keys[n].pin, err);
    return r;
}

/* Nobody here can read what is sealed; what is pending and was so then is on it. */
static enum ck_err remove_what_was_sealed(const struct ck_sheets *sheets,
                                          const struct sheet_facts *facts,
                                          const struct ck_ledger_sheet *sheet, struct ck_error *err)
{
    enum ck_err r = CK_OK;

    for (size_t i = 0; i < facts->count && r == CK_OK; i++) {
        if (facts->uris[i] != NULL && sheet->kind == CK_SHEET_PERSON &&
            facts->items[i].changed_s <= sheet->made_s)
            r = ck_pending_remove(sheets->pending, CK_PENDING_TOTP, facts->items[i].id, 0, err);
    }
    return r;
}

static enum ck_err remove_pending(const struct ck_sheets *sheets, const struct sheet_facts *facts,
                                  const struct ck_ledger_sheet *sheet, const char *path,
                                  struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *page = NULL;

    if (facts->work_left || is_missing(sheets, sheet))
        return CK_OK;
    if (sheet->sealed)
        return remove_what_was_sealed(sheets, facts, sheet, err);
    enum ck_err r = ck_private_file_read(path, CK_SECRET_MAX, "the sheet", &page, err);
    return r == CK_OK ? remove_what_is_on(sheets, facts, page, err) : r;
}

static enum ck_err delete_sheet(const struct ck_sheets *sheets, const struct sheet_facts *facts,
                                struct ck_ledger_sheet *sheet, size_t *count, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *path = NULL;
    bool removed = false;
    enum ck_err r = make_path(sheets, sheet->name, &path, err);

    if (r == CK_OK)
        r = remove_pending(sheets, facts, sheet, path, err);
    if (r == CK_OK)
        r = ck_file_erase(path, &removed, err);
    *count += removed;
    sheet->deleted_s = sheets->now_s;
    return r == CK_OK ? ck_ledger_note_sheet(sheets->ledger, sheet, err) : r;
}

enum ck_err ck_sheets_delete(const struct ck_sheets *sheets, int64_t person, size_t *ret_count,
                             struct ck_error *err)
{
    CK_CLEANUP(sheet_facts_clear) struct sheet_facts facts = {.count = 0};
    CK_CLEANUP(sheet_list_clear) struct sheet_list list = {.count = 0};
    size_t count = 0;
    enum ck_err r = ck_ledger_walk_sheets(sheets->ledger, person, take_sheet, &list, err);

    if (r == CK_OK && list.count > 0)
        r = sheet_facts_read(sheets->ledger, sheets->pending, person, &facts, err);
    for (size_t i = 0; i < list.count && r == CK_OK; i++)
        r = delete_sheet(sheets, &facts, &list.sheets[i], &count, err);
    if (r == CK_OK)
        *ret_count = count;
    return r;
}
