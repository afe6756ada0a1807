/* One step of the model for a group of candidates, in products of 8 bits. Knows weights, not music.
 *
 * Rows of activations are rounded to 8 bits, each by its own largest value, and so are keys and
 * values; matrices have a scale for every output. Sums of products are exact in 32 bits, and
 * everything else is computed row by row in fp32, so that no candidate depends on its neighbours.
 * Everything is one kind of product: a linear layer, queries with keys, and weights with values.
 *
 * Matrices are unsigned (codes + 128) and rows signed, as the processor's instruction wants it; the
 * 128 is taken back by the sum of the row. Codes are kept in blocks of 16 outputs:
 * [outputs / 16][inputs / 4][16][4].
 *
 * A beginning that all candidates share is kept once; its keys meet the queries of eight candidates
 * at a time. All memory belongs to the caller.
 *
 * Shapes: B candidates, E width, H heads, K key/value heads, G = H / K, D head width, V ids,
 * P shared rows.
 */

#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 16, QUAD = 4, TILE = 8, N_FIELDS = 4, LEVELS = 127, ZERO = 128 };

/* Further than any score, and finite: the compiler is told that there is no infinity. */
static const float NEVER = -1e30f;
/* As numpy's smallest step at 1 in fp32, which torch's RMSNorm adds. */
static const float EPSILON = 1.1920929e-07f;

/* Codes [outputs / 16][inputs / 4][16][4] and a scale for every output; outputs are a multiple of
 * 16 and inputs of 4. */
typedef struct {
    int32_t outputs, inputs;
    const uint8_t *codes;
    const float *scales;
} Matrix;

/* SwiGLU: down(silu(gate) * up). */
typedef struct {
    Matrix gate_up, down;
} Gated;

typedef struct {
    Matrix qkv, out;
    Gated gated;
} Block;

/* What gives the logits of a field. */
typedef struct {
    Gated gated;
    Matrix logits;
} Head;

typedef struct {
    int32_t width, layers, heads, kv_heads, head_width;
    int32_t sizes[N_FIELDS];       /* ids of each table */
    const float *tables[N_FIELDS]; /* [ids, E] each */
    const float *norm;             /* [E] */
    const float *rotary;           /* cosines and sines, [positions, 2, D / 2] */
    const Block *blocks;
    Head fields[N_FIELDS];
} Model;

/* Keys and values, [layers, slots, K] of each; a slot is a candidate's. `capacity` is in rows and a
 * multiple of 16. Keys are matrices of `capacity` outputs, values of D outputs. */
typedef struct {
    int32_t slots, capacity;
    uint8_t *keys, *values;
    float *key_scales, *value_scales;
} Cache;

/* `lengths` are rows of a candidate's own, [B]; `places` its slots, [B]. */
typedef struct {
    int32_t candidates, shared_rows;
    Cache shared, own;
    const int32_t *ids; /* [B, 4] */
    const int32_t *places;
    const int32_t *lengths;
    float *states;  /* [B, E] */
    float *scratch; /* `scratch_floats` of them */
} Session;

/* Rounded rows: codes [n, stride], and what a code is worth and the sum of the codes of each. */
typedef struct {
    int8_t *codes;
    float *scales;
    int32_t *sums;
    int32_t stride;
} Rows;

/* ---- products ------------------------------------------------------------------------------ */

/* `Sums` are sixteen sums, `Quads` the codes of four inputs of 16 outputs. How many rows and blocks
 * are multiplied at once is what fills the registers. */

#if defined(__AVX512VNNI__)

typedef __m512i Sums, Quads;
enum { ROWS = 8, BLOCKS = 2, FEW_ROWS = 4, FEW_BLOCKS = 4, OFFSET = ZERO };

static inline Quads load_quads(const uint8_t *codes) { return _mm512_loadu_si512(codes); }

static inline Sums add_products(Sums sums, Quads matrix, int32_t four)
{
    return _mm512_dpbusd_epi32(sums, matrix, _mm512_set1_epi32(four));
}

