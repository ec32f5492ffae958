/* SPDX-License-Identifier: Apache-2.0 */
/* pull.c - brings a model file into the store. */
#include "store/pull.h"

#include "base/error.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/child.h"
#include "store/paths.h"
#include "store/sha256.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Lists the members of a zip archive, or writes one of them. */
static const char archive_script[] =
    "import json, sys, zipfile\n"
    "archive = zipfile.ZipFile(sys.argv[1])\n"
    "if len(sys.argv) == 2:\n"
    "    json.dump([[m.filename, m.file_size] for m in archive.infolist()], sys.stdout)\n"
    "else:\n"
    "    with archive.open(sys.argv[2]) as member:\n"
    "        while piece := member.read(1 << 20):\n"
    "            sys.stdout.buffer.write(piece)\n";

typedef struct pull {
    const mn_store *store;
    const mn_catalogue_entry *entry;
    mn_pull_progress *progress;
    void *user;
    char *folder;            /* of what is being fetched */
    int lock;                /* held while we live */
    uint64_t fetched_bytes;  /* of the parts before this one */
    mn_output *output;       /* NULL: only count and hash */
    mn_sha256 *hash;
    uint64_t written_bytes;
    uint64_t limit_bytes;    /* more than this is refused */
    uint64_t unpacked_bytes; /* what the unpacking is expected to give */
} pull;

/* --- sources --------------------------------------------------------------------------------- */

static bool is_word(const char *text, size_t length)
{
    static const char others[] = "._-+!";
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        bool alphanumeric =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alphanumeric && (!i || !strchr(others, c))) return false;
    }
    return length && length < 100;
}

bool mn_pull_is_source(const char *text)
{
    return !strncmp(text, "pypi:", 5);
}

mn_status mn_pull_check_source(const char *source, mn_error *error)
{
    const char *package = source + 5, *equals = strstr(source, "==");
    size_t version_length = equals ? strcspn(equals + 2, "#") : 0;
    if (!mn_pull_is_source(source) || !equals || !is_word(package, (size_t)(equals - package))
        || !is_word(equals + 2, version_length))
        return mn_fail(error, MN_USAGE, "'%s' is no source; expected pypi:PACKAGE==VERSION#FILE",
                       source);
    return MN_OK;
}

/* "PACKAGE==VERSION" and, after '#', the file inside; NULL: the only model in it. */
static char *requirement_of(const char *source)
{
    return mn_strndup(source + 5, strcspn(source + 5, "#"));
}

static const char *member_of(const char *source)
{
    const char *hash = strchr(source, '#');
    return hash && hash[1] ? hash + 1 : NULL;
}

/* --- the folder of a pull -------------------------------------------------------------------- */

/* Folders of pulls that were killed: nobody holds their lock any more. */
static void remove_abandoned(const char *folder)
{
    mn_text path = { 0 };
    DIR *list = opendir(folder);
    for (struct dirent *entry; list && (entry = readdir(list));) {
        if (entry->d_name[0] == '.') continue;
        mn_text_clear(&path);
        mn_text_format(&path, "%s/%s", folder, entry->d_name);
        int fd =
            path.failed ? -1 : open(path.data, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB)) mn_folder_remove(path.data);
        if (fd >= 0) close(fd);
    }
    if (list) closedir(list);
    mn_text_free(&path);
}

