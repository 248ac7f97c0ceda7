/* What the ledger knows of hand-outs. */
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "ledger_internal.h"

static const char write_sheet[] =
    "INSERT INTO sheet (person, kind, name, n, sealed, made_s, deleted_s)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
    " ON CONFLICT (person, kind, name) DO UPDATE SET n = ?4, sealed = ?5, made_s = ?6,"
    " deleted_s = ?7";

static enum ck_err put_sheet(struct ck_ledger *ledger, const struct ck_ledger_sheet *sheet,
                             struct ck_error *err)
{
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
    struct ck_ledger_person person;

    if (sheet->name[0] == '\0' || sheet->made_s < 0 || sheet->deleted_s < 0 ||
        (unsigned)sheet->kind > CK_SHEET_PIN_LETTER)
        return ck_error_set(err, CK_ERR_USAGE, "there is no such sheet");
    if (ck_ledger_person(ledger, sheet->person, &person, err) != CK_OK ||
        ledger_sql(ledger, write_sheet, &statement, err) != CK_OK ||
        ledger_bind_text(ledger, statement, 3, sheet->name, sizeof(sheet->name), err) != CK_OK)
        return err->code;
    sqlite3_bind_int64(statement, 1, sheet->person);
    sqlite3_bind_int(statement, 2, (int)sheet->kind);
    sqlite3_bind_int64(statement, 4, sheet->n);
    sqlite3_bind_int(statement, 5, sheet->sealed);
    ledger_bind_id(statement, 6, sheet->made_s);
    ledger_bind_id(statement, 7, sheet->deleted_s);
    return ledger_run(ledger, statement, err);
}

enum ck_err ck_ledger_note_sheet(struct ck_ledger *ledger, const struct ck_ledger_sheet *sheet,
                                 struct ck_error *err)
{
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);
    enum ck_err r = ledger_begin(in, LEDGER_TO_NOTE, err);

    return r == CK_OK ? ledger_end(in, put_sheet(in, sheet, err), err) : r;
}

static enum ck_err read_sheet(struct ledger_row *row, struct ck_ledger_sheet *ret_sheet,
                              struct ck_error *err)
{
    struct ck_ledger_sheet sheet = {0};
    const char *what = "a sheet";

    sheet.person = ledger_row_int(row, what, 1, INT64_MAX);
    sheet.kind = (enum ck_sheet_kind)ledger_row_int(row, what, 0, CK_SHEET_PIN_LETTER);
    ledger_row_text(row, what, sheet.name, sizeof(sheet.name));
    sheet.n = (unsigned)ledger_row_int(row, what, 0, UINT32_MAX);
    sheet.sealed = ledger_row_bool(row, what);
    sheet.made_s = ledger_row_int(row, what, 0, INT64_MAX);
    sheet.deleted_s = ledger_row_int(row, what, 0, INT64_MAX);
    *ret_sheet = sheet;
    return ledger_row_end(row, err);
}

/* The next behind one, by person, kind and name. */
static enum ck_err next_sheet(struct ck_ledger *ledger, const struct ck_ledger_sheet *after,
                              struct ck_ledger_sheet *ret_sheet, bool *ret_found,
                              struct ck_error *err)
{
    static const char next[] = "SELECT person, kind, name, n, sealed, made_s, deleted_s FROM sheet"
                               " WHERE (person, kind, name) > (?1, ?2, ?3)"
                               " ORDER BY person, kind, name LIMIT 1";
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
    struct ledger_row row = {.ledger = in};

    if (ledger_sql(in, next, &statement, err) != CK_OK)
        return err->code;
    sqlite3_bind_int64(statement, 1, after->person);
    sqlite3_bind_int(statement, 2, (int)after->kind);
    int rc = sqlite3_bind_text(statement, 3, after->name, -1, SQLITE_TRANSIENT);
    if (rc != SQLITE_OK)
        return ledger_failed(in, rc, err);
    enum ck_err r = ledger_fetch(in, statement, ret_found, err);
    if (r != CK_OK || !*ret_found)
        return r;
    row.statement = statement;
    return read_sheet(&row, ret_sheet, err);
}

/* As other walks: see ledger_walk.c. */
enum ck_err ck_ledger_walk_sheets(struct ck_ledger *ledger, int64_t person,
                                  ck_ledger_sheet_visitor *visitor, void *data,
                                  struct ck_error *err)
{
    struct ck_ledger_sheet sheet = {.person = person};
    bool found = true;
    enum ck_err r = next_sheet(ledger, &sheet, &sheet, &found, err);

    while (r == CK_OK && found && (person == 0 || sheet.person == person)) {
        r = visitor(data, &sheet, err);
        if (r == CK_OK)
            r = next_sheet(ledger, &sheet, &sheet, &found, err);
    }
    return r;
}
