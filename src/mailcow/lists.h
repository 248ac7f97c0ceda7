/* The rows of the three lists that mailcow's pages hold, read whole or refused. */
#ifndef MAILCOW_LISTS_H
#define MAILCOW_LISTS_H

#include "cowkey/base/error.h"
#include "cowkey/mailcow/page.h"
#include "html.h"

/*
 * Each reads the list below element into *page, which holds none of that kind yet, and sets its
 * state. inputs is how many rows the whole page claims to have, counted apart: another number of
 * rows means that the markup was not understood (CK_ERR_UNREACHABLE).
 */
enum ck_err ck_lists_read_factors(const struct ck_html_node *element, size_t inputs,
                                  struct ck_page *page, struct ck_error *err);
enum ck_err ck_lists_read_passkeys(const struct ck_html_node *element, size_t inputs,
                                   struct ck_page *page, struct ck_error *err);

/* The authenticators that a login with a pending second factor offers. */
enum ck_err ck_lists_read_authenticators(const struct ck_html_node *element, size_t inputs,
                                         struct ck_page *page, struct ck_error *err);

/* What kind of authenticator an element offers, CK_METHOD_UNKNOWN for one that offers none. */
enum ck_method ck_lists_offered_method(const struct ck_html_node *node);

enum ck_err ck_lists_not_understood(struct ck_error *err, const char *what);

#endif