static mn_status make_own_folder(pull *p, const char *parent, mn_error *error)
{
    mn_text path = { 0 };
    for (unsigned i = 0; i < 100; i++) {
        mn_text_clear(&path);
        mn_text_format(&path, "%s/%ld-%u", parent, (long)getpid(), i);
        if (path.failed) return mn_fail_memory(error, path.length, "a path");
        if (mkdir(path.data, 0700)) {
            if (errno == EEXIST) continue;
            break;
        }
        p->lock = open(path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (p->lock >= 0 && !flock(p->lock, LOCK_EX | LOCK_NB)) {
            p->folder = path.data;
            return MN_OK;
        }
        if (p->lock >= 0) close(p->lock); /* taken for abandoned by another pull just now */
        p->lock = -1;
    }
    mn_status status =
        mn_fail(error, MN_IO, "cannot make a folder in %s: %s", parent, strerror(errno));
    mn_text_free(&path);
    return status;
}

static mn_status open_folder(pull *p, mn_error *error)
{
    mn_text path = { 0 };
    mn_text_format(&path, "%s/blobs", mn_store_folder(p->store));
    mn_status status = path.failed ? mn_fail_memory(error, path.length, "a path")
                                   : mn_folder_make(path.data, 0755, error);
    mn_text_clear(&path);
    mn_text_format(&path, "%s/partial", mn_store_folder(p->store));
    if (!status && path.failed) status = mn_fail_memory(error, path.length, "a path");
    if (!status) status = mn_folder_make(path.data, 0755, error);
    if (!status) {
        remove_abandoned(path.data);
        status = make_own_folder(p, path.data, error);
    }
    mn_text_free(&path);
    return status;
}

static mn_status check_disk(const pull *p, uint64_t needed_bytes, mn_error *error)
{
    uint64_t free_bytes;
    if (!mn_disk_free(p->folder, &free_bytes) || free_bytes >= needed_bytes) return MN_OK;
    return mn_fail(error, MN_NO_FIT, "%s: needs %llu MB of disk, and %llu MB are free",
                   p->entry->name, (unsigned long long)needed_bytes / 1000000,
                   (unsigned long long)free_bytes / 1000000);
}

/* Every byte below the folder: what pip has fetched so far. */
static uint64_t folder_bytes(int parent, const char *name, unsigned depth)
{
    uint64_t bytes = 0;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    if (!folder && fd >= 0) close(fd);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        struct stat found;
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        if (fstatat(fd, entry->d_name, &found, AT_SYMLINK_NOFOLLOW)) continue;
        if (S_ISREG(found.st_mode)) bytes += (uint64_t)found.st_size;
        else if (S_ISDIR(found.st_mode) && depth)
            bytes += folder_bytes(fd, entry->d_name, depth - 1);
    }
    if (folder) closedir(folder);
    return bytes;
}

/* --- fetching -------------------------------------------------------------------------------- */

static mn_status tell(const pull *p, const char *doing, uint64_t done, uint64_t total)
{
    return p->progress ? p->progress(p->user, doing, done, total) : MN_OK;
}

static mn_status tick_fetch(void *user, mn_error *error)
{
    pull *p = user;
    (void)error;
    return tell(p, "fetching", p->fetched_bytes + folder_bytes(AT_FDCWD, p->folder, 4),
                p->entry->download_bytes);
}

/* What pip says last about an error, without its "ERROR:". */
static const char *last_error(mn_text *said)
{
    const char *best = NULL, *last = NULL;
    for (char *line = said->data, *next; line && *line; line = next) {
        size_t length = strcspn(line, "\n");
        next = line + length + (line[length] == '\n');
        line[length] = '\0';
        if (!*line) continue;
        last = line;
        if (!strncmp(line, "ERROR: ", 7)) best = line + 7;
    }
    return best ? best : last ? last : "no reason given";
}

static mn_status fetch(pull *p, const char *source, mn_error *error)
{
    char *requirement = requirement_of(source);
    mn_text said = { 0 };
    bool started = false;
    if (!requirement) return mn_fail_memory(error, strlen(source), "a source");
    const char *words[] = { "python3", "-m", "pip", "download", "--no-deps", "--only-binary=:all:",
                            "--no-cache-dir", "--disable-pip-version-check", "--no-input",
                            "--progress-bar=off", "--dest", "wheel", requirement, NULL };
    mn_child_plan plan = { .words = words, .folder = p->folder, .tick = tick_fetch, .user = p };
    mn_status status = mn_child_run(&plan, &said, &started, error);
    if (status == MN_FAILED && !started)
        status = mn_fail(error, MN_NETWORK, "python3 with pip is needed to fetch %s", requirement);
    else if (status == MN_FAILED)
        status = mn_fail(error, MN_NETWORK, "pip could not fetch %s: %s", requirement,
                         last_error(&said));
    mn_text_free(&said);
    mn_free(requirement);
    return status;
}

