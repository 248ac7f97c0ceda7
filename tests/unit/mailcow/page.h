/* What the tests of pages share. */
#ifndef COWKEY_TESTS_PAGE_H
#define COWKEY_TESTS_PAGE_H

#include "cowkey/mailcow/page.h"
#include "html_sample.h"
#include "tests/unit/base/allocation.h"

static struct ck_page parse(const char *html)
{
    struct ck_page page = {0};
    struct ck_error err = {0};
    enum ck_err r = ck_page_parse(html, strlen(html), &page, &err);

    if (r != CK_OK)
        fail_msg("%s", err.text);
    return page;
}

#endif
