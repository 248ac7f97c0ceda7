/* What the server tells of accounts, and how they are edited, in the JSON that it speaks. */
#ifndef MAILCOW_ADMIN_JSON_H
#define MAILCOW_ADMIN_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "cowkey/mailcow/admin.h"

/*
 * The record of account. An object without members, and one that names nobody, is how the server
 * says that there is no such account, or none that the asker may see: *ret_found. Anything else
 * that is not this account's record is CK_ERR_UNREACHABLE.
 */
enum ck_err ck_record_parse(const char *json, size_t size, const struct ck_account *account,
                            struct ck_record *ret_record, bool *ret_found, struct ck_error *err);

/*
 * A list of accounts of one role; of mailboxes all in domain (an A-label, in lower case), else
 * NULL. A list that can't be read whole, has an account twice, or more than CK_ADMIN_ROWS_MAX rows
 * is CK_ERR_UNREACHABLE. Mailboxes that lack what the server joins them with come as rows of null:
 * those are counted. A list with nothing but mailboxes of other domains, as the server answers for
 * a domain that it does not have, is CK_ERR_USAGE.
 */
enum ck_err ck_records_parse(const char *json, size_t size, enum ck_role role, const char *domain,
                             struct ck_records *ret_records, struct ck_error *err);

struct json_t;

enum ck_element { CK_ELEMENT_RECORD, CK_ELEMENT_NAMELESS, CK_ELEMENT_FOREIGN };

/*
 * One element of such a list: a record, or a mailbox of which nothing is told, or one of another
 * domain, which then fill nothing.
 */
enum ck_err ck_element_read(const struct json_t *element, enum ck_role role, const char *domain,
                            struct ck_record *ret_record, enum ck_element *ret_kind,
                            struct ck_error *err);
/* What it means that a list has so many records, and so many mailboxes of other domains. */
enum ck_err ck_elements_check(size_t count, size_t foreign, const char *domain,
                              struct ck_error *err);
/* Whether it is how the server writes an empty list: an object without members. */
bool ck_list_is_empty(const char *json, size_t size);

/* The list of domains; errors as above. */
enum ck_err ck_domains_parse(const char *json, size_t size, struct ck_domains *ret_domains,
                             struct ck_error *err);

/* Whether name is the A-label form of a domain, in lower case, that fits struct ck_domains. */
bool ck_domain_is_valid(const char *name);

/*
 * The body of an edit of count accounts. Flags are 1, 0, or -1 to leave them out; password may be
 * NULL, and one that is not UTF-8 is CK_ERR_USAGE.
 */
enum ck_err ck_edit_make_body(const struct ck_record *const *records, size_t count,
                              const struct ck_account_edit *edit, struct ck_secret **ret_body,
                              struct ck_error *err);

/*
 * Takes the answer to an edit of several accounts apart. An account that the answer does not tell
 * of for sure is neither done nor refused. An answer that is not understood is CK_ERR_UNKNOWN.
 */
enum ck_err ck_said_parse(const char *json, size_t size, const struct ck_record *const *records,
                          size_t count, struct ck_said *ret_said, struct ck_error *err);

/* {"type":"error","msg":"..."}, as the API turns requests away; *ret_message is cut to its size. */
bool ck_api_error_parse(const char *json, size_t size, char *ret_message, size_t message_max);

/*
 * The token of a sign-on: {"token":"..."}; a secret for as long as it is good. An answer that gives
 * none is CK_ERR_UNCHANGED, one that is not understood CK_ERR_UNREACHABLE.
 */
enum ck_err ck_sign_on_token_parse(const char *json, size_t size, struct ck_secret **ret_token,
                                   struct ck_error *err);

#endif