/* The one file that pip left. */
static mn_status find_wheel(const pull *p, mn_text *path, const char *source, mn_error *error)
{
    mn_text folder = { 0 };
    mn_text_format(&folder, "%s/wheel", p->folder);
    DIR *list = folder.failed ? NULL : opendir(folder.data);
    for (struct dirent *entry; list && (entry = readdir(list));) {
        size_t length = strlen(entry->d_name);
        if (length > 4 && !strcmp(entry->d_name + length - 4, ".whl") && !path->length)
            mn_text_format(path, "%s/%s", folder.data, entry->d_name);
    }
    if (list) closedir(list);
    mn_text_free(&folder);
    if (path->failed) return mn_fail_memory(error, path->length, "a path");
    return path->length ? MN_OK : mn_fail(error, MN_NETWORK, "pip left no wheel of %s", source);
}

/* --- taking the file out --------------------------------------------------------------------- */

static mn_status run_script(const pull *p, const char *wheel, const char *member,
                            const mn_child_plan *listening, mn_text *said, mn_error *error)
{
    const char *words[] = { "python3", "-I", "-c", archive_script, wheel, member, NULL };
    mn_child_plan plan = *listening;
    bool started;
    plan.words = words;
    plan.folder = p->folder;
    mn_status status = mn_child_run(&plan, said, &started, error);
    if (status != MN_FAILED) return status;
    return mn_fail(error, started ? MN_BAD_FILE : MN_FAILED, "the wheel cannot be read: %s",
                   started ? last_error(said) : "python3 cannot be started");
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

/* The member of that name; without a name, the only one that is a model. */
static mn_status choose_member(const json_t *list, const char *wanted, char **name, uint64_t *size,
                               mn_error *error)
{
    size_t n = 0;
    const char *chosen = NULL;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *pair = json_array_get(list, i);
        const char *member = json_string_value(json_array_get(pair, 0));
        if (!member || !(wanted ? !strcmp(member, wanted) : ends_with(member, ".gguf"))) continue;
        chosen = member;
        *size = (uint64_t)json_integer_value(json_array_get(pair, 1));
        n++;
    }
    if (!chosen && wanted)
        return mn_fail(error, MN_BAD_FILE, "there is no file '%s' in the wheel", wanted);
    if (n != 1)
        return mn_fail(error, MN_BAD_FILE,
                       "the wheel holds %zu model files; say which, after a '#'", n);
    *name = mn_strdup(chosen);
    return *name ? MN_OK : mn_fail_memory(error, strlen(chosen), "a name");
}

static mn_status keep_output(void *user, const char *bytes, size_t size, mn_error *error)
{
    mn_text *text = user;
    if (text->length > (16 << 20))
        return mn_fail(error, MN_BAD_FILE, "the wheel holds too many files");
    mn_text_append(text, bytes, size);
    return text->failed ? mn_fail_memory(error, text->length, "a list of files") : MN_OK;
}

static mn_status find_member(const pull *p, const char *wheel, const char *source, char **name,
                             uint64_t *size, mn_error *error)
{
    mn_text listed = { 0 }, said = { 0 };
    json_error_t problem;
    mn_child_plan listening = { .output = keep_output, .user = &listed };
    mn_status status = run_script(p, wheel, NULL, &listening, &said, error);
    json_t *list =
        status || !listed.data ? NULL : json_loadb(listed.data, listed.length, 0, &problem);
    if (!status) status = choose_member(list, member_of(source), name, size, error);
    json_decref(list);
    mn_text_free(&listed);
    mn_text_free(&said);
    return status;
}

static mn_status take_bytes(void *user, const char *bytes, size_t size, mn_error *error)
{
    pull *p = user;
    p->written_bytes += size;
    if (p->written_bytes > p->limit_bytes)
        return mn_fail(error, MN_BAD_FILE, "%s: the file is larger than the %llu bytes expected",
                       p->entry->name, (unsigned long long)p->limit_bytes);
    mn_status status = mn_sha256_add(p->hash, bytes, size, error);
    if (!status && p->output) status = mn_output_write(p->output, bytes, size, error);
    return status ? status : tell(p, "unpacking", p->written_bytes, p->unpacked_bytes);
}