/* Sums times what inputs and outputs are worth, written to y or added to it. */
static inline void finish(Sums sums, int32_t offset, const float *scales, float scale, float *y,
                          int adds)
{
    const __m512 found = _mm512_cvtepi32_ps(_mm512_sub_epi32(sums, _mm512_set1_epi32(offset)));
    const __m512 product =
        _mm512_mul_ps(_mm512_mul_ps(found, _mm512_loadu_ps(scales)), _mm512_set1_ps(scale));
    _mm512_storeu_ps(y, adds ? _mm512_add_ps(_mm512_loadu_ps(y), product) : product);
}

#elif defined(__AVX2__)

/* Here the matrix is made signed. Sums of two products are 16 bits, which codes up to 127 on either
 * side do not fill; the sign of the row's code goes to the matrix, because one side is unsigned. */
typedef struct {
    __m256i half[2];
} Sums, Quads;
enum { ROWS = 4, BLOCKS = 1, FEW_ROWS = 2, FEW_BLOCKS = 2, OFFSET = 0 };

static inline Quads load_quads(const uint8_t *codes)
{
    const __m256i zero = _mm256_set1_epi8((char)ZERO);
    const __m256i *halves = (const __m256i *)codes;
    return (Quads){{_mm256_xor_si256(_mm256_loadu_si256(halves), zero),
                    _mm256_xor_si256(_mm256_loadu_si256(halves + 1), zero)}};
}

static inline Sums add_products(Sums sums, Quads matrix, int32_t four)
{
    const __m256i row = _mm256_set1_epi32(four), size = _mm256_abs_epi8(row);
    const __m256i ones = _mm256_set1_epi16(1);
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++) {
        const __m256i pairs = _mm256_maddubs_epi16(size, _mm256_sign_epi8(matrix.half[i], row));
        sums.half[i] = _mm256_add_epi32(sums.half[i], _mm256_madd_epi16(pairs, ones));
    }
    return sums;
}

static inline void finish(Sums sums, int32_t offset, const float *scales, float scale, float *y,
                          int adds)
{
    (void)offset;
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++, scales += LANES / 2, y += LANES / 2) {
        const __m256 found = _mm256_cvtepi32_ps(sums.half[i]);
        const __m256 product =
            _mm256_mul_ps(_mm256_mul_ps(found, _mm256_loadu_ps(scales)), _mm256_set1_ps(scale));
        _mm256_storeu_ps(y, adds ? _mm256_add_ps(_mm256_loadu_ps(y), product) : product);
    }
}

#else
#error "made for processors with AVX2 or AVX-512 VNNI"
#endif

/* Sums of products of `n_rows` rows with `n_blocks` blocks of 16 outputs; both are constants where
 * this is called, so that all sums stay in registers. */
