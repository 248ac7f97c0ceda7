#!/bin/bash
# What a skilled admin does by hand today: enrolls and proves a factor on a mailcow with curl, jq, oathtool,
# fido2-cred and fido2-assert. The other side of tests/bench/enroll.
#
#   admin.sh totp|webauthn|passkey      with URL CACERT RESOLVE ACCOUNT PASSWORD_FILE LOGIN FACTOR HOST DEVICE set
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
label="bench $RANDOM$RANDOM"

# A request with the cookie jar $jar; further arguments are curl's.
request() {
    curl -sS --compressed --cacert "$CACERT" --resolve "$RESOLVE" -A bench -b "$jar" -c "$jar" "$@"
}
log_in() {
    jar=$work/$1
    request --data-urlencode "login_user=$ACCOUNT" --data-urlencode "pass_user@$PASSWORD_FILE" "$URL$LOGIN"
}
csrf_token() {
    sed -n "s/.*value=\"\([0-9a-f]\{64\}\)\">').attr('name', 'csrf_token').*/\1/p" "$1" | head -n 1
}
row_of_label() { # FILE KIND: the id of the authenticator with our label on a login page
    grep -A 4 "$2-authenticator-selection" "$1" | grep -A 1 -F "<span>$label</span>" |
        sed -n 's/.*value="\([0-9]*\)".*/\1/p' | head -n 1
}
shows_account() {
    request "$URL$FACTOR" | grep -qF "username-lia\">$ACCOUNT"
}
# mailcow's JSON keeps binary values as =?BINARY?B?...?=
binary() {
    jq -r "$1" | sed 's/^=?BINARY?B?\(.*\)?=$/\1/'
}
client_data() { # TYPE CHALLENGE, into client-data
    printf '{"type":"webauthn.%s","challenge":"%s","origin":"%s","crossOrigin":false}' \
        "$1" "$(tr '+/' '-_' <<<"$2" | tr -d '=')" "$URL" >client-data
    openssl dgst -sha256 -binary client-data | base64 >client-data-hash
}
raw() { # base64 of a CBOR byte string: its content
    base64 -d | tail -c +3 | base64 -w 0
}

make_credential() { # OPTIONS-PATH FIDO2-CRED-OPTIONS
    local path=$1
    shift
    request "$URL$path" >options
    client_data create "$(binary .publicKey.challenge <options)"
    {
        cat client-data-hash
        echo "$HOST"
        echo "$ACCOUNT"
        binary .publicKey.user.id <options
    } | fido2-cred -M "$@" "$DEVICE" >credential
    # fmt none: the authenticator data is the fourth line, the credential id the fifth
    {
        printf '\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData'
        sed -n 4p credential | base64 -d
    } | base64 -w 0 >attestation
    credential_id=$(sed -n 5p credential)
}
sign() { # CHALLENGE FIDO2-ASSERT-OPTIONS, prints the token
    client_data get "$1"
    shift
    {
        cat client-data-hash
        echo "$HOST"
        [[ " $* " == *" -r "* ]] || echo "$credential_id"
    } | fido2-assert -G "$@" "$DEVICE" >assertion
    jq -cn --arg id "$credential_id" --arg data "$(base64 -w 0 client-data)" \
        --arg auth "$(sed -n 3p assertion | raw)" --arg sig "$(sed -n 4p assertion)" \
        '{id: $id, clientDataJSON: $data, authenticatorData: $auth, signature: $sig}'
}

totp() {
    log_in first >/dev/null
    request "$URL$FACTOR" >page
    secret=$(head -c 20 /dev/urandom | base32)
    request --data-urlencode set_tfa= --data-urlencode tfa_method=totp --data-urlencode "key_id=$label" \
        --data-urlencode "confirm_password@$PASSWORD_FILE" --data-urlencode "totp_secret=$secret" \
        --data-urlencode "totp_confirm_token=$(oathtool --totp -b "$secret")" \
        --data-urlencode "csrf_token=$(csrf_token page)" "$URL$FACTOR" >answer
    grep -qF "$label" answer
    log_in second >pending
    request --data-urlencode verify_tfa_login= --data-urlencode tfa_method=totp \
        --data-urlencode "id=$(row_of_label pending totp)" \
        --data-urlencode "token=$(oathtool --totp -b "$secret")" "$URL$LOGIN" >/dev/null
    shows_account
}

webauthn() {
    log_in first >/dev/null
    request "$URL$FACTOR" >page
    make_credential /api/v1/get/webauthn-tfa-registration
    jq -cn --arg data "$(base64 -w 0 client-data)" --arg object "$(cat attestation)" --arg name "$label" \
        --rawfile password "$PASSWORD_FILE" '{clientDataJSON: $data, attestationObject: $object,
            key_id: $name, tfa_method: "webauthn", confirm_password: $password}' >registration
    request -H 'Content-Type: text/plain;charset=UTF-8' --data-binary @registration \
        "$URL/api/v1/add/webauthn-tfa-registration" | jq -e .success >/dev/null
    request "$URL$FACTOR" | grep -qF "$label"
    log_in second >pending
    challenge=$(request "$URL/api/v1/get/webauthn-tfa-get-args" | binary .publicKey.challenge)
    request --data-urlencode verify_tfa_login= --data-urlencode tfa_method=webauthn \
        --data-urlencode "id=$(row_of_label pending webauthn)" \
        --data-urlencode "token=$(sign "$challenge")" "$URL$LOGIN" >/dev/null
    shows_account
}

passkey() {
    log_in first >/dev/null
    request "$URL$FACTOR" >page
    make_credential /api/v1/get/fido2-registration -r -v
    jq -cn --arg data "$(base64 -w 0 client-data)" --arg object "$(cat attestation)" \
        '{clientDataJSON: $data, attestationObject: $object}' >registration
    request -H 'Content-Type: text/plain;charset=UTF-8' --data-binary @registration \
        "$URL/api/v1/add/fido2-registration" | jq -e .success >/dev/null
    cid=$(base64 -d <<<"$credential_id" | openssl dgst -sha256 -r | cut -d ' ' -f 1)
    request -H 'Content-Type: application/json' \
        --data-binary "$(jq -cn --arg cid "$cid" --arg name "$label" \
            '{items: null, attr: {fido2_cid: $cid, fido2_fn: $name}}')" "$URL/api/v1/edit/fido2-fn" >/dev/null
    request "$URL$FACTOR" | grep -qF "$cid"
    jar=$work/second
    challenge=$(request "$URL/api/v1/get/fido2-get-args" | binary .publicKey.challenge)
    request --data-urlencode verify_fido2_login=true \
        --data-urlencode "token=$(sign "$challenge" -r -t uv=true)" "$URL$LOGIN" >/dev/null
    shows_account
}

"$1"
