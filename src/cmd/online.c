/* The whole program. */
#include "online.h"

#include "cowkey/mailcow/http.h"

enum ck_err online_start(struct ck_error *err)
{
    return ck_http_init(err);
}

void online_end(void)
{
    ck_http_exit();
}

enum ck_err online_become(char **argv, struct ck_error *err)
{
    (void)argv;
    (void)err;
    return CK_OK;
}
