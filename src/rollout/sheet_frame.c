/* What sheets and letters have in common. */
#include <string.h>
#include <time.h>

#include "cowkey/base/ascii.h"
#include "cowkey/key/aaguid.h"
#include "cowkey/report/html.h"
#include "sheet_page.h"

/*
 * Paper is white whatever the screen is. What belongs together is not torn apart, and the picture
 * of a code is not scaled to the page, so that phones read it.
 */
static const char style[] =
    "@page{size:A4;margin:12mm 16mm}\n"
    "body{max-width:178mm;font-size:11pt;line-height:1.4}\n"
    "h1{font-size:1.5rem;margin-bottom:.5rem}h2{font-size:1.15em;margin:.8rem 0 .2rem;"
    "break-after:avoid}\n"
    "p,li{max-width:none;overflow-wrap:anywhere}ol{margin:.3rem 0;padding-left:1.5rem}"
    "li{margin:.15rem 0}\n"
    "dl.who{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;"
    "border:solid var(--line);border-width:1px 0;padding:.4rem 0}\n"
    "dl.who dt,dl.who dd{margin:0;overflow-wrap:anywhere}\n"
    "a{color:inherit}\n"
    ".whole{break-inside:avoid}\n"
    ".code{display:flex;gap:1rem;align-items:center;break-inside:avoid;margin:.4rem 0}\n"
    ".code>div{min-width:0}\n"
    ".qr{flex:none;background:#fff}.qr svg{max-width:none}\n"
    ".secret{font:13pt/1.4 ui-monospace,\"DejaVu Sans Mono\",monospace;overflow-wrap:anywhere;"
    "margin:.2rem 0}\n"
    ".boxed{border:1px solid var(--ink);padding:.2rem .6rem;width:fit-content;max-width:100%}\n"
    ".warning{border:2px solid var(--ink);padding:.3rem .7rem;margin:.5rem 0;break-inside:avoid}\n"
    "table{margin:.2rem 0}td{overflow-wrap:anywhere}.keys td:first-child{white-space:nowrap}\n"
    "footer{margin-top:.9rem;border-top:1px solid var(--line);padding-top:.3rem;font-size:8.5pt;"
    "color:var(--soft);break-inside:avoid}\n"
    "@media print{body{font-size:10pt;line-height:1.35}footer{color:#000}.soft{color:#000}}\n";

static void put_login_page(FILE *to, const struct sheet_frame *frame, enum ck_role role)
{
    static const char *const paths[CK_ROLES_COUNT] = {
        [CK_ROLE_MAILBOX] = "/",
        [CK_ROLE_DOMAIN_ADMIN] = "/domainadmin",
        [CK_ROLE_ADMIN] = "/admin",
    };

    fputs("<a href=\"", to);
    ck_html_text(to, frame->server);
    fprintf(to, "%s\">", paths[role]);
    ck_html_text(to, frame->server);
    fprintf(to, "%s</a>", paths[role]);
    if (role == CK_ROLE_DOMAIN_ADMIN) {
        fputs(" <span class=\"soft\">(where there is no such page: ", to);
        ck_html_text(to, frame->server);
        fputs("/)</span>", to);
    }
}

void sheet_put_begin(FILE *to, const char *title, const struct sheet_frame *frame,
                     const struct sheet_facts *facts)
{
    const struct ck_account *account = &facts->person.account;

    ck_html_begin_styled(to, title, style);
    fputs("<dl class=\"who\">\n", to);
    if (facts->person.display_name[0] != '\0') {
        fputs("<dt>Name</dt><dd>", to);
        ck_html_text(to, facts->person.display_name);
        fputs("</dd>\n", to);
    }
    fputs("<dt>Account</dt><dd><strong>", to);
    ck_html_text(to, account->name);
    fprintf(to, "</strong> (%s)</dd>\n<dt>Login page</dt><dd>", ck_role_noun(account->role, false));
    put_login_page(to, frame, account->role);
    fputs("</dd>\n</dl>\n", to);
}

void sheet_put_end(FILE *to, const struct sheet_frame *frame, bool has_secrets)
{
    char moment[32] = "";
    time_t made = (time_t)frame->made_s;
    struct tm parts;

    if (gmtime_r(&made, &parts) != NULL)
        strftime(moment, sizeof(moment), "%Y-%m-%d %H:%M UTC", &parts);
    fprintf(to, "<footer>Made on %s.%s</footer>\n", moment,
            has_secrets ? " Whoever reads this page can use what is on it. Show it to nobody, "
                          "photograph nothing but the code, with the app itself, and shred the "
                          "page when you no longer need it. Nobody has to ask you for it."
                        : "");
    ck_html_end(to);
}

/* "2fc0579f-8113-47ea-b116-bb5a8db9202a" */
static bool parse_aaguid(const char *text, uint8_t ret_aaguid[CK_AAGUID_SIZE])
{
    size_t size = 0;

    for (const char *at = text; *at != '\0'; at += 2) {
        at += *at == '-';
        int high = ck_ascii_hex_value(at[0]);
        int low = high >= 0 ? ck_ascii_hex_value(at[1]) : -1;
        if (low < 0 || size == CK_AAGUID_SIZE)
            return false;
        ret_aaguid[size++] = (uint8_t)(high << 4 | low);
    }
    return size == CK_AAGUID_SIZE;
}

void sheet_put_key(FILE *to, const struct ck_ledger_key *key)
{
    uint8_t aaguid[CK_AAGUID_SIZE];
    const char *model = parse_aaguid(key->aaguid, aaguid) ? ck_aaguid_name(aaguid) : NULL;

    ck_html_text(to, model != NULL ? model : "");
    if (key->serial[0] == '\0')
        return;
    fputs(model != NULL ? ", serial number " : "Serial number ", to);
    ck_html_text(to, key->serial);
}

unsigned sheet_keys_count(const struct sheet_facts *facts)
{
    unsigned count = 0;

    for (unsigned n = 1; n <= CK_POLICY_KEYS_MAX; n++)
        count += facts->keys[n].on_sheet;
    return count;
}
