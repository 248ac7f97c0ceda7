/*
 * Completion scripts. Each is a small engine, the same in the three shells' languages, and the
 * tables it works on: which words may follow, which options a command takes, what their arguments
 * are.
 */
#include "completion.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "command.h"

enum { WORDS_MAX = 64 }; /* bytes of a command's words, with NUL */

/* --- what the tables say --- */

static bool takes_file(enum option_id option)
{
    const char *argument = option_argument_name(option);

    return argument != NULL && (strcmp(argument, "FILE") == 0 || strcmp(argument, "PATH") == 0 ||
                                strcmp(argument, "DIR") == 0 || strcmp(argument, "CERT") == 0);
}

static bool takes_command(enum option_id option)
{
    const char *argument = option_argument_name(option);

    return argument != NULL && strcmp(argument, "COMMAND") == 0;
}

static bool takes_other(enum option_id option)
{
    return option_argument_name(option) != NULL && !takes_file(option) && !takes_command(option) &&
           option_choices(option, NULL) == NULL;
}

/*
 * For bash and zsh: has the array of choices hold what the option's argument may be; words is the
 * variable with those of the command.
 */
static void print_choices(enum option_id option, const char *words)
{
    const char *common = option_choices(option, NULL);

    printf("        choices=(%s)\n", common);
    for (int i = 0; command_at(i) != NULL; i++) {
        const char *own = option_choices(option, command_at(i)->words);
        if (strcmp(own, common) != 0)
            printf("        [[ $%s == '%s' ]] && choices=(%s)\n", words, command_at(i)->words, own);
    }
}

/* Whether words are the beginning of the command's, and the command goes on with another word. */
static bool goes_on(const struct command *command, const char *words)
{
    size_t size = strlen(words);

    if (size == 0)
        return true;
    return strncmp(command->words, words, size) == 0 && command->words[size] == ' ';
}

/* The word of the command that follows these. */
static const char *next_word(const struct command *command, const char *words, size_t *ret_size)
{
    const char *next = command->words + strlen(words) + (*words != '\0');

    *ret_size = strcspn(next, " ");
    return next;
}

/* Whether an earlier command has the same words up to size: it is said once. */
static bool is_said(int index, size_t size)
{
    const char *words = command_at(index)->words;

    for (int i = 0; i < index; i++) {
        const char *earlier = command_at(i)->words;
        if (strncmp(earlier, words, size) == 0 && (earlier[size] == ' ' || earlier[size] == '\0'))
            return true;
    }
    return false;
}

/* A text between single quotes. */
static void print_quoted(const char *text, const char *quote)
{
    putchar('\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs(quote, stdout);
        else
            putchar(*text);
    }
    putchar('\'');
}

static void print_options_where(bool (*fits)(enum option_id), const char *separator)
{
    const char *between = "";

    for (int i = 0; i < OPTION_COUNT; i++) {
        if (!fits((enum option_id)i))
            continue;
        printf("%s--%s", between, option_name((enum option_id)i));
        between = separator;
    }
}

static bool takes_argument(enum option_id option)
{
    return option_argument_name(option) != NULL;
}

/* Calls print for each beginning of a command's words, "" first, each once. */
static void for_each_beginning(void (*print)(const char *words))
{
    print("");
    for (int i = 0; command_at(i) != NULL; i++) {
        const char *all = command_at(i)->words;
        for (const char *space = strchr(all, ' '); space != NULL; space = strchr(space + 1, ' ')) {
            char words[WORDS_MAX];
            if (is_said(i, (size_t)(space - all)))
                continue;
            snprintf(words, sizeof(words), "%.*s", (int)(space - all), all);
            print(words);
        }
    }
}

/* --- bash --- */

static void print_bash_next(const char *words)
{
    size_t size;

    printf("    '%s') echo \"", words);
    for (int i = 0; command_at(i) != NULL; i++) {
        if (!goes_on(command_at(i), words))
            continue;
        const char *next = next_word(command_at(i), words, &size);
        if (!is_said(i, (size_t)(next - command_at(i)->words) + size))
            printf("%.*s ", (int)size, next);
    }
    printf("\" ;;\n");
}

static bool takes_files(const struct command *command)
{
    return command->arguments != NULL &&
           (strstr(command->arguments, "FILE") != NULL || strcmp(command->arguments, "PLAN") == 0);
}

/*
 * bash cuts words at '=' and ':' too, so that they are put together again, by the blanks on the
 * line; of what is offered it takes the part behind the last of those.
 */
