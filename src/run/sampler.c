/* SPDX-License-Identifier: Apache-2.0 */
/* sampler.c - picks the next token from logits. */
#include "run/sampler.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/random.h"
#include "kernels/vector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct candidate {
    float logit;
    int32_t id;
} candidate;

typedef struct bias {
    int32_t id;
    float value;
} bias;

struct mn_sampler {
    uint32_t n_vocab;
    double temperature, top_p, min_p, typical_p;
    double repeat_penalty, frequency_penalty, presence_penalty;
    size_t top_k, repeat_last;
    uint64_t seed;
    int n_logprobs;
    bias *biases; /* [n_biases] */
    size_t n_biases, biases_capacity;
    int32_t *recent;       /* [repeat_last] sorted copy of the tokens that are penalised */
    float *adjusted;       /* [n_vocab] logits after bias and penalties */
    candidate *candidates; /* [n_vocab] */
    double *weights;       /* [n_vocab] */
};

/* --- options --- */

/* "id:bias,id:bias" */
static mn_status read_biases(mn_sampler *s, const char *text, mn_error *error)
{
    while (text && *text) {
        char *end;
        long id = strtol(text, &end, 10);
        if (end == text || *end != ':' || id < 0 || (unsigned long)id >= s->n_vocab)
            return mn_fail(error, MN_USAGE,
                           "logit-bias: expected ID:BIAS,... with ids below %u, found '%.40s'",
                           s->n_vocab, text);
        const char *number = end + 1;
        float value = strtof(number, &end);
        if (end == number || isnan(value) || (*end && *end != ','))
            return mn_fail(error, MN_USAGE, "logit-bias: expected a number, found '%.40s'", number);
        void *biases = s->biases;
        if (!mn_grow(&biases, &s->biases_capacity, s->n_biases + 1, sizeof *s->biases))
            return mn_fail_memory(error, (s->n_biases + 1) * sizeof *s->biases, "logit-bias");
        s->biases = biases;
        s->biases[s->n_biases++] = (bias){ (int32_t)id, value };
        text = *end ? end + 1 : end;
    }
    return MN_OK;
}

mn_status mn_sampler_open(mn_sampler **out, uint32_t n_vocab, const mn_options *o, mn_error *error)
{
    *out = NULL;
    mn_sampler *s = mn_alloc_array(1, sizeof *s);
    if (!s) return mn_fail_memory(error, sizeof *s, "the sampler");
    *s = (mn_sampler){
        .n_vocab = n_vocab,
        .temperature = mn_option_real(o, "temp"),
        .top_p = mn_option_real(o, "top-p"),
        .min_p = mn_option_real(o, "min-p"),
        .typical_p = mn_option_real(o, "typical-p"),
        .repeat_penalty = mn_option_real(o, "repeat-penalty"),
        .frequency_penalty = mn_option_real(o, "frequency-penalty"),
        .presence_penalty = mn_option_real(o, "presence-penalty"),
        .top_k = (size_t)mn_option_int(o, "top-k"),
        .repeat_last = (size_t)mn_option_int(o, "repeat-last"),
        .seed = (uint64_t)mn_option_int(o, "seed"),
        .n_logprobs = (int)mn_option_int(o, "logprobs"),
    };
    if (s->n_logprobs > (int)n_vocab) s->n_logprobs = (int)n_vocab;
    mn_status status = read_biases(s, mn_option_text(o, "logit-bias"), error);
    s->recent = mn_alloc_array(s->repeat_last, sizeof *s->recent);
    s->adjusted = mn_alloc_array(n_vocab, sizeof *s->adjusted);
    s->candidates = mn_alloc_array(n_vocab, sizeof *s->candidates);
    s->weights = mn_alloc_array(n_vocab, sizeof *s->weights);
    if (!status && (!s->recent || !s->adjusted || !s->candidates || !s->weights))
        status = mn_fail_memory(error, (uint64_t)n_vocab * 20, "the sampler");
    if (status) {
        mn_sampler_close(s);
        return status;
    }
    *out = s;
    return MN_OK;
}

void mn_sampler_close(mn_sampler *s)
{
    if (!s) return;
    mn_free(s->biases);
    mn_free(s->recent);
    mn_free(s->adjusted);
    mn_free(s->candidates);
    mn_free(s->weights);
    mn_free(s);
}

/* --- bias and penalties --- */