/* One source, fetched and appended. */
static mn_status add_part(pull *p, const char *source, mn_error *error)
{
    mn_text wheel = { 0 }, said = { 0 };
    char *member = NULL;
    uint64_t size = 0;
    mn_child_plan listening = { .output = take_bytes, .user = p };
    mn_status status = fetch(p, source, error);
    if (!status) status = find_wheel(p, &wheel, source, error);
    if (!status) status = find_member(p, wheel.data, source, &member, &size, error);
    if (!status) status = check_disk(p, size, error);
    if (!status) status = run_script(p, wheel.data, member, &listening, &said, error);
    p->fetched_bytes += folder_bytes(AT_FDCWD, p->folder, 4);
    if (wheel.data) unlink(wheel.data); /* only one part at a time takes disk */
    mn_free(member);
    mn_text_free(&said);
    mn_text_free(&wheel);
    return status;
}

/* --- the whole file -------------------------------------------------------------------------- */

static mn_status check_sources(const mn_catalogue_entry *entry, mn_error *error)
{
    mn_status status = MN_OK;
    for (size_t i = 0; i < entry->n_from && !status; i++)
        status = mn_pull_check_source(entry->from[i], error);
    return status;
}

static mn_status check_hash(const pull *p, const char *found, mn_error *error)
{
    if (p->entry->size_bytes && p->written_bytes != p->entry->size_bytes)
        return mn_fail(error, MN_BAD_FILE, "%s: got %llu bytes, expected %llu", p->entry->name,
                       (unsigned long long)p->written_bytes,
                       (unsigned long long)p->entry->size_bytes);
    if (p->entry->sha256 && strcmp(found, p->entry->sha256))
        return mn_fail(error, MN_BAD_FILE, "%s: the SHA-256 is %s, expected %s; nothing was kept",
                       p->entry->name, found, p->entry->sha256);
    return MN_OK;
}

static char *copy_or_null(const char *text)
{
    return text ? mn_strdup(text) : NULL;
}

static mn_status put_ref(const pull *p, const char *path, const char *sha256, mn_error *error)
{
    char whole[MN_NAME_SIZE];
    mn_status status = MN_OK;
    if (!mn_name_normalize(whole, p->entry->name))
        return mn_fail(error, MN_USAGE, "'%s' cannot be the name of a model", p->entry->name);
    mn_ref ref = { .name = mn_strdup(whole), .sha256 = mn_strdup(sha256),
                   .licence = copy_or_null(p->entry->licence),
                   .source = copy_or_null(p->entry->source ? p->entry->source : p->entry->from[0]),
                   .added = (int64_t)time(NULL) };
    if (!ref.name || !ref.sha256) status = mn_fail_memory(error, 64, "an entry of the store");
    if (!status) status = mn_ref_describe(&ref, path, error);
    if (!status) status = mn_store_put(p->store, &ref, error);
    mn_ref_free(&ref);
    return status;
}

/* The whole file in the folder of the pull, its size and hash checked. */
static mn_status fetch_all(pull *p, char sha256[MN_SHA256_SIZE], mn_error *error)
{
    mn_text path = { 0 };
    mn_text_format(&path, "%s/model", p->folder);
    mn_status status = path.failed ? mn_fail_memory(error, path.length, "a path") : MN_OK;
    if (!status) status = mn_sha256_open(&p->hash, error);
    if (!status) status = mn_output_open(&p->output, path.data, true, error);
    for (size_t i = 0; i < p->entry->n_from && !status; i++)
        status = add_part(p, p->entry->from[i], error);
    if (!status) status = mn_sha256_end(p->hash, sha256, error);
    if (!status) status = check_hash(p, sha256, error);
    if (!status) status = mn_output_commit(p->output, error);
    mn_output_close(p->output);
    mn_text_free(&path);
    return status;
}

static void sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) fsync(fd), close(fd);
}

static mn_status move_to_blobs(const pull *p, const char *blob, mn_error *error)
{
    mn_text from = { 0 }, folder = { 0 };
    mn_text_format(&from, "%s/model", p->folder);
    mn_text_format(&folder, "%s/blobs", mn_store_folder(p->store));
    mn_status status =
        from.failed || folder.failed ? mn_fail_memory(error, from.length, "a path") : MN_OK;
    if (!status && mn_io_get()->rename(from.data, blob))
        status = mn_fail(error, MN_IO, "%s: cannot rename: %s", blob, strerror(errno));
    if (!status) sync_folder(folder.data);
    mn_text_free(&from);
    mn_text_free(&folder);
    return status;
}

