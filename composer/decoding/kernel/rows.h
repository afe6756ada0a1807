/* What happens to rows between products: norms, rounding, gates, embeddings. */

#pragma once

#include <math.h>

#include "products.h"

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