static int compare_ids(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Repetition (Keskar et al., arXiv 1909.05858): positive logits are divided, negative ones
 * multiplied. */
static void penalise(mn_sampler *s, const int32_t *tokens, size_t n_tokens)
{
    size_t n = n_tokens < s->repeat_last ? n_tokens : s->repeat_last;
    memcpy(s->recent, tokens + n_tokens - n, n * sizeof *s->recent);
    qsort(s->recent, n, sizeof *s->recent, compare_ids);
    for (size_t i = 0, next; i < n; i = next) {
        for (next = i + 1; next < n && s->recent[next] == s->recent[i];) next++;
        if (s->recent[i] < 0 || (uint32_t)s->recent[i] >= s->n_vocab) continue;
        float *logit = &s->adjusted[s->recent[i]];
        double value = *logit;
        value = value > 0 ? value / s->repeat_penalty : value * s->repeat_penalty;
        *logit = (float)(value - s->frequency_penalty * (double)(next - i) - s->presence_penalty);
    }
}

static const float *adjust(mn_sampler *s, const float *logits, const int32_t *tokens,
                           size_t n_tokens)
{
    bool penalties =
        s->repeat_last && n_tokens
        && (s->repeat_penalty != 1 || s->frequency_penalty != 0 || s->presence_penalty != 0);
    if (!penalties && !s->n_biases) return logits;
    memcpy(s->adjusted, logits, s->n_vocab * sizeof *s->adjusted);
    for (size_t i = 0; i < s->n_biases; i++) s->adjusted[s->biases[i].id] += s->biases[i].value;
    if (penalties) penalise(s, tokens, n_tokens);
    return s->adjusted;
}

/* --- candidates --- */

/* Likelier first; among equals the lower id. A NaN comes last. */
static bool before(candidate a, candidate b)
{
    if (isnan(a.logit) || isnan(b.logit)) return isnan(b.logit) && (!isnan(a.logit) || a.id < b.id);
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

static int compare_candidates(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    return before(*x, *y) ? -1 : before(*y, *x) ? 1 : 0;
}

/* Restores a heap whose root is the least likely. */
static void sift_down(candidate *heap, size_t n, size_t i)
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && before(heap[child], heap[child + 1])) child++;
        if (!before(heap[i], heap[child])) return;
        candidate swapped = heap[i];
        heap[i] = heap[child];
        heap[child] = swapped;
    }
}

/* The k likeliest of n logits, sorted, into s->candidates. */
static void select_top(mn_sampler *s, const float *logits, size_t n, size_t k)
{
    candidate *heap = s->candidates;
    for (size_t i = 0; i < k; i++) heap[i] = (candidate){ logits[i], (int32_t)i };
    if (k < n) {
        for (size_t i = k / 2; i-- > 0;) sift_down(heap, k, i);
        for (size_t i = k; i < n; i++) {
            candidate c = { logits[i], (int32_t)i };
            if (!before(c, heap[0])) continue;
            heap[0] = c;
            sift_down(heap, k, 0);
        }
    }
    qsort(heap, k, sizeof *heap, compare_candidates);
}

static float largest(const float *x, size_t n, int32_t *index)
{
    float best = -INFINITY;
    *index = 0;
    for (size_t i = 0; i < n; i++)
        if (x[i] > best) {
            best = x[i];
            *index = (int32_t)i;
        }
    return best;
}

static double sum_exp(const float *logits, size_t n, float shift)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += isnan(logits[i]) ? 0 : (double)mn_expf(logits[i] - shift);
    return sum;
}

/* exp(logit - max) of the first k candidates into s->weights; returns their sum. */
static double weigh(mn_sampler *s, size_t k, double temperature)
{
    double sum = 0;
    for (size_t i = 0; i < k; i++) {
        double x = ((double)s->candidates[i].logit - (double)s->candidates[0].logit) / temperature;
        sum += s->weights[i] = x > -700 ? mn_exp(x) : 0;
    }
    return sum;
}

/* --- filters: each returns how many candidates stay --- */

/* The smallest head of the list whose mass reaches p. */
static size_t keep_top_p(mn_sampler *s, size_t k, double p, double total)
{
    double mass = 0;
    for (size_t i = 0; i < k; i++) {
        mass += s->weights[i];
        if (mass >= p * total) return i + 1;
    }
    return k;
}

static size_t keep_min_p(const mn_sampler *s, size_t k, double p)
{
    size_t n = 1;
    while (n < k && s->weights[n] >= p * s->weights[0]) n++;
    return n;
}

typedef struct surprise {
    double distance;
    candidate c;
} surprise;

