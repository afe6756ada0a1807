/* Memory for what is on the way. */

#pragma once

#include "cache.h"

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
