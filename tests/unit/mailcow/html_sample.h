/* Pages with the marks of mailcow's (protocol 1 to 3), put together from parts by each test. */
#ifndef COWKEY_TESTS_HTML_SAMPLE_H
#define COWKEY_TESTS_HTML_SAMPLE_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define CID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define CID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define TOKEN_LINE                                                                                 \
    "  $('<input type=\"hidden\" value=\"" TOKEN                                                   \
    "\">').attr('name', 'csrf_token').appendTo('form');\n"

/* Rows and lists. */
#define ROW_AS(id, label, badge)                                                                   \
    "      <form style=\"display:inline;\" method=\"post\">\n"                                     \
    "        <input type=\"hidden\" name=\"unset_tfa_key\" value=\"" id "\">\n"                    \
    "        <div class=\"d-flex flex-column\">\n"                                                 \
    "          <span style=\"padding:4px\" class=\"me-auto badge fs-6 " badge "\">\n"              \
    "            " label "\n"                                                                      \
    "            <a href=\"#\" class=\"btn p-0\">[Remove]</a>\n"                                   \
    "          </span>\n        </div>\n      </form>\n"
#define ROW(id, label) ROW_AS(id, label, "bg-dark")
#define FACTORS(rows)                                                                              \
    "<span class=\"badge bg-success\">on</span>\n<div id=\"tfa_keys\">\n" rows "</div>\n"

#define PASSKEY(cid, icon, label, subject)                                                         \
    "    <tr>\n      <td>\n        " icon "\n        " label "\n      </td>\n"                     \
    "      <td style=\"text-align: right\">\n        <form method=\"post\">\n"                     \
    "          <input type=\"hidden\" name=\"unset_fido2_key\" value=\"" cid "\">\n"               \
    "          <a href=\"#\" data-cid=\"" cid "\" data-subject=\"" subject "\"><i class=\"bi "     \
    "bi-pencil-fill\"></i> Rename</a>\n        </form>\n      </td>\n    </tr>\n"
#define PASSKEYS(rows)                                                                             \
    "<table class=\"table\" id=\"fido2_keys\">\n  <tr>\n    <th>ID</th>\n    <th>Action</th>\n"    \
    "  </tr>\n" rows "</table>\n"

#define OFFER(method, id, label)                                                                   \
    "<a href=\"#\" class=\"list-group-item " method "-authenticator-selection\">\n"                \
    "  <i class=\"bi bi-key-fill\"></i>\n  <span>" label "</span>\n"                               \
    "  <input type=\"hidden\" value=\"" id "\" /><br/>\n</a>\n"
#define CONFIRM(inside)                                                                            \
    "<div class=\"modal fade\" id=\"ConfirmTFAModal\" tabindex=\"-1\">\n" inside "</div>\n"

#define HEAD_OF(account)                                                                           \
    "<ul><li class=\"logged-in-as\"><a href=\"#\"><b class=\"username-lia\">" account              \
    "</b> <i class=\"bi bi-power\"></i></a></li></ul>\n"
#define LINK_OF(account)                                                                           \
    "    window.fetch(\"/api/v1/get/fido2-registration/" account "\", {method:'GET'})\n"

/* role is the script's word; head, content and lines go where the real pages have theirs. */
#define PAGE(role, head, content, lines)                                                           \
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n  <meta charset=\"utf-8\">\n"                    \
    "  <script>\n    if (1 < 2 && \"<b>\") { x = '<div id=\"tfa_keys\">'; }\n  </script>\n"        \
    "</head>\n<body>\n<nav>\n" head "</nav>\n<div class=\"container\">\n" content "</div>\n"       \
    "<script src=\"/cache/site.js\"></script>\n<script>\n  var lang_tfa = {\"a\":\"b\"};\n"        \
    "  var mailcow_cc_role = '" role "';\n  $(document).ready(function() {\n" lines TOKEN_LINE     \
    "  });\n</script>\n</body>\n</html>\n"

#endif
