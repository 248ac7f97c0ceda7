#include "user.h"

#include "key.h"

bool user_protected(const struct key *key)
{
    return (key->script.client_pin && key->store.pin_set) || key->script.uv == UV_SET;
}

/* --- waiting, with keepalives (CTAP 2.1 section 11.2.9.2.1) --- */

struct wait {
    int64_t started_ms;
    int64_t keepalive_ms; /* when the next one is due */
    int64_t keepalives;   /* so many were sent */
    enum hid_keepalive why;
};

static struct wait wait_start(const struct key *key, enum hid_keepalive why)
{
    int64_t now = now_ms();

    return (struct wait){now, now + key->script.keepalive_ms, 0, why};
}

/* Serves everybody for a while: until something came, the next keepalive, or until_ms. */
static enum ctap_status wait_step(struct key *key, struct wait *wait, int64_t until_ms)
{
    int64_t next_ms = wait->keepalive_ms < until_ms ? wait->keepalive_ms : until_ms;
    int64_t left_ms = next_ms - now_ms();
    uint8_t why = (uint8_t)wait->why;

    server_step(key, left_ms > 0 ? left_ms : 0); /* -1 would be for ever */
    if (key->hid.aborted)
        return CTAP_NO_ANSWER;
    if (key->hid.cancelled)
        return CTAP_KEEPALIVE_CANCEL;
    if (now_ms() >= wait->keepalive_ms) {
        hid_reply(key, HID_KEEPALIVE, &why, 1);
        wait->keepalive_ms += key->script.keepalive_ms;
        wait->keepalives++;
    }
    return CTAP_OK;
}

enum ctap_status user_kept_waiting(struct key *key, int64_t ms)
{
    struct wait wait = wait_start(key, HID_WORKING);

    while (now_ms() < wait.started_ms + ms)
        TRY(wait_step(key, &wait, wait.started_ms + ms));
    return CTAP_OK;
}

/* The script may change while it is waited for. */
static bool touched(const struct key *key, const struct wait *wait)
{
    const struct script *script = &key->script;
    bool due = script->touch_ms != TOUCH_NEVER && now_ms() - wait->started_ms >= script->touch_ms;

    return (due || key->user.pressed) && wait->keepalives >= script->keepalives;
}

static enum ctap_status wait_for_touch(struct key *key)
{
    struct wait wait = wait_start(key, HID_TOUCH_NEEDED);

    while (!touched(key, &wait)) {
        int64_t timeout_ms = wait.started_ms + key->script.touch_timeout_ms;
        int64_t touch_ms = wait.started_ms + key->script.touch_ms;
        if (now_ms() >= timeout_ms)
            return CTAP_USER_ACTION_TIMEOUT;
        bool touch_next = touch_ms > now_ms() && touch_ms < timeout_ms;
        TRY(wait_step(key, &wait, touch_next ? touch_ms : timeout_ms));
    }
    key->user.pressed = false;
    return CTAP_OK;
}

enum ctap_status user_touch(struct key *key)
{
    key->user.waited_for = true;
    enum ctap_status status = wait_for_touch(key);
    key->user.waited_for = false;
    log_note(&key->log, "touched", json_boolean(status == CTAP_OK));
    return status;
}

enum ctap_status user_verify(struct key *key)
{
    if (key->store.uv_tries == 0)
        return CTAP_UV_BLOCKED;
    TRY(user_touch(key));
    if (key->script.uv_result == UV_TIMEOUT)
        return CTAP_USER_ACTION_TIMEOUT;
    bool matched = key->script.uv_result == UV_OK;
    log_note(&key->log, "finger", json_boolean(matched));
    key->store.uv_tries = matched ? UV_TRIES : key->store.uv_tries - 1;
    store_save(&key->store);
    if (matched)
        return CTAP_OK;
    return key->store.uv_tries == 0 ? CTAP_UV_BLOCKED : CTAP_UV_INVALID;
}

/* --- evidence --- */

static enum ctap_status pick_by_touch(struct key *key)
{
    TRY(user_touch(key));
    return key->store.pin_set ? CTAP_PIN_INVALID : CTAP_PIN_NOT_SET;
}

enum ctap_status evidence_check(struct key *key, struct evidence *evidence)
{
    bool given = evidence->param.data != NULL;

    log_note(&key->log, "pin_auth", json_boolean(given));
    log_note(&key->log, "uv", json_boolean(evidence->uv));
    if (given && evidence->param.size == 0)
        return pick_by_touch(key);
    if (given && evidence->protocol == 0)
        return CTAP_MISSING_PARAMETER;
    if (given && !script_offers_protocol(&key->script, evidence->protocol))
        return CTAP_INVALID_PARAMETER;
    if (given)
        evidence->uv = false;
    if (evidence->uv && key->script.uv != UV_SET)
        return CTAP_INVALID_OPTION;
    return CTAP_OK;
}

enum ctap_status evidence_use(struct key *key, struct evidence *evidence)
{
    if (evidence->param.data != NULL) {
        TRY(pin_verify(key, evidence->protocol, evidence->param, evidence->client_data_hash));
        if (!pin_permits(key, evidence->permission, evidence->rp_id_hash))
            return CTAP_PIN_AUTH_INVALID;
        evidence->verified = true;
        evidence->present = key->pin.present;
    } else if (evidence->uv) {
        enum ctap_status status = user_verify(key);
        if (status == CTAP_UV_INVALID || status == CTAP_UV_BLOCKED)
            return key->store.pin_set ? CTAP_PUAT_REQUIRED : CTAP_OPERATION_DENIED;
        TRY(status);
        evidence->verified = true;
        evidence->present = true;
    }
    return CTAP_OK;
}
