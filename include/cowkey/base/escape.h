/* Foreign text made safe for the place where it will be shown. */
#ifndef COWKEY_BASE_ESCAPE_H
#define COWKEY_BASE_ESCAPE_H

/*
 * A new string (free it) that a terminal shows as text and nothing else: control characters (C0,
 * DEL, C1, the line and paragraph separators) and the bidirectional controls (U+061C, U+200E/F,
 * U+202A-E, U+2066-9) become \n, \t, \xNN or \u{NNNN}; bytes that are not UTF-8 become \xNN.
 * NULL when memory is short.
 */
char *ck_escape_terminal(const char *text);

/*
 * Text as one word of a shell command line that a person may copy: as it is, 'quoted', or, where
 * the terminal would not show it, as $'...' (POSIX.1-2024). NULL when memory is short.
 */
char *ck_escape_shell(const char *text);

#endif
