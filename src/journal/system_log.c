#include "system_log.h"

#include <syslog.h>

/* Without a log that listens, syslog(3) drops the line. */
void system_log_write(const char *text)
{
    openlog("cowkey", LOG_PID, LOG_AUTHPRIV);
    syslog(LOG_AUTHPRIV | LOG_NOTICE, "%s", text);
    closelog();
}
