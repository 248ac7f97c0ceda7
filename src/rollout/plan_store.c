/* Rows in blocks, which never move, and texts in others: no array is ever copied to a larger one. */
#include "plan_store.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS_BITS = 12, /* of a block of rows */
    ROWS_BLOCK = 1 << ROWS_BITS,
    ROWS_BLOCKS = CK_PLAN_ROWS_MAX / ROWS_BLOCK + 1,
    TEXTS_BITS = 16, /* of a block of texts */
    TEXTS_BLOCK = 1 << TEXTS_BITS,
    TEXTS_KNOWN = 256, /* texts that are looked at for a new one */
};
static_assert((int)CK_PLAN_LINE_MAX < (int)TEXTS_BLOCK, "a text fits into a block");
/* Each row has some bytes more than its line's end. */
static_assert(CK_PLAN_FILE_MAX <= 1 << 24, "the number of a line fits into a row");
static_assert((int)CK_ROLES_COUNT <= 4 && (int)CK_ROLLOUT_METHODS <= 4 && (int)CK_ROUTES <= 4,
              "two bits are enough for each");

/* Texts are their places: 0 is none. */
struct row {
    uint32_t name, password_name, label, group, display_name;
    uint32_t line : 24, role : 2, method : 2, route : 2, password_kind : 2;
};

struct plan_store {
    struct row *rows[ROWS_BLOCKS];
    size_t count;

    char **texts;
    size_t blocks, used; /* blocks of texts, and bytes of the last one */
    uint32_t known[TEXTS_KNOWN];
};

struct plan_store *plan_store_new(void)
{
    return calloc(1, sizeof(struct plan_store));
}

void plan_store_free(struct plan_store **store)
{
    if (*store == NULL)
        return;
    for (size_t i = 0; i < ROWS_BLOCKS; i++)
        free((*store)->rows[i]);
    for (size_t i = 0; i < (*store)->blocks; i++)
        free((*store)->texts[i]);
    free((*store)->texts);
    free(*store);
    *store = NULL;
}

/* --- texts --- */

static const char *text_at(const struct plan_store *store, uint32_t place)
{
    return place != 0 ? store->texts[place >> TEXTS_BITS] + (place & (TEXTS_BLOCK - 1)) : NULL;
}

static enum ck_err add_block(struct plan_store *store, struct ck_error *err)
{
    char **texts = reallocarray(store->texts, store->blocks + 1, sizeof(*texts));

    if (texts == NULL)
        return ck_error_no_memory(err);
    store->texts = texts;
    texts[store->blocks] = malloc(TEXTS_BLOCK);
    if (texts[store->blocks] == NULL)
        return ck_error_no_memory(err);
    store->used = store->blocks == 0; /* nothing has the place 0 */
    store->blocks++;
    return CK_OK;
}

/* FNV-1a, for a slot only. */
static size_t slot_of(const char *text)
{
    uint32_t hash = 2166136261u;

    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return (hash ^ hash >> 16) % TEXTS_KNOWN;
}

static enum ck_err keep(struct plan_store *store, const char *text, uint32_t *ret_place,
                        struct ck_error *err)
{
    if (text == NULL) {
        *ret_place = 0;
        return CK_OK;
    }
    uint32_t *known = &store->known[slot_of(text)];
    size_t size = strlen(text) + 1;
    if (*known == 0 || strcmp(text_at(store, *known), text) != 0) {
        if ((store->blocks == 0 || store->used + size > TEXTS_BLOCK) &&
            add_block(store, err) != CK_OK)
            return err->code;
        memcpy(store->texts[store->blocks - 1] + store->used, text, size);
        *known = (uint32_t)((store->blocks - 1) << TEXTS_BITS | store->used);
        store->used += size;
    }
    *ret_place = *known;
    return CK_OK;
}

/* --- rows --- */

static struct row *row_at(const struct plan_store *store, size_t index)
{
    return &store->rows[index >> ROWS_BITS][index & (ROWS_BLOCK - 1)];
}

enum ck_err plan_store_add(struct plan_store *store, const struct ck_plan_item *item,
                           struct ck_error *err)
{
    struct row **block = &store->rows[store->count >> ROWS_BITS];
    struct row row = {.line = (uint32_t)item->line & 0xffffff,
                      .role = (uint32_t)item->account.role & 3,
                      .method = (uint32_t)item->method & 3,
                      .route = (uint32_t)item->route & 3,
                      .password_kind = (uint32_t)item->password_kind & 3};

    if (*block == NULL)
        *block = calloc(ROWS_BLOCK, sizeof(**block));
    if (*block == NULL)
        return ck_error_no_memory(err);
    if (keep(store, item->account.name, &row.name, err) != CK_OK ||
        keep(store, item->password_name, &row.password_name, err) != CK_OK ||
        keep(store, item->label, &row.label, err) != CK_OK ||
        keep(store, item->group, &row.group, err) != CK_OK)
        return err->code;
    *row_at(store, store->count++) = row;
    return CK_OK;
}

void plan_store_get(const struct plan_store *store, size_t index, struct ck_plan_item *ret_item)
{
    const struct row *row = row_at(store, index);

    ret_item->line = row->line;
    strcpy(ret_item->account.name, text_at(store, row->name));
    ret_item->account.role = (enum ck_role)row->role;
    ret_item->method = (enum ck_rollout_method)row->method;
    ret_item->route = (enum ck_rollout_route)row->route;
    ret_item->password_kind = (enum ck_password_kind)row->password_kind;
    ret_item->password_name = text_at(store, row->password_name);
    ret_item->label = text_at(store, row->label);
    ret_item->group = text_at(store, row->group);
    ret_item->display_name = text_at(store, row->display_name);
}

const char *plan_store_name(const struct plan_store *store, size_t index)
{
    return text_at(store, row_at(store, index)->name);
}

enum ck_role plan_store_role(const struct plan_store *store, size_t index)
{
    return (enum ck_role)row_at(store, index)->role;
}

enum ck_err plan_store_set_display_name(struct plan_store *store, size_t index, const char *name,
                                        struct ck_error *err)
{
    struct row *row = row_at(store, index);

    if (*name == '\0' ||
        (row->display_name != 0 && strcmp(text_at(store, row->display_name), name) == 0))
        return CK_OK;
    return keep(store, name, &row->display_name, err);
}