/* A model is looked into before it becomes one: a file that is none leaves nothing behind. */
static mn_status finish(const pull *p, const char *sha256, mn_error *error)
{
    char *blob = mn_store_blob_path(p->store, sha256);
    mn_text fetched = { 0 };
    mn_ref probe = { 0 };
    mn_text_format(&fetched, "%s/model", p->folder);
    mn_status status = blob && !fetched.failed ? MN_OK : mn_fail_memory(error, 100, "a path");
    if (!status) status = mn_ref_describe(&probe, fetched.data, error);
    if (!status) status = move_to_blobs(p, blob, error);
    if (!status) status = put_ref(p, blob, sha256, error);
    mn_ref_free(&probe);
    mn_text_free(&fetched);
    mn_free(blob);
    return status;
}

/* The bytes may be here already, under another name or left by a removed one. */
static bool blob_is_here(const mn_store *store, const mn_catalogue_entry *entry, char **path)
{
    struct stat found;
    *path = entry->sha256 ? mn_store_blob_path(store, entry->sha256) : NULL;
    return *path && !stat(*path, &found) && (uint64_t)found.st_size == entry->size_bytes;
}

mn_status mn_pull(const mn_store *store, const mn_catalogue_entry *entry, bool again,
                  mn_pull_progress *progress, void *user, mn_error *error)
{
    char sha256[MN_SHA256_SIZE], *blob;
    pull p = { .store = store, .entry = entry, .progress = progress, .user = user, .lock = -1,
               .limit_bytes = entry->size_bytes ? entry->size_bytes : UINT64_MAX,
               .unpacked_bytes = entry->size_bytes };
    mn_status status = check_sources(entry, error);
    if (status) return status;
    bool here = blob_is_here(store, entry, &blob) && !again;
    if (here) status = put_ref(&p, blob, entry->sha256, error);
    mn_free(blob);
    if (here) return status;
    status = open_folder(&p, error);
    if (!status)
        status = check_disk(&p, entry->size_bytes + entry->download_bytes / entry->n_from, error);
    if (!status) status = fetch_all(&p, sha256, error);
    if (!status) status = finish(&p, sha256, error);
    mn_sha256_close(p.hash);
    if (p.folder) mn_folder_remove(p.folder);
    if (p.lock >= 0) close(p.lock);
    mn_free(p.folder);
    return status;
}

/* --- files that stay where they are ---------------------------------------------------------- */

mn_status mn_pull_link(const mn_store *store, const char *path, const char *name, mn_error *error)
{
    char whole[MN_NAME_SIZE], *absolute = realpath(path, NULL);
    if (!mn_name_normalize(whole, name)) {
        free(absolute);
        return mn_fail(error, MN_USAGE, "'%s' cannot be the name of a model", name);
    }
    if (!absolute) return mn_fail(error, MN_IO, "%s: %s", path, strerror(errno));
    mn_ref ref = { .name = mn_strdup(whole), .path = mn_strdup(absolute), .linked = true,
                   .added = (int64_t)time(NULL) };
    free(absolute);
    mn_status status =
        ref.name && ref.path ? MN_OK : mn_fail_memory(error, 64, "an entry of the store");
    if (!status) status = mn_ref_describe(&ref, ref.path, error);
    if (!status) status = mn_store_put(store, &ref, error);
    mn_ref_free(&ref);
    return status;
}

bool mn_pull_is_here(const mn_store *store, const mn_catalogue_entry *entry)
{
    mn_ref ref = { 0 };
    struct stat file;
    bool found;
    if (mn_store_find(store, entry->name, &ref, &found, NULL)) return false;
    bool here = !stat(ref.path, &file) && entry->size_bytes
                && (uint64_t)file.st_size == entry->size_bytes
                && (!entry->sha256 || !ref.sha256 || !strcmp(entry->sha256, ref.sha256));
    mn_ref_free(&ref);
    return here;
}