static int compare_surprises(const void *a, const void *b)
{
    const surprise *x = a, *y = b;
    if (x->distance != y->distance) return x->distance < y->distance ? -1 : 1;
    return compare_candidates(&x->c, &y->c);
}

/* Locally typical sampling (Meister et al., arXiv 2202.00666): the candidates whose surprise is
 * nearest to the entropy, until their mass reaches p. Few candidates stay in the heap order of
 * likelihood. */
static size_t keep_typical(mn_sampler *s, size_t k, double p)
{
    enum { MOST = 512 }; /* beyond this many the tail has no mass worth sorting */
    surprise list[MOST];
    double sum = weigh(s, k, 1), entropy = 0, mass = 0;
    size_t n = k < MOST ? k : MOST, kept = 0;
    for (size_t i = 0; i < k; i++)
        if (s->weights[i] > 0) entropy -= s->weights[i] / sum * mn_log(s->weights[i] / sum);
    for (size_t i = 0; i < n; i++)
        list[i] =
            (surprise){ s->weights[i] > 0 ? fabs(-mn_log(s->weights[i] / sum) - entropy) : INFINITY,
                        s->candidates[i] };
    qsort(list, n, sizeof *list, compare_surprises);
    while (kept < n && mass < p * sum) {
        mass += mn_exp((double)list[kept].c.logit - (double)s->candidates[0].logit);
        kept++;
    }
    for (size_t i = 0; i < kept; i++) s->candidates[i] = list[i].c;
    qsort(s->candidates, kept, sizeof *s->candidates, compare_candidates);
    return kept;
}

/* --- the pick --- */

/* How many candidates to sort when there is no top-k: enough for the tail to be cut by what
 * follows. */
static size_t gather(mn_sampler *s, const float *logits)
{
    size_t n = s->n_vocab;
    if (s->top_k && s->top_k < n) {
        select_top(s, logits, n, s->top_k);
        return s->top_k;
    }
    int32_t best;
    float shift = largest(logits, n, &best);
    double total = s->typical_p < 1 ? INFINITY : sum_exp(logits, n, shift), mass;
    size_t k = n < 256 ? n : 256;
    for (;; k = k * 8 < n ? k * 8 : n) {
        select_top(s, logits, n, k);
        if (k == n) return n;
        mass = weigh(s, k, 1);
        if (s->top_p < 1 && mass >= s->top_p * total) return k;
        if (s->min_p > 0 && s->weights[k - 1] < s->min_p) return k;
    }
}

static size_t filter(mn_sampler *s, size_t k, double total)
{
    if (s->typical_p < 1) {
        k = keep_typical(s, k, s->typical_p);
        total = weigh(s, k, 1);
    }
    if (s->top_p < 1) k = keep_top_p(s, k, s->top_p, total);
    if (s->min_p > 0) k = keep_min_p(s, k, s->min_p);
    return k;
}

int32_t mn_sampler_pick(mn_sampler *s, const float *logits, const int32_t *tokens, size_t n_tokens)
{
    int32_t best;
    logits = adjust(s, logits, tokens, n_tokens);
    float shift = largest(logits, s->n_vocab, &best);
    if (!(s->temperature > 0) || !isfinite(shift)) return best;
    size_t k = gather(s, logits);
    double total = weigh(s, k, 1);
    if (!s->top_k || s->top_k >= s->n_vocab)
        total = k == s->n_vocab ? total : sum_exp(logits, s->n_vocab, shift);
    k = filter(s, k, total);
    double left = mn_random_unit(s->seed, n_tokens) * weigh(s, k, s->temperature);
    for (size_t i = 0; i + 1 < k; i++) {
        left -= s->weights[i];
        if (left < 0) return s->candidates[i].id;
    }
    return s->candidates[k - 1].id;
}

int mn_sampler_n_logprobs(const mn_sampler *s)
{
    return s->n_logprobs;
}

void mn_sampler_logprobs(mn_sampler *s, const float *logits, int32_t picked, mn_token_logprob *out)
{
    int32_t best;
    float shift = largest(logits, s->n_vocab, &best);
    float norm = (float)((double)shift + mn_log(sum_exp(logits, s->n_vocab, shift)));
    out[0] = (mn_token_logprob){ picked, logits[picked] - norm };
    if (s->n_logprobs <= 0) return;
    select_top(s, logits, s->n_vocab, (size_t)s->n_logprobs);
    for (int i = 0; i < s->n_logprobs; i++)
        out[1 + i] = (mn_token_logprob){ s->candidates[i].id, s->candidates[i].logit - norm };
}
