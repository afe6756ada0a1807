/* Keys and values: how they are kept, and their products with queries and weights. */

#pragma once

#include "rows.h"

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

