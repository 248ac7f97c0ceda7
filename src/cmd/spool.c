/* Temporary files that become files. */
#include "spool.h"

#include <sys/mman.h>

#include "cowkey/base/file.h"

enum ck_err spool_open(FILE **ret_spool, struct ck_error *err)
{
    FILE *spool = tmpfile();

    if (spool == NULL) {
        ck_error_set(err, CK_ERR_UNCHANGED, "no temporary file can be made: %m");
        return ck_error_hint(err, "What is written is put together in one; make room in /tmp.");
    }
    *ret_spool = spool;
    return CK_OK;
}

void spool_close(FILE **spool)
{
    if (*spool != NULL)
        fclose(*spool);
    *spool = NULL;
}

void spool_copy(FILE *spool, FILE *to)
{
    char block[16384];
    size_t size;

    rewind(spool);
    while ((size = fread(block, 1, sizeof(block), spool)) > 0)
        fwrite(block, 1, size, to);
}

enum ck_err spool_check(FILE *spool, const char *what, struct ck_error *err)
{
    if (fflush(spool) == 0 && !ferror(spool))
        return CK_OK;
    ck_error_set(err, CK_ERR_UNCHANGED, "the %s could not be put together: %m", what);
    return ck_error_hint(err, "Make room in /tmp.");
}

/* Mapped, so that one of any size needs no memory of ours. */
enum ck_err spool_keep(FILE *spool, const char *what, const char *path, struct ck_error *err)
{
    enum ck_err r = spool_check(spool, what, err);

    if (r != CK_OK)
        return r;
    off_t size = ftello(spool);
    void *bytes =
        size > 0 ? mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fileno(spool), 0) : MAP_FAILED;
    if (bytes == MAP_FAILED)
        return ck_error_set(err, CK_ERR_UNCHANGED, "the %s could not be put together: %m", what);
    r = ck_file_create_bytes(path, bytes, (size_t)size, err);
    munmap(bytes, (size_t)size);
    return r;
}