static const char bash_words[] =
    "_cowkey_words()\n{\n    local rest=${COMP_LINE:0:COMP_POINT} word blanks\n"
    "    for word in \"${COMP_WORDS[@]:0:COMP_CWORD + 1}\"; do\n"
    "        blanks=${rest%%[![:space:]]*}\n        rest=${rest#\"$blanks\"}\n"
    "        if [[ -z $blanks ]] && ((${#line[@]})); then\n            line[-1]+=$word\n"
    "        else\n            line+=(\"$word\")\n        fi\n"
    "        rest=${rest#\"$word\"}\n    done\n}\n"
    "_cowkey()\n{\n    local -a line=()\n    _cowkey_words\n"
    "    local current=${line[-1]} before=${line[-2]} words= choices i=1\n"
    "    COMPREPLY=()\n    _cowkey_count\n"
    "    if [[ $current == --*=* ]]; then\n        before=${current%%=*}\n"
    "        current=${current#*=}\n    fi\n    _cowkey_reply\n"
    "    [[ $current != *:* ]] || "
    "COMPREPLY=(\"${COMPREPLY[@]#\"${current%\"${current##*:}\"}\"}\")\n"
    "}\ncomplete -F _cowkey cowkey\n";

static void print_bash(void)
{
    printf("# bash completion for cowkey, made from its table of options\n"
           "_cowkey_next()\n{\n    case \"$1\" in\n");
    for_each_beginning(print_bash_next);
    printf("    esac\n}\n_cowkey_options()\n{\n    echo \"");
    for (int i = 0; i <= OPTION_COMMON_LAST; i++)
        printf("--%s ", option_name((enum option_id)i));
    printf("\"\n    case \"$1\" in\n");
    for (int i = 0; command_at(i) != NULL; i++) {
        const enum option_id *own = command_at(i)->options;
        printf("    '%s') echo \"", command_at(i)->words);
        for (; own != NULL && *own != OPTION_COUNT; own++)
            printf("--%s ", option_name(*own));
        printf("\" ;;\n");
    }
    printf("    esac\n}\n_cowkey_count()\n{\n    while ((i < ${#line[@]} - 1)); do\n"
           "        case \"${line[i]}\" in\n        ");
    print_options_where(takes_argument, " | ");
    printf(") ((i++)) ;;\n        -*) ;;\n"
           "        *) words+=\"${words:+ }${line[i]}\" ;;\n        esac\n"
           "        ((++i))\n    done\n}\n_cowkey_reply()\n{\n    case \"$before\" in\n    ");
    print_options_where(takes_file, " | ");
    printf(")\n        compopt -o filenames 2>/dev/null\n"
           "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n        return ;;\n    ");
    print_options_where(takes_command, " | ");
    printf(")\n        mapfile -t COMPREPLY < <(compgen -c -- \"$current\")\n        return ;;\n");
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (option_choices((enum option_id)i, NULL) == NULL)
            continue;
        printf("    --%s)\n", option_name((enum option_id)i));
        print_choices((enum option_id)i, "words");
        printf("        mapfile -t COMPREPLY < <(compgen -W \"${choices[*]}\" -- \"$current\")\n"
               "        return ;;\n");
    }
    printf("    ");
    print_options_where(takes_other, " | ");
    printf(") return ;;\n    esac\n    if [[ $current == -* ]]; then\n"
           "        mapfile -t COMPREPLY < <(compgen -W \"$(_cowkey_options \"$words\")\" -- "
           "\"$current\")\n        return\n    fi\n    case \"$words\" in\n");
    for (int i = 0; command_at(i) != NULL; i++) {
        if (takes_files(command_at(i)))
            printf("    '%s')\n        compopt -o filenames 2>/dev/null\n"
                   "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
                   "        return ;;\n",
                   command_at(i)->words);
    }
    printf("    esac\n    mapfile -t COMPREPLY < <(compgen -W \"$(_cowkey_next \"$words\")\" -- "
           "\"$current\")\n}\n%s",
           bash_words);
}

/* --- zsh --- */

static const char zsh_quote[] = "'\\''";

/* "name:what it is", as _describe takes it; in the name a ':' would be escaped, in the rest not. */
static void print_zsh_pair(const char *before, const char *name, int size, const char *help)
{
    char text[256];

    snprintf(text, sizeof(text), "%s%.*s:%s", before, size, name, help);
    putchar(' ');
    print_quoted(text, zsh_quote);
}

static void print_zsh_next(const char *words)
{
    size_t size;

    printf("    ('%s') next=(", words);
    for (int i = 0; command_at(i) != NULL; i++) {
        if (!goes_on(command_at(i), words))
            continue;
        const char *next = next_word(command_at(i), words, &size);
        if (!is_said(i, (size_t)(next - command_at(i)->words) + size))
            print_zsh_pair("", next, (int)size,
                           next[size] == '\0' ? command_at(i)->summary : "...");
    }
    printf(" ) ;;\n");
}

static void print_zsh_option(enum option_id option)
{
    print_zsh_pair("--", option_name(option), (int)strlen(option_name(option)),
                   option_help(option));
}

