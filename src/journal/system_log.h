/* The system's log, where there is one. */
#ifndef JOURNAL_SYSTEM_LOG_H
#define JOURNAL_SYSTEM_LOG_H

/* text: one line of ASCII without control characters. */
void system_log_write(const char *text);

#endif