static inline __attribute__((always_inline)) void multiply_tile(
    const uint8_t *codes, int64_t block_bytes, int inputs, const float *scales, Rows x, int row,
    float *y, int64_t y_stride, int adds, const int n_rows, const int n_blocks)
{
    Sums sums[ROWS][FEW_BLOCKS];
    memset(sums, 0, sizeof sums);
    const int8_t *first = x.codes + (int64_t)row * x.stride;
    for (int i = 0; i < inputs; i += QUAD) {
        Quads matrix[FEW_BLOCKS];
#pragma GCC unroll 8
        for (int b = 0; b < n_blocks; b++)
            matrix[b] = load_quads(codes + b * block_bytes + (int64_t)i * LANES);
#pragma GCC unroll 8
        for (int r = 0; r < n_rows; r++) {
            int32_t four;
            memcpy(&four, first + (int64_t)r * x.stride + i, sizeof four);
#pragma GCC unroll 8
            for (int b = 0; b < n_blocks; b++)
                sums[r][b] = add_products(sums[r][b], matrix[b], four);
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < n_rows; r++)
#pragma GCC unroll 8
        for (int b = 0; b < n_blocks; b++)
            finish(sums[r][b], OFFSET * x.sums[row + r], scales + b * LANES, x.scales[row + r],
                   y + (int64_t)(row + r) * y_stride + b * LANES, adds);
}

/* All rows with some blocks: as many rows at a time as there is room for, then fewer. */
static inline __attribute__((always_inline)) void multiply_blocks(
    const uint8_t *codes, int64_t block_bytes, int inputs, const float *scales, Rows x, int n,
    float *y, int64_t y_stride, int adds, const int n_blocks)
{
    int row = 0;
#define TAKE(n_rows)                                                                              \
    for (; row + (n_rows) <= n; row += (n_rows))                                                  \
        multiply_tile(codes, block_bytes, inputs, scales, x, row, y, y_stride, adds, n_rows,      \
                      n_blocks)
    TAKE(ROWS);
    TAKE(4);
    TAKE(2);
    TAKE(1);
#undef TAKE
}

/* y [n, outputs] = rows [n, inputs] times a matrix, or added to y. Few rows meet many blocks at
 * once, many rows few. */
static void multiply(const uint8_t *codes, int64_t block_bytes, int outputs, int inputs,
                     const float *scales, Rows x, int n, float *y, int64_t y_stride, int adds)
{
    int block = 0;
#define TAKE(n_blocks)                                                                            \
    for (; block + (n_blocks) <= outputs / LANES; block += (n_blocks))                            \
        multiply_blocks(codes + block * block_bytes, block_bytes, inputs, scales + block * LANES, \
                        x, n, y + block * LANES, y_stride, adds, n_blocks)
    if (n <= FEW_ROWS)
        TAKE(FEW_BLOCKS);
    TAKE(BLOCKS);
    TAKE(1);
#undef TAKE
}

static void linear(const Matrix *m, Rows x, int n, float *y, int adds)
{
    multiply(m->codes, (int64_t)m->inputs * LANES, m->outputs, m->inputs, m->scales, x, n, y,
             m->outputs, adds);
}

/* ---- rows ---------------------------------------------------------------------------------- */

static float largest(const float *x, int n)
{
    float found = 0.0f;
    for (int i = 0; i < n; i++)
        found = fmaxf(found, fabsf(x[i]));
    return found;
}

/* Round a row by its own largest value; `size` is what the row is multiplied by besides. */
static void round_row(const float *x, int n, float size, Rows rows, int row)
{
    int8_t *codes = rows.codes + (int64_t)row * rows.stride;
    const float most = largest(x, n);
    const float steps = most > 0.0f ? LEVELS / most : 0.0f;
    int32_t sum = 0;
    for (int i = 0; i < n; i++) {
        const int32_t code = (int32_t)rintf(x[i] * steps);
        codes[i] = (int8_t)code;
        sum += code;
    }
    rows.scales[row] = most * size / LEVELS;
    rows.sums[row] = sum;
}

/* Sum in one order whatever the width of the processor's registers: sixteen sums side by side, then
 * these one after the other. `x` has room for whole blocks of 16, filled with zeros. */
static float sum_of(const float *x, int n, int squared)
{
    float sums[LANES] = {0};
    for (int i = 0; i < n; i += LANES)
        for (int lane = 0; lane < LANES; lane++)
            sums[lane] += squared ? x[i + lane] * x[i + lane] : x[i + lane];
    float found = 0.0f;
    for (int i = 0; i < LANES; i++)
        found += sums[i];
    return found;
}

/* What scales a row to mean square 1. */
static float norm_of(const float *x, int n)
{
    return 1.0f / sqrtf(sum_of(x, n, 1) / (float)n + EPSILON);
}

/* Rounding by the largest value notices no common factor: the norm goes into the scale. */
static void round_normalised(const float *x, int n, int width, Rows rows)
{
    for (int i = 0; i < n; i++, x += width)
        round_row(x, width, norm_of(x, width), rows, i);
}

/* e^x for x from -87 to 0: 2^n times a polynomial of the rest, whose coefficients are those of the
 * Cephes library (S. L. Moshier, expf). */
static inline float exponential(float x)
{
    const float n = rintf(x * 1.44269504f);
    const float f = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * f + 1.3981999507e-3f;
    p = p * f + 8.3334519073e-3f;
    p = p * f + 4.1665795894e-2f;
    p = p * f + 1.6666665459e-1f;
    p = p * f + 5.0000001201e-1f;
    p = p * f * f + f + 1.0f;
    union {
        int32_t bits;
        float value;
    } power = {((int32_t)n + 127) << 23};
    return p * power.value;
}

static inline float at_least(float x, float least) { return x > least ? x : least; }

/* silu(gate) * up, [n, 2 * hidden] -> [n, hidden], rounded. */
static void round_gated(float *both, int n, int hidden, Rows rows)
{
    for (int r = 0; r < n; r++, both += 2 * hidden) {
        for (int i = 0; i < hidden; i++) {
            const float gate = both[i];
            const float small = exponential(at_least(-fabsf(gate), -80.0f));
            const float open = (gate < 0.0f ? small : 1.0f) / (1.0f + small);
            both[i] = gate * open * both[hidden + i];
        }
        round_row(both, hidden, 1.0f, rows, r);
    }
}

static void add_gated(const Gated *gated, float *x, int n, Rows rows, float *wide)
{
    round_normalised(x, n, gated->gate_up.inputs, rows);
    linear(&gated->gate_up, rows, n, wide, 0);
    round_gated(wide, n, gated->down.inputs, rows);
    linear(&gated->down, rows, n, x, 1);
}

/* Whether the first fields of all rows are ids that there are. */
static int are_known(const Model *model, const Session *session, int n_fields)
{
    for (int b = 0; b < session->candidates; b++)
        for (int f = 0; f < n_fields; f++)
            if ((uint32_t)session->ids[b * N_FIELDS + f] >= (uint32_t)model->sizes[f])
                return 0;
    return 1;
}

/* Sum of the embeddings of a row's first fields, with mean square 1, added to x. */
static void add_embedding(const Model *model, const int32_t *ids, int n_fields, float *x)
{
    const int width = model->width;
    float sum[width];
    memset(sum, 0, sizeof sum);
    for (int f = 0; f < n_fields; f++) {
        const float *vector = model->tables[f] + (int64_t)ids[f] * width;
        for (int i = 0; i < width; i++)
            sum[i] += vector[i];
    }
    const float norm = norm_of(sum, width);
    for (int i = 0; i < width; i++)
        x[i] += sum[i] * norm;
}

/* ---- attention ----------------------------------------------------------------------------- */

/* Turn pairs of channels by the angles of a position, in place. */
static void turn(float *x, int head_width, const float *angles)
{
    const int half = head_width / 2;
    for (int i = 0; i < half; i++) {
        const float a = x[i], b = x[half + i], cosine = angles[i], sine = angles[half + i];
        x[i] = a * cosine - b * sine;
        x[half + i] = a * sine + b * cosine;
    }
}

/* Which matrix of a cache, and its scales. */
static int64_t place_of(const Model *model, const Cache *cache, int layer, int slot, int kv)
{
    return ((int64_t)layer * cache->slots + slot) * model->kv_heads + kv;
}

/* Write a row's key and value, [D] each, into a cache. */
static void remember(const Model *model, const Cache *cache, int64_t place, int row,
                     const float *key, const float *value)
{
    const int width = model->head_width;
    const int64_t bytes = (int64_t)cache->capacity * width;
    int8_t codes[width];
    int32_t sum;
    Rows one = {codes, cache->key_scales + place * cache->capacity + row, &sum, width};
    round_row(key, width, 1.0f, one, 0);
    uint8_t *keys = cache->keys + place * bytes + (int64_t)(row / LANES) * LANES * width;
    for (int i = 0; i < width; i++)
        keys[i / QUAD * LANES * QUAD + row % LANES * QUAD + i % QUAD] = (uint8_t)(codes[i] + ZERO);
    one.scales = cache->value_scales + place * cache->capacity + row;
    round_row(value, width, 1.0f, one, 0);
    uint8_t *values = cache->values + place * bytes + (int64_t)row / QUAD * QUAD * LANES;
    for (int i = 0; i < width; i++)
        values[(int64_t)(i / LANES) * LANES * cache->capacity + i % LANES * QUAD + row % QUAD] =
            (uint8_t)(codes[i] + ZERO);
}

static int padded(int rows) { return (rows + LANES - 1) / LANES * LANES; }

/* Scores of queries with the first keys of a cache. */
static void score_keys(const Model *model, const Cache *cache, int64_t place, int n_keys, Rows q,
                       int n, float *scores, int64_t stride)
{
    multiply(cache->keys + place * cache->capacity * model->head_width,
             (int64_t)model->head_width * LANES, padded(n_keys), model->head_width,
             cache->key_scales + place * cache->capacity, q, n, scores, stride, 0);
}

/* Weights times the first values of a cache, added to y, [n, D]. */
static void add_values(const Model *model, const Cache *cache, int64_t place, int n_values,
                       const float *ones, Rows weights, int n, float *y)
{
    multiply(cache->values + place * cache->capacity * model->head_width,
             (int64_t)cache->capacity * LANES, model->head_width, padded(n_values), ones, weights,
             n, y, model->head_width, 1);
}

static float most_of(const float *scores, int n, float most)
{
    for (int i = 0; i < n; i++)
        most = scores[i] > most ? scores[i] : most;
    return most;
}

/* Scores of n keys -> weights before they are divided by their sum; returns their sum. Each is
 * multiplied by what its value's codes are worth. */
static float weigh(float *scores, int n, float most, const float *value_scales)
{
    for (int i = 0; i < n; i++)
        scores[i] = exponential(at_least(scores[i] - most, -80.0f));
    memset(scores + n, 0, (size_t)(padded(n) - n) * sizeof(float));
    const float sum = sum_of(scores, n, 0);
    for (int i = 0; i < n; i++)
        scores[i] *= value_scales[i];
    return sum;
}

/* Round n weights to 14 bits, in two rows of 7: most of many weights are far below the largest.
 * `most` is the largest of the whole row, `sum` what all are divided by. */
static void round_weights(const float *weights, int n, float most, float sum, Rows rows, int row)
{
    const int levels = 128 * 128 - 1;
    const float steps = most > 0.0f ? levels / most : 0.0f, size = most / levels / sum;
    int8_t *high = rows.codes + (int64_t)row * rows.stride, *low = high + rows.stride;
    int32_t high_sum = 0, low_sum = 0;
    for (int i = 0; i < n; i++) {
        const int32_t code = (int32_t)rintf(weights[i] * steps);
        high[i] = (int8_t)(code >> 7);
        low[i] = (int8_t)(code & 127);
        high_sum += code >> 7;
        low_sum += code & 127;
    }
    rows.scales[row] = 128.0f * size;
    rows.scales[row + 1] = size;
    rows.sums[row] = high_sum;
    rows.sums[row + 1] = low_sum;
}

/* ---- memory for what is on the way --------------------------------------------------------- */

typedef struct {
    float *x, *wide, *y;    /* [B, E], [B, widest], [B, H * D] */
    Rows rows;              /* of B candidates */
    Rows queries;           /* of TILE candidates and a head, [TILE * G, D] */
    Rows shared_weights;    /* two rows a query, [TILE * G * 2, columns], of shared values */
    Rows own_weights;       /* and of own ones, behind them in the same columns */
    float *scores, *values; /* [TILE * G, columns], [TILE * G * 2, D] */
    float *ones;            /* [D] */
    int64_t bytes;
} Scratch;

static int larger(int a, int b) { return a > b ? a : b; }

static void *take(char *base, int64_t *bytes, int64_t n)
{
    void *found = base ? base + *bytes : 0;
    *bytes += (n + 63) / 64 * 64;
    return found;
}

static Rows take_rows(char *base, int64_t *bytes, int n, int stride)
{
    Rows rows = {.stride = stride};
    rows.codes = take(base, bytes, (int64_t)n * stride);
    rows.scales = take(base, bytes, (int64_t)n * sizeof(float));
    rows.sums = take(base, bytes, (int64_t)n * sizeof(int32_t));
    return rows;
}

/* Divide memory that begins at `base`; without one only count it. */
static Scratch divide(const Model *model, int n, int columns, char *base)
{
    const int width = model->head_width, queries = TILE * (model->heads / model->kv_heads);
    const int y_width = model->heads * width;
    int wide = y_width + 2 * model->kv_heads * width, inputs = larger(y_width, model->width);
    for (int i = 0; i < model->layers; i++) {
        wide = larger(wide, model->blocks[i].gated.gate_up.outputs);
        inputs = larger(inputs, model->blocks[i].gated.down.inputs);
    }
    for (int f = 0; f < N_FIELDS; f++) {
        wide = larger(wide, model->fields[f].gated.gate_up.outputs);
        inputs = larger(inputs, model->fields[f].gated.down.inputs);
    }
    Scratch found = {.bytes = 0};
    int64_t *bytes = &found.bytes;
    found.x = take(base, bytes, (int64_t)n * model->width * sizeof(float));
    found.wide = take(base, bytes, (int64_t)n * wide * sizeof(float));
    found.y = take(base, bytes, (int64_t)n * y_width * sizeof(float));
    found.rows = take_rows(base, bytes, n, inputs);
    found.queries = take_rows(base, bytes, queries, width);
    found.shared_weights = take_rows(base, bytes, 2 * queries, columns);
    found.own_weights = found.shared_weights;
    found.own_weights.sums = take(base, bytes, 2 * queries * sizeof(int32_t));
    found.scores = take(base, bytes, (int64_t)queries * columns * sizeof(float));
    found.values = take(base, bytes, (int64_t)2 * queries * width * sizeof(float));
    found.ones = take(base, bytes, width * sizeof(float));
    return found;
}

static Rows from_row(Rows rows, int row)
{
    rows.codes += (int64_t)row * rows.stride;
    rows.scales += row;
    rows.sums += row;
    return rows;
}

/* ---- a step -------------------------------------------------------------------------------- */

/* Turn queries and key of a candidate for one key/value head, keep key and value, round the
 * queries. `qkv` is the candidate's row. */
static void prepare(const Model *model, const Session *session, int layer, int kv, int who,
                    float *qkv, Rows queries)
{
    const int width = model->head_width, each = model->heads / model->kv_heads;
    const int own = session->lengths[who];
    const float *angles = model->rotary + (int64_t)(session->shared_rows + own) * width;
    const float size = 1.0f / sqrtf((float)width);
    for (int g = 0; g < each; g++) {
        float *query = qkv + (kv * each + g) * width;
        turn(query, width, angles);
        round_row(query, width, size, queries, g);
    }
    float *key = qkv + (model->heads + kv) * width;
    turn(key, width, angles);
    remember(model, &session->own,
             place_of(model, &session->own, layer, session->places[who], kv), own, key,
             key + model->kv_heads * width);
}

/* Scores of a query -> rounded weights of its shared and its own values. */
static void weigh_all(const Session *session, const float *shared_scales, const float *own_scales,
                      int n_own, const Scratch *s, int row)
{
    const int n_shared = session->shared_rows, begin = padded(n_shared);
    float *scores = s->scores + (int64_t)row * s->shared_weights.stride, *own = scores + begin;
    float most = most_of(own, n_own, most_of(scores, n_shared, NEVER));
    const float sum =
        weigh(scores, n_shared, most, shared_scales) + weigh(own, n_own, most, own_scales);
    most = most_of(own, n_own, most_of(scores, n_shared, 0.0f));
    round_weights(scores, begin, most, sum, s->shared_weights, 2 * row);
    round_weights(own, padded(n_own), most, sum, s->own_weights, 2 * row);
}

/* Attention of up to TILE candidates from `first` on, for one key/value head, into `s->y`. */
static void attend(const Model *model, const Session *session, int layer, int kv, int first,
                   int n, int qkv_width, const Scratch *s)
{
    const int width = model->head_width, each = model->heads / model->kv_heads;
    const int n_shared = session->shared_rows, begin = padded(n_shared);
    const int64_t stride = s->shared_weights.stride;
    const Cache *shared = &session->shared, *own = &session->own;
    const int64_t shared_place = place_of(model, shared, layer, 0, kv);
    for (int b = 0; b < n; b++)
        prepare(model, session, layer, kv, first + b, s->wide + (int64_t)(first + b) * qkv_width,
                from_row(s->queries, b * each));
    if (n_shared)
        score_keys(model, shared, shared_place, n_shared, s->queries, n * each, s->scores, stride);
    for (int b = 0; b < n; b++) {
        const int n_own = session->lengths[first + b] + 1;
        const int64_t place = place_of(model, own, layer, session->places[first + b], kv);
        score_keys(model, own, place, n_own, from_row(s->queries, b * each), each,
                   s->scores + b * each * stride + begin, stride);
        for (int g = 0; g < each; g++)
            weigh_all(session, shared->value_scales + shared_place * shared->capacity,
                      own->value_scales + place * own->capacity, n_own, s, b * each + g);
    }
    memset(s->values, 0, (size_t)2 * n * each * width * sizeof(float));
    if (n_shared)
        add_values(model, shared, shared_place, n_shared, s->ones, s->shared_weights, 2 * n * each,
                   s->values);
    for (int b = 0; b < n; b++) {
        float *values = s->values + 2 * b * each * width;
        add_values(model, own, place_of(model, own, layer, session->places[first + b], kv),
                   session->lengths[first + b] + 1, s->ones,
                   from_row(s->own_weights, 2 * b * each), 2 * each, values);
        float *y = s->y + ((int64_t)(first + b) * model->heads + kv * each) * width;
        for (int g = 0; g < each; g++)
            for (int i = 0; i < width; i++)
                y[g * width + i] = values[2 * g * width + i] + values[(2 * g + 1) * width + i];
    }
}

static int columns_of(const Session *session)
{
    int most = 0;
    for (int b = 0; b < session->candidates; b++)
        most = larger(most, session->lengths[b] + 1);
    return padded(session->shared_rows) + padded(most);
}

/* ---- what is called from outside ------------------------------------------------------------ */

/* Bytes of scratch that so many candidates with so many columns (shared and own rows, each rounded
 * up to 16) need. */
int64_t scratch_bytes(const Model *model, int32_t candidates, int32_t columns)
{
    return divide(model, candidates, columns, 0).bytes;
}

/* Keep rows that were read elsewhere: keys and values [rows, D] of a layer, slot and head, turned
 * already. */
void keep_rows(const Model *model, const Cache *cache, int32_t layer, int32_t slot, int32_t kv,
               int32_t rows, const float *keys, const float *values)
{
    const int64_t place = place_of(model, cache, layer, slot, kv);
    for (int row = 0; row < rows; row++)
        remember(model, cache, place, row, keys + (int64_t)row * model->head_width,
                 values + (int64_t)row * model->head_width);
}

/* Read one row a candidate, `session->ids`; `session->states` are those after it. Lengths stay as
 * they are. Returns 0 where an id is unknown, and has read nothing then. */
int32_t step(const Model *model, const Session *session)
{
    if (!are_known(model, session, N_FIELDS))
        return 0;
    const int n = session->candidates, width = model->width;
    Scratch s = divide(model, n, columns_of(session), (char *)session->scratch);
    s.own_weights.codes += padded(session->shared_rows);
    for (int i = 0; i < model->head_width; i++)
        s.ones[i] = 1.0f;
    memset(s.x, 0, (size_t)n * width * sizeof(float));
    for (int b = 0; b < n; b++)
        add_embedding(model, session->ids + b * N_FIELDS, N_FIELDS, s.x + (int64_t)b * width);
    for (int layer = 0; layer < model->layers; layer++) {
        const Block *block = model->blocks + layer;
        round_normalised(s.x, n, width, s.rows);
        linear(&block->qkv, s.rows, n, s.wide, 0);
        for (int kv = 0; kv < model->kv_heads; kv++)
            for (int first = 0; first < n; first += TILE)
                attend(model, session, layer, kv, first, n - first < TILE ? n - first : TILE,
                       block->qkv.outputs, &s);
        for (int b = 0; b < n; b++)
            round_row(s.y + (int64_t)b * block->out.inputs, block->out.inputs, 1.0f, s.rows, b);
        linear(&block->out, s.rows, n, s.x, 1);
        add_gated(&block->gated, s.x, n, s.rows, s.wide);
    }
    for (int b = 0; b < n; b++) {
        const float *x = s.x + (int64_t)b * width;
        float *state = session->states + (int64_t)b * width;
        const float norm = norm_of(x, width);
        for (int i = 0; i < width; i++)
            state[i] = x[i] * norm * model->norm[i];
    }
    return 1;
}

/* Logits of a field of the next row, [B, V rounded up to 16], given the fields before it in
 * `session->ids`. Returns 0 where one of those is unknown. */
int32_t field_logits(const Model *model, const Session *session, int32_t field, float *logits)
{
    if (!are_known(model, session, field))
        return 0;
    const int n = session->candidates, width = model->width;
    const Head *head = model->fields + field;
    const Scratch s = divide(model, n, columns_of(session), (char *)session->scratch);
    memcpy(s.x, session->states, (size_t)n * width * sizeof(float));
    for (int b = 0; field && b < n; b++)
        add_embedding(model, session->ids + b * N_FIELDS, field, s.x + (int64_t)b * width);
    add_gated(&head->gated, s.x, n, s.rows, s.wide);
    round_normalised(s.x, n, width, s.rows);
    linear(&head->logits, s.rows, n, logits, 0);
    return 1;
}