static void print_zsh(void)
{
    printf("#compdef cowkey\n# zsh completion for cowkey, made from its table of options\n"
           "_cowkey()\n{\n    local -a before next options choices\n    local i=2 at\n"
           "    while (( i < CURRENT )); do\n        case $words[i] in\n        (");
    print_options_where(takes_argument, "|");
    printf(") (( i++ )) ;;\n        (-*) ;;\n        (*) before+=$words[i] ;;\n        esac\n"
           "        (( i++ ))\n    done\n    at=\"$before\"\n    local option=$words[CURRENT-1]\n"
           "    if [[ $words[CURRENT] == --*=* ]]; then\n        option=${words[CURRENT]%%%%=*}\n"
           "        compset -P '*='\n    fi\n    case $option in\n    (");
    print_options_where(takes_file, "|");
    printf(") _files; return ;;\n    (");
    print_options_where(takes_command, "|");
    printf(") _command_names -e; return ;;\n");
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (option_choices((enum option_id)i, NULL) == NULL)
            continue;
        printf("    (--%s)\n", option_name((enum option_id)i));
        print_choices((enum option_id)i, "at");
        printf("        compadd -- $choices\n        return ;;\n");
    }
    printf("    (");
    print_options_where(takes_other, "|");
    printf(") return 1 ;;\n    esac\n    if [[ $words[CURRENT] == -* ]]; then\n        options=(");
    for (int i = 0; i <= OPTION_COMMON_LAST; i++)
        print_zsh_option((enum option_id)i);
    printf(" )\n        case $at in\n");
    for (int i = 0; command_at(i) != NULL; i++) {
        const enum option_id *own = command_at(i)->options;
        printf("        ('%s') options+=(", command_at(i)->words);
        for (; own != NULL && *own != OPTION_COUNT; own++)
            print_zsh_option(*own);
        printf(" ) ;;\n");
    }
    printf("        esac\n        _describe -o option options\n        return\n    fi\n"
           "    case $at in\n");
    for_each_beginning(print_zsh_next);
    for (int i = 0; command_at(i) != NULL; i++) {
        if (takes_files(command_at(i)))
            printf("    ('%s') _files; return ;;\n", command_at(i)->words);
    }
    printf("    esac\n    _describe command next\n}\n_cowkey \"$@\"\n");
}

/* --- fish --- */

static const char fish_quote[] = "\\'";

static void print_fish_next(const char *words)
{
    size_t size;

    for (int i = 0; command_at(i) != NULL; i++) {
        if (!goes_on(command_at(i), words))
            continue;
        const char *next = next_word(command_at(i), words, &size);
        if (is_said(i, (size_t)(next - command_at(i)->words) + size))
            continue;
        printf("complete -c cowkey -n '__cowkey_at \"%s\"' -a %.*s", words, (int)size, next);
        if (next[size] == '\0') {
            printf(" -d ");
            print_quoted(command_at(i)->summary, fish_quote);
        }
        putchar('\n');
    }
}

static void print_fish_option(const struct command *command, enum option_id option)
{
    const char *choices = option_choices(option, command != NULL ? command->words : NULL);

    printf("complete -c cowkey");
    if (command != NULL)
        printf(" -n '__cowkey_at \"%s\"'", command->words);
    if (option_letter(option) != 0)
        printf(" -s %c", option_letter(option));
    printf(" -l %s", option_name(option));
    if (takes_file(option))
        printf(" -r -F");
    else if (choices != NULL)
        printf(" -x -a '%s'", choices);
    else if (takes_command(option))
        printf(" -x -a '(__fish_complete_command)'");
    else if (takes_argument(option))
        printf(" -x");
    printf(" -d ");
    print_quoted(option_help(option), fish_quote);
    putchar('\n');
}

static void print_fish(void)
{
    printf("# fish completion for cowkey, made from its table of options\n"
           "function __cowkey_at\n    set -l words\n    set -l skip 0\n"
           "    for word in (commandline -opc)[2..-1]\n        if test $skip = 1\n"
           "            set skip 0\n            continue\n        end\n        switch $word\n"
           "            case ");
    print_options_where(takes_argument, " ");
    printf("\n                set skip 1\n            case '-*'\n            case '*'\n"
           "                set -a words $word\n        end\n    end\n"
           "    test \"$words\" = \"$argv[1]\"\nend\ncomplete -c cowkey -f\n");
    for_each_beginning(print_fish_next);
    for (int i = 0; i <= OPTION_COMMON_LAST; i++)
        print_fish_option(NULL, (enum option_id)i);
    for (int i = 0; command_at(i) != NULL; i++) {
        const enum option_id *own = command_at(i)->options;
        for (; own != NULL && *own != OPTION_COUNT; own++)
            print_fish_option(command_at(i), *own);
        if (takes_files(command_at(i)))
            printf("complete -c cowkey -n '__cowkey_at \"%s\"' -F\n", command_at(i)->words);
    }
}

enum ck_err completion_print(const char *shell, struct ck_error *err)
{
    if (strcmp(shell, "bash") == 0)
        print_bash();
    else if (strcmp(shell, "zsh") == 0)
        print_zsh();
    else if (strcmp(shell, "fish") == 0)
        print_fish();
    else
        return ck_error_set(err, CK_ERR_USAGE,
                            "--print-completion takes bash, zsh or fish, not '%.100s'", shell);
    return CK_OK;
}
